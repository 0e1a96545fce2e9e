import { fewestPods } from '../mcpserver/autoscaling.ts';
import { selectorLabels } from '../mcpserver/names.ts';
import type { DisruptionBudget, MCPServer } from '../mcpserver/types.gen.ts';
import { childMetadata } from './child-metadata.ts';
import type { ExpandedKind } from './expanded-kind.ts';

/**
 * Where Kubernetes would say otherwise: a pod that does not get ready must not stop the drain of its node.
 * https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
 */
const standard = { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' } as const;

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
export const podDisruptionBudget: ExpandedKind = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  summary: 'Limits how many pods of the server a drain may evict at once.',
  requirement: {
    feature: 'disruptionBudgets',
    install: 'have the API server serve policy/v1, which each Kubernetes has',
    asking: {
      condition: 'DisruptionsLimited',
      path: ['spec', 'extensions', 'scheduling', 'disruptionBudget'],
      isAskedFor: (server) => budgetOf(server) !== undefined,
      caveat: (server) =>
        limitsNothing(server)
          ? 'it lets a drain take all pods at once, because there are no more than maxUnavailable'
          : undefined,
    },
  },
  wanted: 'sometimes',
  unavailable: {
    reason: 'PodDisruptionBudgetUnavailable',
    order: 14,
    eventAction: 'PodDisruptionBudgetReconcileFailed',
  },
  build({ server }) {
    const budget = budgetOf(server);
    if (budget === undefined) return [];
    return [
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: childMetadata(server),
        spec: { selector: { matchLabels: selectorLabels(server) }, ...standard, ...budget },
      },
    ];
  },
};

/** What the server asks for; undefined when nothing limits the disruption of its pods. */
function budgetOf({ spec }: MCPServer): DisruptionBudget | undefined {
  return spec.extensions?.scheduling?.disruptionBudget;
}

/** Whether a drain may evict all pods at once in spite of the budget: nothing does when there are none. */
export function limitsNothing(server: MCPServer): boolean {
  const budget = budgetOf(server);
  const replicas = fewestPods(server);
  return budget !== undefined && replicas > 0 && replicas <= (budget.maxUnavailable ?? standard.maxUnavailable);
}
