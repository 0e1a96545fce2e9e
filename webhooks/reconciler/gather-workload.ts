import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { ReportInput } from '../core/plan/report.ts';
import type { CachedChild } from './child-cache.ts';
import { lastVerification } from './verification.ts';
import type { World } from './world.ts';

/** What is known of the workload and of what was verified, as it is at this moment: after our writes, if there were any. */
export type Workload = Omit<ReportInput, 'accepted' | 'policy' | 'isApplied' | 'standing' | 'problem'>;

/** Looks into the caches; decides nothing, and starts nothing. `server` with every default applied. */
export function gatherWorkload(key: string, server: MCPServer, world: World): Workload {
  const now = world.clock.now();
  return {
    server,
    previous: server.status,
    deployment: ourChild(key, server, 'Deployment', world)?.deployment,
    serviceExists: ourChild(key, server, 'Service', world) !== undefined,
    servingPods: world.pods.servingOf(key),
    pods: world.pods.of(key),
    newestTemplate: world.pods.newestTemplateOf(key),
    ...lastVerification(key, server, world),
    release: world.release,
    clusterDomain: world.clusterDomain,
    now: timestamp(now),
    // Not on the monotonic clock: it is compared with when a kubelet says that a container started.
    nowMs: now.getTime(),
  };
}

function ourChild(key: string, server: MCPServer, kind: string, world: World): CachedChild | undefined {
  const found = world.children.get(kind)?.get(key);
  return found?.child.controller?.uid === server.metadata.uid ? found : undefined;
}

/** metav1.Time has whole seconds. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
