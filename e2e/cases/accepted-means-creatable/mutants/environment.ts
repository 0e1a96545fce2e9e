import { each, type Mutant } from './mutant.ts';

const names = ['A', 'a.b-c', '1A', ' ', '-', '', 'A=B', 'É', 'A\tB', 'A\n', 'A'.repeat(300), '😀'];

const fieldPaths = [
  ...['metadata.name', 'metadata.namespace', 'metadata.uid', 'metadata.labels', 'metadata.annotations'],
  ...[
    "metadata.labels['app']",
    "metadata.labels['a/b/c']",
    "metadata.labels['']",
    "metadata.annotations['Example.com/A']",
  ],
  ...[
    "metadata.labels['Example.com/A']",
    'metadata.labels[app]',
    "metadata.labels['app",
    "metadata.name['x']",
    "status.podIP['x']",
  ],
  ...[
    "metadata.annotations['a b']",
    "metadata.labels['a'b']",
    "['x']",
    "metadata.labels['x']y",
    "metadata.annotations['aé']",
  ],
  ...[
    'spec.nodeName',
    'spec.serviceAccountName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.host',
    'spec.image',
  ],
  ...[
    'status.hostIP',
    'status.hostIPs',
    'status.podIP',
    'status.podIPs',
    'status.phase',
    '',
    ' metadata.name',
    'Metadata.name',
  ],
];

const resourceFields = [
  ...[
    'limits.cpu',
    'limits.memory',
    'limits.ephemeral-storage',
    'requests.cpu',
    'requests.memory',
    'requests.ephemeral-storage',
  ],
  ...[
    'limits.hugepages-2Mi',
    'requests.hugepages-',
    'limits.hugepages',
    'limits.nvidia.com/gpu',
    'cpu',
    '',
    'Limits.cpu',
    'limits.storage',
  ],
];

const divisors: readonly (readonly [string, unknown])[] = [
  ['limits.cpu', '1'],
  ['limits.cpu', '1m'],
  ['limits.cpu', 1],
  ['limits.cpu', '1000m'],
  ['limits.cpu', '0.001'],
  ['limits.cpu', '0'],
  ['limits.cpu', '-0'],
  ['limits.cpu', '2'],
  ['limits.cpu', '1Ki'],
  ['limits.cpu', '-1'],
  ['limits.cpu', '1e1.5'],
  ['requests.cpu', '1e0'],
  ['requests.cpu', '1000u'],
  ['requests.cpu', '1u'],
  ['limits.memory', '1Mi'],
  ['limits.memory', '1024Ki'],
  ['limits.memory', '1k'],
  ['limits.memory', '1000'],
  ['limits.memory', '1e3'],
  ['limits.memory', '1024'],
  ['limits.memory', '1E'],
  ['limits.memory', '1e18'],
  ['limits.memory', 1000],
  ['limits.memory', '1m'],
  ['limits.memory', '2Mi'],
  ['limits.memory', '1000k'],
  ['limits.memory', '0.5Mi'],
  ['requests.memory', '1.0Gi'],
  ['requests.memory', '1Ei'],
  ['limits.ephemeral-storage', '1Mi'],
  ['limits.ephemeral-storage', '1m'],
  ['requests.ephemeral-storage', '3'],
  ['limits.hugepages-2Mi', '1Mi'],
  ['limits.hugepages-2Mi', '2Mi'],
  ['requests.hugepages-2Mi', '1m'],
  ['nothing', '7'],
];

const keys = [
  'token',
  'a.b',
  '.a',
  '..',
  '..a',
  'a..b',
  '.',
  '',
  'a/b',
  'a b',
  'É',
  '_',
  'k'.repeat(253),
  'k'.repeat(254),
];

const objectNames = [
  'settings',
  'a.b',
  'a-',
  'a.',
  '-a',
  'A',
  'a_b',
  'a b',
  '',
  'a/b',
  '1',
  'n'.repeat(253),
  'n'.repeat(254),
];

