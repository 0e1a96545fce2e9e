import { each, type Mutant } from './mutant.ts';
import { texts } from './text.ts';

const emptyDir = { type: 'EmptyDir', emptyDir: {} };
const beside = { extensions: { stdio: { command: ['/app/server', '--stdio'] } } };
const launched = { extensions: { stdio: { command: ['npx', '-y', 'server@1.0.0'] } } };

/** A server for stdio: what its author says goes into the command of the shim, and stands beside two containers of ours. */
export const stdio: readonly Mutant[] = [
  ...each(
    'extensions.stdio.command',
    texts.flatMap((said) => [[said], ['server', said]]),
  ),
  ...each('extensions.stdio.command', [
    [],
    [''],
    ['server', ''],
    ['--'],
    ['-server'],
    ['$(A)', '$$(A)'],
    ['x'.repeat(4_096)],
    ['x'.repeat(4_097)],
    Array.from({ length: 64 }, () => 'x'.repeat(4_096)),
    Array.from({ length: 65 }, () => 'x'),
  ]),
  ...each(
    'extensions.stdio.cwd',
    [
      ...texts.map((said) => `/${said}`),
      '',
      '/',
      'relative',
      '/$(A)',
      `/${'x'.repeat(4_095)}`,
      `/${'x'.repeat(4_096)}`,
    ],
    beside,
  ),
  ...each('extensions.stdio.sessions', ['Auto', 'PerSession', 'Shared', 'auto', ''], beside),
  ...['maxSessions', 'idleTimeoutSeconds', 'startTimeoutSeconds', 'maxMessageBytes'].flatMap((field) =>
    each(`extensions.stdio.${field}`, [-1, 0, 1, 10, 256, 257, 600, 601, 86_400, 1.5, 4_194_304, 4_194_305], beside),
  ),
  ...each('config.port', [1, 1_023, 10_352, 10_353, 65_535, 65_536], beside),
  ...each('extensions.metrics.port', [1, 8_080, 10_352, 65_535], beside),
  ...each(
    'config.storage',
    ['/mcp-lifecycle', '/mcp-lifecycle/run', '/x/../mcp-lifecycle', '/mcp-lifecycles', '/tmp', '/home/mcp', '/'].map(
      (path) => [{ path, source: emptyDir }],
    ),
    beside,
  ),
  ...each(
    'config.storage',
    ['/tmp', '/tmp/', '/home/mcp', '/home', '/home/mcp/.npm'].map((path) => [{ path, source: emptyDir }]),
    launched,
  ),
  ...each('config.env', [[{ name: 'HOME', value: '/data' }], [{ name: 'HOME' }]], launched),
  ...each('runtime.replicas', [0, 1, 2], beside),
  ...each('runtime.security.podSecurityContext.runAsUser', [0, 1, 65_532, 4_294_967_296], beside),
  ...each(
    'runtime.health.readinessProbe',
    [{ exec: { command: ['true'] } }, { tcpSocket: { port: 8_080 } }, { httpGet: { path: '/', port: 8_080 } }],
    beside,
  ),
  ...each('extensions.terminationGracePeriodSeconds', [0, 1, 3, 3_600], beside),
];
