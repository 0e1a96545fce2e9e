import { manifestOfKubectl, replicasIn } from './applied-by-kubectl.ts';
import { autoscalingOf } from './autoscaling.ts';
import { ownValue } from './record.ts';
import type { MCPServer } from './types.gen.ts';

/** What the schema says of who says nothing. */
const defaultReplicas = 1;

/**
 * How many pods a server with an autoscaler keeps where an update of it would leave one: a manifest that says the number no
 * more has the default of the schema instead, and the pods of all others would go. Undefined where nothing is kept. Whoever
 * wants one pod scales the server, which is another request, or has kubectl apply a manifest that says 1.
 */
export function keptReplicas(server: MCPServer, before: unknown): number | undefined {
  const { replicas = defaultReplicas } = server.spec.runtime ?? {};
  if (replicas !== defaultReplicas || autoscalingOf(server) === undefined) return undefined;
  const had = ownValue(ownValue(ownValue(before, 'spec'), 'runtime'), 'replicas');
  if (typeof had !== 'number' || !Number.isInteger(had) || had <= defaultReplicas) return undefined;
  return replicasIn(manifestOfKubectl(server) ?? '') === defaultReplicas ? undefined : had;
}
