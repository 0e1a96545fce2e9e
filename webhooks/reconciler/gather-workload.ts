import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { findProblem } from '../core/plan/child-problem.ts';
import { diagnosePods, patienceEndsAtMs } from '../core/plan/diagnose-pods.ts';
import type { Patience } from '../core/plan/diagnose-pods.ts';
import { hintOnCrash } from '../core/plan/hint-on-crash.ts';
import { hintOnUnready } from '../core/plan/hint-on-unready.ts';
import { readyWithinSeconds } from '../core/plan/ready-within.ts';
import type { Acceptance, WorkloadInput } from '../core/plan/status-input.ts';
import type { CachedChild } from './child-cache.ts';
import type { Executed } from './execute.ts';
import type { World } from './world.ts';

/** Says what is known now about the workload, after our writes. */
export function gatherWorkload(
  key: string,
  /** With every default applied. */
  server: MCPServer,
  did: { readonly accepted: Acceptance; readonly executed: readonly Executed[] },
  world: World,
): WorkloadInput {
  const { accepted, executed } = did;
  const previous = server.status;
  const problem = findProblem(executed);
  const said = previous?.conditions?.find(({ type }) => type === 'Available')?.message;
  return {
    server,
    previous,
    accepted,
    problem,
    deployment: ourChild(key, server, 'Deployment', world)?.deployment,
    serviceExists: ourChild(key, server, 'Service', world) !== undefined,
    podFailure: diagnosePods(world.pods.of(key), {
      previous: said,
      patience: patienceWith(server, world),
      crashHint: hintOnCrash(server),
      unreadyHint: hintOnUnready(server),
    }),
    clusterDomain: world.clusterDomain,
    now: timestamp(world.clock.now()),
  };
}

/** When to look again although nothing happened: a container that is not ready yet may still not be by then. */
export function nextLookAfterMs(key: string, server: MCPServer, world: World): number | undefined {
  const patience = patienceWith(server, world);
  const endsAtMs = patienceEndsAtMs(world.pods.of(key), patience);
  return endsAtMs === undefined ? undefined : endsAtMs - patience.nowMs;
}

function patienceWith(server: MCPServer, { clock }: World): Patience {
  // eslint-disable-next-line no-restricted-syntax -- compared with when a kubelet says that a container started
  return { nowMs: clock.now().getTime(), readyWithinMs: readyWithinSeconds(server) * 1_000 };
}

function ourChild(key: string, server: MCPServer, kind: string, world: World): CachedChild | undefined {
  const found = world.children.get(kind)?.get(key);
  return found?.child.controller?.uid === server.metadata.uid ? found : undefined;
}

/** metav1.Time has whole seconds. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
