import { each, type Mutant } from './mutant.ts';

const keys = [
  ...[
    'a',
    'example.com/a',
    'Example.com/a',
    'example.com/A',
    'a/b/c',
    '',
    'a b',
    '-a',
    'a-',
    'A_b',
    'a'.repeat(63),
    'a'.repeat(64),
    '/a',
    'a/',
  ],
  ...[
    `${'a'.repeat(253)}/a`,
    `${'a'.repeat(254)}/a`,
    `${'a.'.repeat(126)}a/a`,
    'é',
    'a\n',
    'example..com/a',
    'a_b.com/a',
    'kubernetes.io/a',
  ],
];

const values = ['', 'a', 'A.b-c_d', 'a b', '-a', 'a-', 'é', 'a'.repeat(63), 'a'.repeat(64), 'a\n', '.'];

const ours = [
  'app',
  'mcp-server',
  'app.kubernetes.io/name',
  'app.kubernetes.io/managed-by',
  'mcp-lifecycle/a',
  'mcp.x-k8s.io/a',
];

/** Annotations that have a meaning on a pod. */
const special: readonly (readonly [string, readonly string[]])[] = [
  [
    'controller.kubernetes.io/pod-deletion-cost',
    ['1', '-1', 'x', '', '01', '+1', '99999999999', '0', '-0', '1.5', '-2147483648', '2147483648', '-', ' 1'],
  ],
  ['kubernetes.io/config.mirror', ['x', '']],
  ['kubernetes.io/config.source', ['x']],
  [
    'scheduler.alpha.kubernetes.io/tolerations',
    ['', '[]', 'x', '[{"key":"a","operator":"Exists"}]', '[{"operator":"None"}]', '{}', 'null', '[{}]'],
  ],
  ['scheduler.alpha.kubernetes.io/critical-pod', ['']],
  [
    'seccomp.security.alpha.kubernetes.io/pod',
    ['runtime/default', 'unconfined', 'localhost/a.json', 'localhost/../a', 'x', '', 'docker/default'],
  ],
  [
    'container.seccomp.security.alpha.kubernetes.io/mcp-server',
    ['runtime/default', 'unconfined', 'localhost/a.json', 'x', 'docker/default', ''],
  ],
  ['container.seccomp.security.alpha.kubernetes.io/other', ['runtime/default', 'x']],
  [
    'container.apparmor.security.beta.kubernetes.io/mcp-server',
    ['runtime/default', 'unconfined', 'localhost/a', 'x', '', 'localhost/'],
  ],
  ['container.apparmor.security.beta.kubernetes.io/other', ['runtime/default', 'x']],
  ['kubectl.kubernetes.io/default-container', ['x']],
  ['service.kubernetes.io/topology-mode', ['x', 'Auto']],
  ['service.beta.kubernetes.io/load-balancer-source-ranges', ['x', '10.0.0.0/8']],
  ['service.alpha.kubernetes.io/tolerate-unready-endpoints', ['x']],
  ['deployment.kubernetes.io/revision', ['x', '7']],
  ['deprecated.deployment.rollback.to', ['x', '7']],
  ['kubernetes.io/ingress-bandwidth', ['x']],
  ['endpoints.kubernetes.io/over-capacity', ['x']],
  ['pod.kubernetes.io/lifecycle', ['x']],
];

const limit = 256 * 1024;

const names = ['search', 'a', 'a'.repeat(63), 'a'.repeat(64), 'a.b', '7days', 'a-', 'A', 'a_b', 'a--b', 'x-1'];

export const metadata: readonly Mutant[] = [
  ...['extraLabels', 'extraAnnotations'].flatMap((field) => [
    ...each(
      field,
      [...keys, ...ours].map((key) => ({ [key]: 'x' })),
    ),
    ...each(
      field,
      values.map((value) => ({ a: value })),
    ),
    ...each(
      field,
      ours.map((key) => ({ [key]: 'not a label!' })),
    ),
  ]),
  ...special.flatMap(([key, texts]) =>
    each(
      'extraAnnotations',
      texts.map((text) => ({ [key]: text })),
    ),
  ),
  ...each(
    'extraAnnotations',
    [limit - 1000, limit - 200, limit - 110, limit - 50, limit - 1, limit].map((length) => ({ a: 'x'.repeat(length) })),
  ),
  ...each('extraAnnotations', [
    { a: 'é'.repeat(limit / 2 - 100) },
    { a: 'é'.repeat(limit / 2) },
    { 'mcp.x-k8s.io/a': 'x'.repeat(limit) },
  ]),
  ...each('extraLabels', [
    Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`a${index}`, 'x'.repeat(60)])),
  ]),
  ...names.map((name) => ({ title: `name = ${name}`, name, spec: {} })),
  ...each('config.port', [1, 65535, 0, 65536, -1, 1.5, '80']),
  ...each('config.arguments', [[], ['a'], [''], ['a\u0000b'], ['x'.repeat(100_000)], ['$(A)']]),
  ...each('source.containerImage', [
    ...['a', ' ', ' a', 'a ', 'A', 'a b', 'https://example.com/a', 'a:b:c', 'é'].map((ref) => ({ ref })),
    ...['', 'Always', 'Never', 'Sometimes'].map((pullPolicy) => ({ ref: 'a', pullPolicy })),
    ...[[], [{ name: 'a' }], [{ name: '' }], [{ name: 'A b' }], [{ name: 'a' }, { name: 'a' }]].map(
      (imagePullSecrets) => ({
        ref: 'a',
        imagePullSecrets,
      }),
    ),
  ]),
  ...each('runtime.replicas', [0, 1, 2147483647, 2147483648, -1, 1.5]),
  ...each('runtime', [{}]),
];
