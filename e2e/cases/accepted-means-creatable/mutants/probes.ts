import { each, type Mutant } from './mutant.ts';

const tcp = { tcpSocket: { port: 8080 } };

const ports = [
  1,
  65535,
  0,
  -1,
  65536,
  'mcp',
  'http',
  'HTTP',
  '8080',
  '',
  'a-b',
  'a--b',
  '-a',
  'a-',
  'a_b',
  'abcdefghijklmno',
  'abcdefghijklmnop',
  '1a',
];

const handlers = [
  {},
  { exec: {} },
  { exec: { command: [] } },
  { exec: { command: [''] } },
  { exec: { command: ['true'] } },
  ...ports.map((port) => ({ tcpSocket: { port } })),
  ...ports.map((port) => ({ httpGet: { port } })),
  ...[1, 0, 65536, -1].map((port) => ({ grpc: { port } })),
  { grpc: { port: 8080, service: '' } },
  { grpc: { port: 8080, service: 'not a name!' } },
  { tcpSocket: { port: 1, host: 'not a host!' } },
  { httpGet: { port: 1, host: 'not a host!' } },
  ...['', 'HTTP', 'HTTPS', 'http', 'TCP'].map((scheme) => ({ httpGet: { port: 1, scheme } })),
  ...['', '/', 'healthz', '/a b', '/?a#b', 'http://example.com/'].map((path) => ({ httpGet: { port: 1, path } })),
  ...['X-Name', '', 'X Name', 'X_Name', 'X:Name', 'É', 'Host', 'X\nName', '1', '-'].map((name) => ({
    httpGet: { port: 1, httpHeaders: [{ name, value: 'a\nb' }] },
  })),
  { httpGet: { port: 1, httpHeaders: [] } },
  { ...tcp, exec: {} },
  { ...tcp, exec: { command: ['true'] } },
  { ...tcp, grpc: { port: 1 }, httpGet: { port: 1 } },
];

const counts = ['failureThreshold', 'initialDelaySeconds', 'periodSeconds', 'successThreshold', 'timeoutSeconds'];
const grace = 'terminationGracePeriodSeconds';

const timings = [
  ...counts.flatMap((field) => [-1, 0, 1, 2, 2147483647, -2147483648].map((count) => ({ [field]: count }))),
  ...[-1, 0, 1, 30, 3_000_000_000, 2 ** 53, 2 ** 63 - 1024].map((seconds) => ({ [grace]: seconds })),
  { timeoutSeconds: 20, periodSeconds: 10 },
].map((timing) => ({ ...tcp, ...timing }));

export const probes: readonly Mutant[] = [
  ...each('runtime.health.readinessProbe', [...handlers, ...timings]),
  ...each('runtime.health.livenessProbe', [...handlers, ...timings]),
];
