import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { ExecAction, HTTPGetAction, HTTPHeader, IntOrString, Probe } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isPortName } from './parts/port-name.ts';

const livenessPlace = placeOf('spec', 'runtime', 'health', 'livenessProbe');
const readinessPlace = placeOf('spec', 'runtime', 'health', 'readinessProbe');
const startupPlace = placeOf('spec', 'extensions', 'startupProbe');

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
        title: 'a startup probe that has to succeed twice',
        spec: { extensions: { startupProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } } },
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
    const startupProbe = server.spec.extensions?.startupProbe;
    return join(
      livenessProbe === undefined ? none : checkRestarting(livenessProbe, livenessPlace, 'a liveness probe'),
      readinessProbe === undefined ? none : checkReadiness(readinessProbe, readinessPlace),
      startupProbe === undefined ? none : checkRestarting(startupProbe, startupPlace, 'a startup probe'),
    );
  },
};

/** Of a probe that has the container restarted. */
function checkRestarting(probe: Probe, place: Place, what: string): readonly Violation[] {
  const { successThreshold = 1, terminationGracePeriodSeconds: grace } = probe;
  return join(
    checkProbe(probe, place),
    successThreshold <= 1
      ? none
      : [
          {
            path: pathTo(place, 'successThreshold'),
            headline: `${what} succeeds at once`,
            detail: `found successThreshold: ${successThreshold}`,
            remedy: 'Set it to 1, or remove it.',
          },
        ],
    grace === undefined || (grace >= 1 && grace < tooManySeconds)
      ? none
      : [
          {
            path: pathTo(place, 'terminationGracePeriodSeconds'),
            headline: 'the grace period is out of range',
            detail: `found ${grace}`,
            remedy: 'Use 1 or more, or remove it.',
          },
        ],
  );
}

function checkReadiness(probe: Probe, place: Place): readonly Violation[] {
  const grace = probe.terminationGracePeriodSeconds;
  if (grace === undefined) return checkProbe(probe, place);
  return [
    ...checkProbe(probe, place),
    {
      path: pathTo(place, 'terminationGracePeriodSeconds'),
      headline: 'a readiness probe ends no container, so it has no grace period',
      detail: `found ${grace}`,
      remedy: 'Remove it.',
    },
  ];
}

function checkProbe(probe: Probe, place: Place): readonly Violation[] {
  return join(
    checkHandlers(probe, place),
    probe.exec === undefined ? none : checkExec(probe.exec, place),
    probe.grpc === undefined ? none : checkPort(probe.grpc.port, inside(place, 'grpc')),
    probe.httpGet === undefined ? none : checkHttp(probe.httpGet, inside(place, 'httpGet')),
    probe.tcpSocket === undefined ? none : checkPort(probe.tcpSocket.port, inside(place, 'tcpSocket')),
    checkCounts(probe, place),
  );
}

function checkHandlers(probe: Probe, place: Place): readonly Violation[] {
  if (hasOneHandler(probe)) return none;
  const found = handlers.filter((handler) => probe[handler] !== undefined);
  return [
    {
      path: pathTo(place),
      headline: found.length === 0 ? 'the probe has no handler' : 'the probe has more than one handler',
      detail: found.length === 0 ? 'found none' : `found ${found.join(', ')}`,
      remedy: `Set exactly one of ${handlers.join(', ')}.`,
    },
  ];
}

/** As the length of the list above, without the list. */
function hasOneHandler(probe: Probe): boolean {
  let count = 0;
  for (const handler of handlers) if (probe[handler] !== undefined) count += 1;
  return count === 1;
}

function checkExec({ command = [] }: ExecAction, place: Place): readonly Violation[] {
  if (command.length > 0) return none;
  const path = pathTo(place, 'exec', 'command');
  return [{ path, headline: 'the command is empty', detail: 'found no words', remedy: 'Set the command that is run.' }];
}

function checkHttp({ httpHeaders, port, scheme }: HTTPGetAction, place: Place): readonly Violation[] {
  return join(
    checkPort(port, place),
    checkScheme(scheme, place),
    httpHeaders === undefined ? none : each(httpHeaders, inside(place, 'httpHeaders'), checkHeader, isFineHeader),
  );
}

function checkPort(port: IntOrString, place: Place): readonly Violation[] {
  const isFine = typeof port === 'number' ? port >= 1 && port <= 65535 : isPortName(port);
  if (isFine) return none;
  const path = pathTo(place, 'port');
  const remedy = 'Use a number from 1 to 65535 without quotes, or the name of a port.';
  return typeof port === 'number'
    ? [{ path, headline: 'the port is out of range', detail: `found ${port}`, remedy }]
    : [{ path, headline: 'the port is neither a number nor a name', detail: `found "${port}"`, remedy }];
}

const schemes: readonly string[] = ['', 'HTTP', 'HTTPS'];

function checkScheme(scheme: string | undefined, place: Place): readonly Violation[] {
  if (scheme === undefined || schemes.includes(scheme)) return none;
  const path = pathTo(place, 'scheme');
  return [{ path, headline: 'the scheme is unknown', detail: `found "${scheme}"`, remedy: 'Use HTTP or HTTPS.' }];
}

function isFineHeader({ name }: HTTPHeader): boolean {
  return headerName.test(name);
}

function checkHeader({ name }: HTTPHeader, place: Place): readonly Violation[] {
  const path = pathTo(place, 'name');
  const remedy = 'Use letters, digits and hyphens.';
  return [{ path, headline: 'the name of the header is unusable', detail: `found "${name}"`, remedy }];
}

function checkCounts(probe: Probe, place: Place): readonly Violation[] {
  if (counts.every((field) => (probe[field] ?? 0) >= 0)) return none;
  return counts.flatMap((field) => {
    const count = probe[field] ?? 0;
    if (count >= 0) return [];
    return [
      {
        path: pathTo(place, field),
        headline: 'the number is negative',
        detail: `found ${field}: ${count}`,
        remedy: 'Use zero or more; zero means the default.',
      },
    ];
  });
}
