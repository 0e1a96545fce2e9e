import { serviceUrl } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { decideAvailability } from '../core/plan/availability.ts';
import { findProblem } from '../core/plan/child-problem.ts';
import type { Decision } from '../core/plan/decide.ts';
import { diagnosePods } from '../core/plan/diagnose-pods.ts';
import type { Verification } from '../core/plan/observed.ts';
import type { StatusInput } from '../core/plan/status-input.ts';
import { believedVerification } from './believed.ts';
import type { CachedChild } from './child-cache.ts';
import type { Executed } from './execute.ts';
import type { World } from './world.ts';

/** Says what is known now, after our writes, and starts or ends the verification accordingly. */
export function gatherStatusInput(
  key: string,
  server: MCPServer,
  did: {
    readonly decision: Decision & { readonly verdict: 'accepted' | 'invalid' };
    readonly executed: readonly Executed[];
  },
  world: World,
): StatusInput {
  const { decision, executed } = did;
  const previous = server.status;
  const problem = findProblem(
    executed.map(({ action }) => action),
    executed,
  );
  const said = previous?.conditions?.find(({ type }) => type === 'Available')?.message;
  const input = {
    server: decision.server,
    previous,
    accepted:
      decision.verdict === 'accepted' ? { ok: true as const } : { ok: false as const, message: decision.message },
    problem,
    deployment: ourChild(key, server, 'Deployment', world)?.deployment,
    serviceExists: ourChild(key, server, 'Service', world) !== undefined,
    podFailure: diagnosePods(world.pods.of(key), said),
    clusterDomain: world.clusterDomain,
    now: timestamp(world.clock.now()),
    verification: { state: 'not-attempted' } as Verification,
  };
  const { status, reason } = decideAvailability(input);
  return { ...input, verification: verificationOf(key, server, status === 'True' && reason === 'Available', world) };
}

function verificationOf(key: string, server: MCPServer, serves: boolean, world: World): Verification {
  const { generation = 0 } = server.metadata;
  if (!serves) {
    world.verifier.forget(key);
    return { state: 'not-attempted' };
  }
  const url = serviceUrl(server, world.clusterDomain);
  world.verifier.watch(key, { url, generation }, believedVerification(server.status, generation));
  return world.verifier.current(key, generation);
}

function ourChild(key: string, server: MCPServer, kind: string, world: World): CachedChild | undefined {
  const found = world.children.get(kind)?.get(key);
  return found?.child.controller?.uid === server.metadata.uid ? found : undefined;
}

/** metav1.Time has whole seconds. */
function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
