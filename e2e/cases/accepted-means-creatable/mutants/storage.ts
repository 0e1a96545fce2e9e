import { each, type Mutant } from './mutant.ts';

const empty = { type: 'EmptyDir', emptyDir: {} };

const paths = [
  ...[
    '/d',
    '/',
    '/d/',
    '//d',
    '/d//e',
    '/./d',
    '/a/../d',
    '/..',
    '/a b',
    '/é',
    '/proc',
    '/dev/termination-log',
    '/d\n',
    '/d\\e',
  ],
  ...[
    `/${'d'.repeat(4095)}`,
    `/${'d'.repeat(4096)}`,
    'd',
    '',
    './d',
    '/a:b',
    '/var/run/secrets/kubernetes.io/serviceaccount',
  ],
];

const pairs = [
  ['/d', '/d'],
  ['/d', '/d/'],
  ['/d', '//d'],
  ['/d', '/d/.'],
  ['/d', '/a/../d'],
  ['/d', '/d/e'],
  ['/d/e', '/d'],
  ['/', '/d'],
];

const itemPaths = [
  ...[
    'a',
    'a/b',
    './a',
    'a//b',
    'a/',
    '.',
    '',
    '/a',
    '..',
    '../a',
    'a/../b',
    'a/..',
    '..a',
    '...',
    'a/..b',
    'a..',
    'a\\..\\b',
  ],
  ...['a b', 'é', 'a:b', 'x'.repeat(5000)],
];

const keys = ['a', '', 'a/b', '..', 'É', 'a b', 'k'.repeat(254)];

const modes = [0, 1, 0o444, 0o777, 0o1000, -1, 777, 2147483647];

const names = ['settings', '', 'A', 'a b', 'a/b', 'n'.repeat(254), '-'];

const contents = [
  {},
  { optional: true },
  ...itemPaths.map((path) => ({ items: [{ key: 'a', path }] })),
  ...keys.map((key) => ({ items: [{ key, path: 'a' }] })),
  ...modes.map((mode) => ({ items: [{ key: 'a', path: 'a', mode }] })),
  ...modes.map((defaultMode) => ({ defaultMode })),
  { items: [] },
  {
    items: [
      { key: 'a', path: 'a' },
      { key: 'b', path: 'a' },
    ],
  },
  {
    items: [
      { key: 'a', path: 'a' },
      { key: 'a', path: 'b' },
    ],
  },
];

const emptyDirs = [
  ...['', 'Memory', 'memory', 'Disk', 'HugePages', 'HugePages-2Mi', 'HugePages-', 'HugePages-x'].map((medium) => ({
    medium,
  })),
  ...['1Gi', '0', 0, '-0', '-1', -1, '1e1.5', '-1n', '1n', '1e30', '-1e30', '', 'much'].map((sizeLimit) => ({
    sizeLimit,
  })),
];

const at = (path: string, source: unknown, permissions?: string) => ({
  path,
  source,
  ...(permissions === undefined ? {} : { permissions }),
});

export const storage: readonly Mutant[] = [
  ...each('config.storage', [[], ...paths.map((path) => [at(path, empty)])]),
  ...each(
    'config.storage',
    pairs.map((pair) => pair.map((path) => at(path, empty))),
  ),
  ...each('config.storage', [
    ...contents.map((content) => [at('/d', { type: 'ConfigMap', configMap: { name: 'settings', ...content } })]),
    ...contents.map((content) => [at('/d', { type: 'Secret', secret: { secretName: 'credentials', ...content } })]),
    ...names.map((name) => [at('/d', { type: 'ConfigMap', configMap: { name } })]),
    ...names.map((secretName) => [at('/d', { type: 'Secret', secret: { secretName } })]),
    ...emptyDirs.map((emptyDir) => [at('/d', { type: 'EmptyDir', emptyDir })]),
    ...['ReadOnly', 'ReadWrite', 'RecursiveReadOnly', 'WriteOnly'].map((permissions) => [at('/d', empty, permissions)]),
    [at('/d', { type: 'ConfigMap', emptyDir: {} })],
    [at('/d', { type: 'ConfigMap' })],
    [at('/d', { type: 'EmptyDir', emptyDir: {}, secret: { secretName: 'credentials' } })],
    Array.from({ length: 64 }, (_, index) => at(`/d${index}`, empty)),
    Array.from({ length: 65 }, (_, index) => at(`/d${index}`, empty)),
  ]),
];
