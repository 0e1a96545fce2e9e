import { podSelectors } from '../core/mcpserver/api.ts';
import { namespaceOf } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { ReportInput } from '../core/plan/report.ts';
import { saidToServe } from '../core/plan/served-generation.ts';
import { templateToCheck } from '../core/plan/serving.ts';
import { timestamp } from '../platform/clock.ts';
import type { CachedChild } from './child-cache.ts';
import { ofNewestTemplate, type NamedDeployment, type OfNewest } from './newest-failure.ts';
import { readTemplateRevision } from './template-revision.ts';
import { lastVerification } from './verification.ts';
import type { World } from './world.ts';

/** What is known of the workload and of what was verified, as it is at this moment: after our writes, if there were any. */
export type Workload = Omit<ReportInput, 'accepted' | 'policy' | 'standing' | 'problem'> & Pick<OfNewest, 'unread'>;

export interface WorkloadScope {
  /** Whether the Deployment that stands there is the one of this generation. */
  readonly isApplied: boolean;
  readonly world: World;
  readonly signal: AbortSignal;
}

/**
 * Looks into the caches, at a ReplicaSet once after a rollout, and at all of the server while pods cannot be created; decides
 * nothing, and starts nothing. `server` with every default applied.
 */
export async function gatherWorkload(
  key: string,
  server: MCPServer,
  { isApplied, world, signal }: WorkloadScope,
): Promise<Workload> {
  const found = ourChild(key, server, 'Deployment', world)?.deployment;
  const { deployment, ...newest } =
    found === undefined
      ? { deployment: undefined, isFormerFailure: false }
      : await ofNewestTemplate(found, deploymentOf(server), world, signal);
  const servingPods = world.pods.servingOf(key);
  const { generation = 0 } = server.metadata;
  const template = templateToCheck(
    { pods: servingPods, deployment, generation, isApplied },
    saidToServe(server.status),
  );
  const templateRevision =
    template === undefined ? undefined : await readTemplateRevision(key, template, world, signal);
  const now = world.clock.now();
  return {
    ...{ server, previous: server.status, deployment, ...newest, servingPods, isApplied, templateRevision },
    serviceExists: ourChild(key, server, 'Service', world) !== undefined,
    pods: world.pods.of(key),
    newestTemplate: world.pods.newestTemplateOf(key),
    ...lastVerification(key, server, world),
    release: world.release,
    compatibility: world.policy.compatibility,
    clusterDomain: world.clusterDomain,
    now: timestamp(now),
    // Not on the monotonic clock: it is compared with when a kubelet says that a container started.
    nowMs: now.getTime(),
  };
}

function deploymentOf(server: MCPServer): NamedDeployment {
  const { name } = server.metadata;
  return { namespace: namespaceOf(server), name, labelSelector: podSelectors.serving(name) };
}

function ourChild(key: string, server: MCPServer, kind: string, world: World): CachedChild | undefined {
  const found = world.children.get(kind)?.get(key);
  return found?.child.controller?.uid === server.metadata.uid ? found : undefined;
}
