import type { Rule } from '../engine/rule.ts';
import type { IntOrString, Probe } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { isPortName } from './parts/port-name.ts';

const root: FieldPath = ['spec', 'runtime', 'health'];

/** https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes */
const headerName = /^[-A-Za-z0-9]+$/;

/** The first number of seconds that is no 64-bit integer once it was read as a double. */
const tooManySeconds = 2 ** 63;

const handlers = ['exec', 'grpc', 'httpGet', 'tcpSocket'] as const;

/** Zero is accepted: Kubernetes replaces it with its default. */
const counts = [
  'failureThreshold',
  'initialDelaySeconds',
  'periodSeconds',
  'successThreshold',
  'timeoutSeconds',
] as const;

export const probeValid: Rule = {
  id: 'probe-valid',
  severity: 'deny',
  summary: 'Every probe must have exactly one handler, a usable port, and numbers that Kubernetes accepts.',
  rationale:
    'The probes go into the Deployment as they are, and Kubernetes refuses it for one malformed probe: the server would ' +
    'be stored and never run.',
  remedy: 'Correct the field, or remove the probe.',
  examples: {
    accepts: [
      { title: 'the default probe' },
      {
        title: 'an HTTP probe of the named port',
        spec: { runtime: { health: { livenessProbe: { httpGet: { path: '/healthz', port: 'mcp' } } } } },
      },
      {
        title: 'a command with zeros, which mean the defaults',
        spec: { runtime: { health: { livenessProbe: { exec: { command: ['true'] }, successThreshold: 0 } } } },
      },
    ],
    rejects: [
      { title: 'a probe without a handler', spec: { runtime: { health: { readinessProbe: { periodSeconds: 5 } } } } },
      {
        title: 'a probe with two handlers',
        spec: { runtime: { health: { readinessProbe: { tcpSocket: { port: 80 }, exec: { command: ['true'] } } } } },
      },
      {
        title: 'a liveness probe that has to succeed twice',
        spec: { runtime: { health: { livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } } } },
      },
      {
        title: 'a negative period',
        spec: { runtime: { health: { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: -1 } } } },
      },
      {
        title: 'a header name with an underscore',
        spec: {
          runtime: {
            health: { readinessProbe: { httpGet: { port: 80, httpHeaders: [{ name: 'X_Probe', value: 'mcp' }] } } },
          },
        },
      },
      {
        title: 'a port out of range',
        spec: { runtime: { health: { readinessProbe: { tcpSocket: { port: 70000 } } } } },
      },
      {
        title: 'a port number in quotes',
        spec: { runtime: { health: { readinessProbe: { httpGet: { port: '8080' } } } } },
      },
    ],
  },
  check({ server }) {
    const { livenessProbe, readinessProbe } = server.spec.runtime?.health ?? {};
    return [
      ...(livenessProbe === undefined ? [] : checkLiveness(livenessProbe, [...root, 'livenessProbe'])),
      ...(readinessProbe === undefined ? [] : checkReadiness(readinessProbe, [...root, 'readinessProbe'])),
    ];
  },
};

function checkLiveness(probe: Probe, path: FieldPath): readonly Violation[] {
  const { successThreshold = 1, terminationGracePeriodSeconds: grace } = probe;
  return [
    ...checkProbe(probe, path),
    ...(successThreshold <= 1
      ? []
      : [
          {
            path: [...path, 'successThreshold'],
            headline: 'a liveness probe succeeds at once',
            detail: `found successThreshold: ${successThreshold}`,
            remedy: 'Set it to 1, or remove it.',
          },
        ]),
    ...(grace === undefined || (grace >= 1 && grace < tooManySeconds)
      ? []
      : [
          {
            path: [...path, 'terminationGracePeriodSeconds'],
            headline: 'the grace period is out of range',
            detail: `found ${grace}`,
            remedy: 'Use 1 or more, or remove it.',
          },
        ]),
  ];
}

function checkReadiness(probe: Probe, path: FieldPath): readonly Violation[] {
  const grace = probe.terminationGracePeriodSeconds;
  if (grace === undefined) return checkProbe(probe, path);
  return [
    ...checkProbe(probe, path),
    {
      path: [...path, 'terminationGracePeriodSeconds'],
      headline: 'a readiness probe ends no container, so it has no grace period',
      detail: `found ${grace}`,
      remedy: 'Remove it.',
    },
  ];
}

function checkProbe(probe: Probe, path: FieldPath): readonly Violation[] {
  return [...checkHandlers(probe, path), ...checkHandler(probe, path), ...checkCounts(probe, path)];
}

function checkHandlers(probe: Probe, path: FieldPath): readonly Violation[] {
  const found = handlers.filter((handler) => probe[handler] !== undefined);
  if (found.length === 1) return [];
  return [
    {
      path,
      headline: found.length === 0 ? 'the probe has no handler' : 'the probe has more than one handler',
      detail: found.length === 0 ? 'found none' : `found ${found.join(', ')}`,
      remedy: `Set exactly one of ${handlers.join(', ')}.`,
    },
  ];
}

function checkHandler({ exec, grpc, httpGet, tcpSocket }: Probe, path: FieldPath): readonly Violation[] {
  return [
    ...(exec === undefined || (exec.command ?? []).length > 0
      ? []
      : [
          {
            path: [...path, 'exec', 'command'],
            headline: 'the command is empty',
            detail: 'found no words',
            remedy: 'Set the command that is run.',
          },
        ]),
    ...(grpc === undefined ? [] : checkPort(grpc.port, [...path, 'grpc', 'port'])),
    ...(httpGet === undefined ? [] : checkPort(httpGet.port, [...path, 'httpGet', 'port'])),
    ...checkScheme(httpGet?.scheme, [...path, 'httpGet', 'scheme']),
    ...(httpGet?.httpHeaders ?? []).flatMap(({ name }, index) =>
      checkHeader(name, [...path, 'httpGet', 'httpHeaders', index, 'name']),
    ),
    ...(tcpSocket === undefined ? [] : checkPort(tcpSocket.port, [...path, 'tcpSocket', 'port'])),
  ];
}

function checkPort(port: IntOrString, path: FieldPath): readonly Violation[] {
  const remedy = 'Use a number from 1 to 65535 without quotes, or the name of a port.';
  if (typeof port === 'number') {
    if (port >= 1 && port <= 65535) return [];
    return [{ path, headline: 'the port is out of range', detail: `found ${port}`, remedy }];
  }
  if (isPortName(port)) return [];
  return [{ path, headline: 'the port is neither a number nor a name', detail: `found "${port}"`, remedy }];
}

function checkScheme(scheme: string | undefined, path: FieldPath): readonly Violation[] {
  if (scheme === undefined || ['', 'HTTP', 'HTTPS'].includes(scheme)) return [];
  return [{ path, headline: 'the scheme is unknown', detail: `found "${scheme}"`, remedy: 'Use HTTP or HTTPS.' }];
}

function checkHeader(name: string, path: FieldPath): readonly Violation[] {
  if (headerName.test(name)) return [];
  const remedy = 'Use letters, digits and hyphens.';
  return [{ path, headline: 'the name of the header is unusable', detail: `found "${name}"`, remedy }];
}

function checkCounts(probe: Probe, path: FieldPath): readonly Violation[] {
  return counts.flatMap((field) => {
    const count = probe[field] ?? 0;
    if (count >= 0) return [];
    return [
      {
        path: [...path, field],
        headline: 'the number is negative',
        detail: `found ${field}: ${count}`,
        remedy: 'Use zero or more; zero means the default.',
      },
    ];
  });
}
