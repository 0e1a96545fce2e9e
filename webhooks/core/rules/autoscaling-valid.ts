import type { Rule } from '../engine/rule.ts';
import { shortenEnd } from '../engine/text.ts';
import { each, eachEntry, join, none } from '../engine/violations.ts';
import type { ScalingMetric } from '../mcpserver/autoscaling.ts';
import { isDnsLabel, isLabelValue, isQualifiedName } from '../mcpserver/kubernetes-names.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { IntOrString } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { toNano } from './parts/quantity.ts';
import { isResourceName } from './parts/resource-name.ts';

const sessions = (target: object): Readonly<Record<string, unknown>> => ({
  extensions: {
    autoscaling: {
      maxReplicas: 5,
      metrics: [{ type: 'Pods', pods: { metric: { name: 'mcp_bridge_sessions' }, target } }],
    },
  },
});
const scaledBy = (metric: object): Readonly<Record<string, unknown>> => ({
  extensions: { autoscaling: { maxReplicas: 5, metrics: [metric] } },
});

export const autoscalingValid: Rule = {
  id: 'autoscaling-valid',
  severity: 'deny',
  stricterIn: 9,
  summary: 'What a server is scaled by must be what a HorizontalPodAutoscaler can have.',
  rationale:
    'It goes into the HorizontalPodAutoscaler as it is. Kubernetes refuses a metric without the member that its type names, or a ' +
    'target of nothing, and the server would be stored and never scaled; a target that says one thing in its type and another ' +
    'beside it is stored, and fails each time it is read.',
  remedy: 'Set the member that type names, with a target that is above zero, and no other.',
  examples: {
    accepts: [
      { title: 'CPU alone', spec: { extensions: { autoscaling: { maxReplicas: 5 } } } },
      { title: 'what each pod says of itself', spec: sessions({ type: 'AverageValue', averageValue: '11' }) },
      {
        title: 'the memory of pods',
        spec: scaledBy({
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } },
        }),
      },
      {
        title: 'a queue outside of the cluster',
        spec: scaledBy({
          type: 'External',
          external: { metric: { name: 'queue_messages_ready' }, target: { type: 'AverageValue', averageValue: 30 } },
        }),
      },
    ],
    rejects: [
      { title: 'a metric without the member that its type names', spec: scaledBy({ type: 'Pods' }) },
      {
        title: 'a metric with the member of another type',
        spec: scaledBy({
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          pods: { metric: { name: 'mcp_bridge_sessions' }, target: { type: 'AverageValue', averageValue: '11' } },
        }),
      },
      { title: 'a target without its number', spec: sessions({ type: 'AverageValue' }) },
      {
        title: 'a target with another number than its type says',
        spec: scaledBy({
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80, averageValue: '1' } },
        }),
      },
      { title: 'a target of nothing', spec: sessions({ type: 'AverageValue', averageValue: '0' }) },
      {
        title: 'series by what no label can be',
        spec: scaledBy({
          type: 'External',
          external: {
            metric: { name: 'queue_ready', selector: { matchLabels: { 'bad key!': 'bad value !!' } } },
            target: { type: 'Value', value: 30 },
          },
        }),
      },
      {
        title: 'a name that is no part of a path',
        spec: scaledBy({
          type: 'External',
          external: { metric: { name: 'queue/ready' }, target: { type: 'Value', value: 30 } },
        }),
      },
      {
        title: 'a name that no container can have',
        spec: scaledBy({
          type: 'ContainerResource',
          containerResource: {
            ...{ name: 'cpu', container: 'MCP server' },
            target: { type: 'Utilization', averageUtilization: 80 },
          },
        }),
      },
    ],
  },
  check: ({ server }) => each(server.spec.extensions?.autoscaling?.metrics, metricsPlace, checkMetric),
};

const metricsPlace = placeOf('spec', 'extensions', 'autoscaling', 'metrics');

/** By type, the member that it names. */
const memberOf = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const satisfies Record<ScalingMetric['type'], keyof ScalingMetric>;

const members = Object.values(memberOf);

function checkMetric(metric: ScalingMetric, place: Place): readonly Violation[] {
  const wanted = memberOf[metric.type];
  const others = members.filter((member) => member !== wanted && metric[member] !== undefined);
  return join(
    metric[wanted] === undefined ? [missing(metric, inside(place, wanted))] : none,
    others.map((member) => superfluous(metric, member, place)),
    checkResource(metric.resource, inside(place, 'resource')),
    checkResource(metric.containerResource, inside(place, 'containerResource')),
    checkMeasured(metric.pods, inside(place, 'pods')),
    join(
      checkMeasured(metric.object, inside(place, 'object')),
      checkDescribed(metric.object?.describedObject, inside(inside(place, 'object'), 'describedObject')),
    ),
    checkMeasured(metric.external, inside(place, 'external')),
  );
}

function missing({ type }: ScalingMetric, place: Place): Violation {
  return {
    ...{
      path: pathTo(place),
      headline: 'the member that type names is missing',
      detail: `found type ${type} without it`,
    },
    ...{ cause: [type], remedy: 'Set it, or correct type.' },
  };
}

function superfluous({ type }: ScalingMetric, member: string, place: Place): Violation {
  return {
    ...{ path: pathTo(place, member), headline: 'only the member that type names may be there' },
    ...{ detail: `found it with type ${type}`, cause: ['superfluous', type], remedy: 'Remove it, or correct type.' },
  };
}

