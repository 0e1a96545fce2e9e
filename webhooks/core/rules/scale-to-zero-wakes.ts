import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { autoscalingOf } from '../mcpserver/autoscaling.ts';

const queue = {
  type: 'External',
  external: { metric: { name: 'queue_messages_ready' }, target: { type: 'AverageValue', averageValue: 30 } },
};

export const scaleToZeroWakes: Rule = {
  id: 'scale-to-zero-wakes',
  severity: 'deny',
  stricterIn: 8,
  summary: 'A server that is scaled to zero must have a metric that can wake it.',
  rationale:
    'Without pods there is no CPU, no memory and nothing that a pod could say of itself, so nothing of that ever asks for the first ' +
    'pod: the server would sleep for good, and Kubernetes refuses such an autoscaler. A metric of type Object or External is ' +
    'there without pods: requests that a gateway counts, messages that wait in a queue. Clients that come before the first pod is ' +
    'ready are refused all the same: nothing keeps their requests meanwhile.',
  remedy: 'Add a metric of type Object or External, or set minReplicas to 1; by the clock, KEDA scales to zero.',
  examples: {
    accepts: [
      {
        title: 'a queue that wakes the server',
        spec: { extensions: { autoscaling: { minReplicas: 0, maxReplicas: 5, metrics: [queue] } } },
      },
      { title: 'a server with one pod at least', spec: { extensions: { autoscaling: { maxReplicas: 5 } } } },
    ],
    rejects: [
      { title: 'CPU that nobody uses', spec: { extensions: { autoscaling: { minReplicas: 0, maxReplicas: 5 } } } },
      {
        title: 'pods that say nothing',
        spec: {
          extensions: {
            autoscaling: {
              ...{ minReplicas: 0, maxReplicas: 5 },
              metrics: [
                {
                  type: 'Pods',
                  pods: {
                    metric: { name: 'mcp_bridge_sessions' },
                    target: { type: 'AverageValue', averageValue: 11 },
                  },
                },
              ],
            },
          },
        },
      },
    ],
  },
  check({ server }) {
    const { minReplicas, metrics = [] } = autoscalingOf(server) ?? {};
    if (minReplicas !== 0 || metrics.some(({ type }) => type === 'Object' || type === 'External')) return none;
    const types = [...new Set(metrics.map(({ type }) => type))];
    return [
      {
        path: ['spec', 'extensions', 'autoscaling', 'minReplicas'],
        headline: 'nothing would ever wake the server',
        detail: `found 0 and ${types.length === 0 ? 'no metric but CPU' : `metrics of type ${types.join(', ')} only`}`,
        cause: types,
      },
    ];
  },
};
