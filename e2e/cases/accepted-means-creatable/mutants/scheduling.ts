import { each, type Mutant } from './mutant.ts';

const labels = ['a', 'example.com/a', '', 'a b', 'a/b/c', 'É', '-a', 'a-', 'A_b.c', 'a'.repeat(63), 'a'.repeat(64)];
const names = ['a', 'a.b', 'A', 'a_b', '-a', 'a-', 'a..b', 'a'.repeat(253), 'system-cluster-critical', 'system-other'];

const key = 'dedicated';
const tolerations = [
  ...[{}, { operator: 'Exists' }, { operator: 'Equal' }, { value: 'a' }, { operator: 'Exists', value: 'a' }],
  ...labels.map((text) => ({ key: text })),
  ...labels.map((text) => ({ key: text, operator: 'Exists' })),
  ...labels.map((value) => ({ key, value })),
  { key, operator: 'Exists', value: 'a' },
  { key, operator: 'Exists', value: '' },
  ...['NoSchedule', 'PreferNoSchedule', 'NoExecute'].flatMap((effect) =>
    [-1, 0, 300, undefined].map((tolerationSeconds) => ({ key, effect, tolerationSeconds })),
  ),
  { key, tolerationSeconds: 1 },
];

const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' };
const constraints = [
  spread,
  ...labels.map((topologyKey) => ({ ...spread, topologyKey })),
  ...[0, 1, 2, 2147483647].map((maxSkew) => ({ ...spread, maxSkew })),
  ...[0, 1, 2].flatMap((minDomains) =>
    ['DoNotSchedule', 'ScheduleAnyway'].map((whenUnsatisfiable) => ({ ...spread, whenUnsatisfiable, minDomains })),
  ),
  ...['Honor', 'Ignore'].map((policy) => ({ ...spread, nodeAffinityPolicy: policy, nodeTaintsPolicy: policy })),
];

const claim = { claimName: 'index', path: '/index' };
const claims = [
  ...names.map((claimName) => ({ ...claim, claimName })),
  ...['/d', '/', '/d/', 'd', '', '/a:b', '/a b'].map((path) => ({ ...claim, path })),
  ...['a', 'a/b', '/a', '..', '../a', 'a/..', 'a/../b', '..a', 'a b', './a', '.'].map((subPath) => ({
    ...claim,
    subPath,
  })),
  ...['ReadOnly', 'ReadWrite', 'RecursiveReadOnly'].map((permissions) => ({ ...claim, permissions })),
];

const scratch = { config: { storage: [{ path: '/index', source: { type: 'EmptyDir', emptyDir: {} } }] } };

export const scheduling: readonly Mutant[] = [
  ...each('extensions.scheduling.nodeSelector', [
    ...labels.map((label) => ({ [label]: 'a' })),
    ...labels.map((value) => ({ a: value })),
  ]),
  ...each(
    'extensions.scheduling.tolerations',
    tolerations.map((toleration) => [toleration]),
  ),
  ...each('extensions.scheduling.topologySpreadConstraints', [
    ...constraints.map((constraint) => [constraint]),
    [spread, { ...spread, whenUnsatisfiable: 'ScheduleAnyway' }],
    [spread, spread],
  ]),
  ...each('extensions.scheduling.priorityClassName', names),
  ...each('extensions.scheduling.runtimeClassName', names),
  ...each('extensions.storage', [
    ...claims.map((mount) => [mount]),
    [claim, { ...claim, path: '/other' }],
    [claim, claim],
  ]),
  ...each('extensions.storage', [[claim], [{ ...claim, path: '/index/' }]], scratch),
  ...each('extensions.startupProbe', [
    {},
    { tcpSocket: { port: 8080 } },
    { tcpSocket: { port: 0 } },
    { tcpSocket: { port: 8080 }, successThreshold: 2 },
    { tcpSocket: { port: 8080 }, terminationGracePeriodSeconds: 0 },
    { tcpSocket: { port: 8080 }, terminationGracePeriodSeconds: 1 },
    { tcpSocket: { port: 8080 }, failureThreshold: 360 },
  ]),
];