type ResourceMetric = NonNullable<ScalingMetric['resource'] | ScalingMetric['containerResource']>;

function checkResource(metric: ResourceMetric | undefined, place: Place): readonly Violation[] {
  if (metric === undefined) return none;
  const { name } = metric;
  return join(
    isResourceName(name)
      ? none
      : [
          {
            ...{ path: pathTo(place, 'name'), headline: 'containers do not have this resource' },
            ...{ detail: `found '${name}'`, remedy: 'Use cpu or memory.' },
          },
        ],
    'container' in metric ? checkContainer(metric.container, place) : none,
    checkTarget(metric.target, inside(place, 'target')),
  );
}

function checkContainer(container: string, place: Place): readonly Violation[] {
  if (isDnsLabel(container)) return none;
  const headline = 'no container has such a name';
  const remedy = 'Use mcp-server, the container of the server.';
  return [{ path: pathTo(place, 'container'), headline, detail: `found '${container}'`, remedy }];
}

type Measured = NonNullable<ScalingMetric['pods'] | ScalingMetric['object'] | ScalingMetric['external']>;

function checkMeasured(measured: Measured | undefined, place: Place): readonly Violation[] {
  if (measured === undefined) return none;
  const { metric, target } = measured;
  return join(
    checkSegment(metric.name, inside(inside(place, 'metric'), 'name')),
    eachEntry(
      metric.selector?.matchLabels,
      inside(inside(inside(place, 'metric'), 'selector'), 'matchLabels'),
      checkLabel,
    ),
    checkTarget(target, inside(place, 'target')),
  );
}

/** The autoscaler would be stored, and could make no selector of it. */
function checkLabel(key: string, value: string, place: Place): readonly Violation[] {
  if (isQualifiedName(key) && isLabelValue(value)) return none;
  const headline = isQualifiedName(key) ? 'no label has such a value' : 'no label has such a key';
  const found = isQualifiedName(key) ? value : key;
  const remedy = 'Write it as labels of pods are written: letters, digits, hyphens, underscores and dots.';
  return [{ path: pathTo(place), headline, detail: `found '${shortenEnd(found, 80)}'`, remedy }];
}

type Described = NonNullable<ScalingMetric['object']>['describedObject'];

function checkDescribed(described: Described | undefined, place: Place): readonly Violation[] {
  if (described === undefined) return none;
  const { apiVersion = '', kind, name } = described;
  return join(
    apiVersion.split('/').length <= 2
      ? none
      : [
          {
            ...{ path: pathTo(place, 'apiVersion'), headline: 'this is no version of an API' },
            ...{ detail: `found '${apiVersion}'`, remedy: 'Write it as GROUP/VERSION, or v1.' },
          },
        ],
    checkSegment(kind, inside(place, 'kind')),
    checkSegment(name, inside(place, 'name')),
  );
}

/** https://github.com/kubernetes/kubernetes/blob/v1.35.4/staging/src/k8s.io/apimachinery/pkg/api/validation/path/name.go */
function checkSegment(text: string, place: Place): readonly Violation[] {
  if (text !== '.' && text !== '..' && !/[/%]/.test(text)) return none;
  const headline = 'it is a part of a path, and cannot be there';
  return [{ path: pathTo(place), headline, detail: `found '${text}'`, remedy: 'Use no slash and no per cent sign.' }];
}

/** Any of the targets: which numbers each of them can have, the schema says. */
interface Target {
  readonly type: 'AverageValue' | 'Utilization' | 'Value';
  readonly averageUtilization?: number;
  readonly averageValue?: IntOrString;
  readonly value?: IntOrString;
}

/** By type, the number that counts. */
const numberOf = {
  AverageValue: 'averageValue',
  Utilization: 'averageUtilization',
  Value: 'value',
} as const satisfies Record<Target['type'], keyof Target>;

const numbers = Object.values(numberOf);

function checkTarget(target: Target, place: Place): readonly Violation[] {
  const { type } = target;
  const wanted = numberOf[type];
  const others = numbers.filter((number) => number !== wanted && target[number] !== undefined);
  return join(
    target[wanted] === undefined
      ? [
          {
            ...{ path: pathTo(place, wanted), headline: 'the number that type names is missing' },
            ...{ detail: `found type ${type} without it`, cause: [type], remedy: 'Set it, or correct type.' },
          },
        ]
      : none,
    others.map((number) => ({
      ...{ path: pathTo(place, number), headline: 'only the number that type names may be there' },
      ...{ detail: `found it with type ${type}`, cause: ['superfluous', type], remedy: 'Remove it, or correct type.' },
    })),
    checkAmount(target.value, inside(place, 'value')),
    checkAmount(target.averageValue, inside(place, 'averageValue')),
  );
}

function checkAmount(amount: IntOrString | undefined, place: Place): readonly Violation[] {
  const nano = amount === undefined ? 1n : toNano(amount);
  if (nano !== undefined && nano > 0n) return none;
  const headline = nano === undefined ? 'the quantity cannot be read' : 'it has to be above zero';
  const detail = `found ${shortenEnd(String(amount), 40)}`;
  return [{ path: pathTo(place), headline, detail, remedy: 'Write a number above zero, such as 10 or 500m.' }];
}
