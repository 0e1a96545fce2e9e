import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { autoscalingOf, metricsToScaleBy, type ScalingMetric } from '../mcpserver/autoscaling.ts';
import { CONTAINER_NAME } from '../mcpserver/names.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

const scaled = { mcp: { stateless: true }, extensions: { autoscaling: { maxReplicas: 5 } } };

export const autoscalingMeasurable: Rule = {
  id: 'autoscaling-measurable',
  severity: 'warn',
  stricterIn: 8,
  summary: 'A server that is scaled in per cent of a request should request something.',
  rationale:
    'Utilization is in per cent of what the containers of a pod request. Where one requests nothing (and has no limit, which ' +
    'Kubernetes takes for the request), the autoscaler can compute nothing and leaves the number of pods as it is. What a spec ' +
    'says of resources takes the place of all of the defaults, so limits of memory alone are no request of CPU.',
  remedy: 'Set spec.runtime.resources.requests for it, or scale by an AverageValue.',
  examples: {
    accepts: [
      { title: 'the resources that a server has by default', spec: scaled },
      {
        title: 'a limit, which is the request as well',
        spec: { ...scaled, runtime: { resources: { limits: { cpu: 1 } } } },
      },
      {
        title: 'an amount instead of per cents',
        spec: {
          ...{ mcp: { stateless: true }, runtime: { resources: { limits: { memory: '256Mi' } } } },
          extensions: {
            autoscaling: {
              maxReplicas: 5,
              metrics: [
                { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '200m' } } },
              ],
            },
          },
        },
      },
    ],
    rejects: [
      {
        title: 'CPU in per cent of nothing',
        spec: { ...scaled, runtime: { resources: { limits: { memory: '256Mi' } } } },
      },
    ],
  },
  check({ server }) {
    const autoscaling = autoscalingOf(server);
    if (autoscaling === undefined) return none;
    const unknown = metricsToScaleBy(autoscaling)
      .map(shareOf)
      .find((name) => name !== undefined && !isRequested(server, name));
    if (unknown === undefined) return none;
    return [
      {
        path: ['spec', 'extensions', 'autoscaling'],
        headline: 'utilization is in per cent of a request, and there is none',
        detail: `found neither a request nor a limit of ${unknown} in spec.runtime.resources`,
        cause: [unknown],
      },
    ];
  },
};

/** The resource of which a metric is a share that our container requests. */
function shareOf({ resource, containerResource }: ScalingMetric): string | undefined {
  if (resource?.target.type === 'Utilization') return resource.name;
  const { name, container, target } = containerResource ?? {};
  return container === CONTAINER_NAME && target?.type === 'Utilization' ? name : undefined;
}

function isRequested({ spec }: MCPServer, name: string): boolean {
  const { requests = {}, limits = {} } = spec.runtime?.resources ?? {};
  return Object.hasOwn(requests, name) || Object.hasOwn(limits, name);
}