const fileKeys = [
  { volumeName: 'vol-0', path: 'a', key: 'K' },
  { volumeName: 'vol-1', path: 'a', key: 'K' },
  { volumeName: 'vol-7', path: 'a', key: 'K' },
  { volumeName: 'Vol', path: 'a', key: 'K' },
  { volumeName: '', path: 'a', key: 'K' },
  { volumeName: 'vol-0', path: '../a', key: 'K' },
  { volumeName: 'vol-0', path: '..a', key: 'K' },
  { volumeName: 'vol-0', path: '/a', key: 'K' },
  { volumeName: 'vol-0', path: '', key: 'K' },
  { volumeName: 'vol-0', path: 'a', key: '' },
  { volumeName: 'vol-0', path: 'a', key: 'A=B' },
  { volumeName: 'vol-0', path: 'a', key: 'K', optional: true },
];

const storage = [
  { path: '/a', source: { type: 'EmptyDir', emptyDir: {} } },
  { path: '/b', source: { type: 'ConfigMap', configMap: { name: 'settings' } } },
];

const self = { fieldRef: { fieldPath: 'metadata.name' } };

export const environment: readonly Mutant[] = [
  ...each('config.env', [
    [],
    ...names.map((name) => [{ name, value: 'x' }]),
    [{ name: 'A' }],
    [{ name: 'A', value: '' }],
    [{ name: 'A', value: '$(B)' }],
    [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ],
    [
      { name: 'A', value: '1' },
      { name: 'A', valueFrom: self },
    ],
    [
      { name: '', value: '1' },
      { name: 'A', value: '2' },
    ],
    [
      { name: 'A=', value: '1' },
      { name: 'A=', value: '2' },
    ],
    [
      { name: 'A', value: '1', valueFrom: self },
      { name: 'A', value: '2' },
    ],
  ]),
  ...each('config.env', [
    ...[{}, self, { ...self, resourceFieldRef: { resource: 'limits.cpu' } }].flatMap((valueFrom) => [
      [{ name: 'A', valueFrom }],
      [{ name: 'A', value: '', valueFrom }],
      [{ name: 'A', value: 'x', valueFrom }],
    ]),
    ...fieldPaths.map((fieldPath) => [{ name: 'A', valueFrom: { fieldRef: { fieldPath } } }]),
    ...['v1', 'v2', ''].map((apiVersion) => [
      { name: 'A', valueFrom: { fieldRef: { apiVersion, fieldPath: 'metadata.name' } } },
    ]),
    ...resourceFields.map((resource) => [{ name: 'A', valueFrom: { resourceFieldRef: { resource } } }]),
    ...divisors.map(([resource, divisor]) => [{ name: 'A', valueFrom: { resourceFieldRef: { resource, divisor } } }]),
    ...['mcp-server', 'other', 'Not A Name', ''].map((containerName) => [
      { name: 'A', valueFrom: { resourceFieldRef: { containerName, resource: 'limits.cpu' } } },
    ]),
    ...keys.map((key) => [{ name: 'A', valueFrom: { secretKeyRef: { name: 'credentials', key } } }]),
    ...keys.slice(0, 8).map((key) => [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key } } }]),
    ...objectNames.map((name) => [{ name: 'A', valueFrom: { configMapKeyRef: { name, key: 'k' } } }]),
    ...objectNames
      .slice(0, 9)
      .map((name) => [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k', optional: true } } }]),
    [{ name: 'A', valueFrom: { secretKeyRef: { key: 'k' } } }],
  ]),
  ...each(
    'config.env',
    fileKeys.map((fileKeyRef) => [{ name: 'A', valueFrom: { fileKeyRef } }]),
    { config: { storage } },
  ),
  ...each('config.envFrom', [
    [],
    [{}],
    [{ prefix: 'A_' }],
    [{ configMapRef: { name: 'settings' }, secretRef: { name: 'credentials' } }],
    [{ configMapRef: {} }],
    [{ secretRef: { optional: true } }],
    [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'settings' } }],
    ...[...names, 'A'].map((prefix) => [{ prefix, configMapRef: { name: 'settings' } }]),
    ...objectNames.map((name) => [{ configMapRef: { name } }]),
    ...objectNames.map((name) => [{ secretRef: { name } }]),
  ]),
];
