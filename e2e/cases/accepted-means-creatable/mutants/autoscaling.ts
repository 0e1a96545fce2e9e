import { each, type Mutant } from './mutant.ts';

const texts = ['a', '', '.', '..', 'a/b', 'a%b', 'a b', 'É', 'A_b.c', 'a'.repeat(253), 'a'.repeat(254)];
const amounts = [0, 1, -1, '0', '500m', '-1', '1e-20', '1e1.5', '200Mi', 'x', '', '0.0001n'];

const utilization = { type: 'Utilization', averageUtilization: 80 };
const average = { type: 'AverageValue', averageValue: '10' };
const resource = { name: 'cpu', target: utilization };
const containerResource = { name: 'cpu', container: 'mcp-server', target: utilization };
const pods = { metric: { name: 'sessions' }, target: average };
const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'search' };
const object = { describedObject, metric: { name: 'requests' }, target: { type: 'Value', value: '10' } };
const external = { metric: { name: 'queue' }, target: average };

const types = ['Resource', 'ContainerResource', 'Pods', 'Object', 'External', 'Other', ''];
const members = { resource, containerResource, pods, object, external };

/** Which number is beside which type. */
const shapes = [
  {},
  ...['Utilization', 'AverageValue', 'Value', 'Other', ''].flatMap((type) => [
    { type },
    { type, averageUtilization: 80 },
    { type, averageValue: '10' },
    { type, value: '10' },
    { type, averageUtilization: 80, averageValue: '10' },
    { type, averageValue: '10', value: '10' },
  ]),
];

const targets = [
  ...shapes,
  ...[0, 1, -1, 2147483647].map((averageUtilization) => ({ type: 'Utilization', averageUtilization })),
  ...amounts.map((averageValue) => ({ type: 'AverageValue', averageValue })),
  ...amounts.map((value) => ({ type: 'Value', value })),
];

const metrics = [
  ...types.flatMap((type) => [
    { type },
    ...Object.entries(members).map(([member, value]) => ({ type, [member]: value })),
    { type, resource, pods },
  ]),
  ...targets.flatMap((target) => [
    { type: 'Resource', resource: { ...resource, target } },
    { type: 'External', external: { ...external, target } },
  ]),
  ...shapes.flatMap((target) => [
    { type: 'Pods', pods: { ...pods, target } },
    { type: 'Object', object: { ...object, target } },
  ]),
  ...['cpu', 'memory', 'ephemeral-storage', 'hugepages-2Mi', 'storage', 'example.com/gpu', ...texts].flatMap((name) => [
    { type: 'Resource', resource: { ...resource, name } },
    { type: 'ContainerResource', containerResource: { ...containerResource, name } },
  ]),
  ...['a', 'A', 'a.b', 'a_b', '', 'a'.repeat(63), 'a'.repeat(64)].map((container) => ({
    type: 'ContainerResource',
    containerResource: { ...containerResource, container },
  })),
  ...texts.flatMap((name) => [
    { type: 'Pods', pods: { ...pods, metric: { name } } },
    { type: 'Object', object: { ...object, describedObject: { ...describedObject, name } } },
    { type: 'Object', object: { ...object, describedObject: { ...describedObject, kind: name } } },
  ]),
  ...['', 'v1', 'apps/v1', 'a/b/c', '/', 'a/', '/v1'].map((apiVersion) => ({
    type: 'Object',
    object: { ...object, describedObject: { ...describedObject, apiVersion } },
  })),
  ...[{}, { matchLabels: { a: 'b' } }, { matchLabels: { 'a b': 'É' } }].map((selector) => ({
    type: 'External',
    external: { ...external, metric: { name: 'queue', selector } },
  })),
];

const policy = { type: 'Pods', value: 1, periodSeconds: 60 };
const rules = [
  {},
  { policies: [] },
  { policies: [policy] },
  ...['Pods', 'Percent', 'Other', ''].map((type) => ({ policies: [{ ...policy, type }] })),
  ...[0, -1, 1, 1801, 2147483647].flatMap((number) => [
    { policies: [{ ...policy, value: number }] },
    { policies: [{ ...policy, periodSeconds: number }] },
    { stabilizationWindowSeconds: number },
  ]),
  { stabilizationWindowSeconds: 3600 },
  { stabilizationWindowSeconds: 3601 },
  ...['Max', 'Min', 'Disabled', 'Other', ''].map((selectPolicy) => ({ selectPolicy })),
];

/** Not with minReplicas: 0, which an API server takes or not by a feature gate of its own. */
export const autoscaling: readonly Mutant[] = [
  ...each('extensions.autoscaling', [
    {},
    ...[-1, 0, 1, 2, 2147483647].map((maxReplicas) => ({ maxReplicas })),
    ...[-1, 1, 2, 3].map((minReplicas) => ({ minReplicas, maxReplicas: 2 })),
    ...[-1, 0, 1, 100, 500, 2147483647].map((percent) => ({ maxReplicas: 2, targetCPUUtilizationPercentage: percent })),
    { maxReplicas: 2, metrics: [] },
    { maxReplicas: 2, metrics: Array.from({ length: 17 }, () => ({ type: 'Resource', resource })) },
  ]),
  ...metrics.map((metric) => scaledBy('metric', metric, { metrics: [metric] })),
  ...rules.map((rule) => scaledBy('scaleUp', rule, { behavior: { scaleUp: rule } })),
  ...rules.map((rule) => scaledBy('scaleDown', rule, { behavior: { scaleDown: rule } })),
  ...each('extensions.autoscaling', [{ maxReplicas: 2, behavior: {} }], { mcp: { stateless: true } }),
];

/** Titles are not cut: what differs comes last in many. */
function scaledBy(what: string, value: unknown, settings: object): Mutant {
  return {
    title: `autoscaling ${what} = ${JSON.stringify(value)}`,
    spec: { extensions: { autoscaling: { maxReplicas: 2, ...settings } } },
  };
}
