import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { fewestPods } from '../mcpserver/autoscaling.ts';
import { limitsNothing } from '../resources/pod-disruption-budget.ts';

const path = ['spec', 'extensions', 'scheduling', 'disruptionBudget'];

export const disruptionBudgetEffective: Rule = {
  id: 'disruption-budget-effective',
  severity: 'warn',
  stricterIn: 3,
  summary: 'A disruption budget should keep at least one pod.',
  rationale:
    'The budget says how many pods may be away at once. Where there are no more than that, a drain takes all of them, and the ' +
    'server is away until the next one is ready: mostly a server of one replica, for which no budget can do anything but stop ' +
    'the drain.',
  remedy: 'Raise spec.runtime.replicas (minReplicas of autoscaling) above maxUnavailable, or leave the budget out.',
  examples: {
    accepts: [
      {
        title: 'two pods of which one may be away',
        spec: {
          runtime: { replicas: 2 },
          mcp: { stateless: true },
          extensions: { scheduling: { disruptionBudget: {} } },
        },
      },
      {
        title: 'an autoscaler that leaves two',
        spec: {
          mcp: { stateless: true },
          extensions: { scheduling: { disruptionBudget: {} }, autoscaling: { minReplicas: 2, maxReplicas: 5 } },
        },
      },
      {
        title: 'a server that is scaled to zero',
        spec: { runtime: { replicas: 0 }, extensions: { scheduling: { disruptionBudget: {} } } },
      },
    ],
    rejects: [
      { title: 'the only pod', spec: { extensions: { scheduling: { disruptionBudget: {} } } } },
      {
        title: 'all three pods',
        spec: {
          runtime: { replicas: 3 },
          mcp: { stateless: true },
          extensions: { scheduling: { disruptionBudget: { maxUnavailable: 3 } } },
        },
      },
      {
        title: 'the only pod that an autoscaler may leave',
        spec: {
          runtime: { replicas: 3 },
          mcp: { stateless: true },
          extensions: { scheduling: { disruptionBudget: {} }, autoscaling: { minReplicas: 1, maxReplicas: 5 } },
        },
      },
    ],
  },
  check({ server }) {
    if (!limitsNothing(server)) return none;
    const replicas = fewestPods(server);
    const found = replicas === 1 ? 'one replica' : `${replicas} replicas, all of which may be away`;
    return [{ path, headline: 'a drain may take all pods at once', detail: `found ${found}`, cause: [replicas] }];
  },
};
