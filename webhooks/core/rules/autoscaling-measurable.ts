import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { autoscalingOf, metricsToScaleBy, type ScalingMetric } from '../mcpserver/autoscaling.ts';
import { isDnsLabel } from '../mcpserver/kubernetes-names.ts';
import { BRIDGE_CONTAINER_NAME, CONTAINER_NAME } from '../mcpserver/names.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isResourceName } from './parts/resource-name.ts';

const scaled = { mcp: { stateless: true }, extensions: { autoscaling: { maxReplicas: 5 } } };
const scaledByContainer = (container: string): Readonly<Record<string, unknown>> => ({
  mcp: { stateless: true },
  extensions: {
    autoscaling: {
      maxReplicas: 5,
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container, target: { type: 'Utilization', averageUtilization: 80 } },
        },
      ],
    },
  },
});

export const autoscalingMeasurable: Rule = {
  id: 'autoscaling-measurable',
  severity: 'warn',
  stricterIn: 8,
  summary: 'A server that is scaled by its resources should request them, and have the container that is named.',
  rationale:
    'Utilization is in per cent of what the containers of a pod request. Where one requests nothing (and has no limit, which ' +
    'Kubernetes takes for the request), the autoscaler can compute nothing and leaves the number of pods as it is. What a spec ' +
    'says of resources takes the place of all of the defaults, so limits of memory alone are no request of CPU. So it is with ' +
    'the metric of a container that no pod has; one that something else brings into pods, as a service mesh does, can be named.',
  remedy: 'Set spec.runtime.resources.requests for it, or scale by an AverageValue.',
  examples: {
    accepts: [
      { title: 'the resources that a server has by default', spec: scaled },
      {
        title: 'a limit, which is the request as well',
        spec: { ...scaled, runtime: { resources: { limits: { cpu: 1 } } } },
      },
      { title: 'the container of the server alone', spec: scaledByContainer('mcp-server') },
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
      { title: 'a container that pods of this server do not have', spec: scaledByContainer('server') },
    ],
  },
  check: ({ server }) => {
    const autoscaling = autoscalingOf(server);
    if (autoscaling === undefined) return none;
    return join(
      checkRequests(server, metricsToScaleBy(autoscaling)),
      each(autoscaling.metrics, metricsPlace, (metric, place) => checkContainer(server, metric, place)),
    );
  },
};

const metricsPlace = placeOf('spec', 'extensions', 'autoscaling', 'metrics');

function checkRequests(server: MCPServer, metrics: readonly ScalingMetric[]): readonly Violation[] {
  const unknown = metrics
    .map(shareOf)
    // What is no resource is refused as such.
    .find((name) => name !== undefined && isResourceName(name) && !isRequested(server, name));
  if (unknown === undefined) return none;
  return [
    {
      path: ['spec', 'extensions', 'autoscaling'],
      headline: 'utilization is in per cent of a request, and there is none',
      detail: `found neither a request nor a limit of ${unknown} in spec.runtime.resources`,
      cause: [unknown],
    },
  ];
}

function checkContainer({ spec }: MCPServer, metric: ScalingMetric, place: Place): readonly Violation[] {
  const container = metric.containerResource?.container;
  const names = spec.extensions?.stdio === undefined ? [CONTAINER_NAME] : [CONTAINER_NAME, BRIDGE_CONTAINER_NAME];
  // What is no name at all is refused as such.
  if (container === undefined || names.includes(container) || !isDnsLabel(container)) return none;
  return [
    {
      path: pathTo(inside(place, 'containerResource'), 'container'),
      headline: 'pods of this server have no such container, unless something brings it',
      detail: `found '${container}'`,
      remedy: `Use ${names.join(' or ')}.`,
    },
  ];
}

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
