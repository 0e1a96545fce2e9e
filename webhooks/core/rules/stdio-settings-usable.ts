import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { PORT_NAME } from '../mcpserver/names.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { MetricsSettings, Probe, StorageMount } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { ofEmptyDir } from './parts/example-specs.ts';
import { cleanPath } from './parts/mount-path.ts';

const livenessPlace = placeOf('spec', 'runtime', 'health', 'livenessProbe');
const readinessPlace = placeOf('spec', 'runtime', 'health', 'readinessProbe');
const startupPlace = placeOf('spec', 'extensions', 'startupProbe');
const storagePlace = placeOf('spec', 'config', 'storage');
const claimsPlace = placeOf('spec', 'extensions', 'storage');
const metricsPath = ['spec', 'extensions', 'metrics'];

/** What asks over the network: of the container, but the bridge is what listens. */
const networkHandlers = ['httpGet', 'tcpSocket', 'grpc'] as const;

/** Where the container has the program that starts the server (core/resources/pod/stdio-parts.ts). */
const taken = /^\/+mcp-lifecycle(\/|$)/;

/** Where the bridge has its metrics. */
const bridgeMetrics = '/metrics';

const stdio = { command: ['node', '/app/server.js'] };

export const stdioSettingsUsable: Rule = {
  id: 'stdio-settings-usable',
  severity: 'deny',
  stricterIn: 6,
  summary: 'Settings beside spec.extensions.stdio must be such as a server has that does not listen.',
  rationale:
    'A server for stdio has no port: a bridge beside it serves plain HTTP for it, is probed, and has metrics of its own. A probe ' +
    'that asks over the network would ask the bridge and have the server restarted for it; with TLS the verification and ' +
    'clients would be sent to an https address that nobody serves; a mount at `/mcp-lifecycle` would hide the program that ' +
    'starts the server.',
  remedy: 'Remove the field, or spec.extensions.stdio if the server serves HTTP itself.',
  examples: {
    accepts: [
      { title: 'nothing beside it', spec: { extensions: { stdio } } },
      {
        title: 'a probe that runs a command in the container',
        spec: { extensions: { stdio }, runtime: { health: { livenessProbe: { exec: { command: ['true'] } } } } },
      },
      {
        title: 'metrics of the bridge at a port of their own',
        spec: { extensions: { stdio, metrics: { port: 9090 } } },
      },
    ],
    rejects: [
      {
        title: 'a probe over HTTP',
        spec: { extensions: { stdio }, runtime: { health: { livenessProbe: { httpGet: { port: 'mcp' } } } } },
      },
      {
        title: 'a startup probe of the port',
        spec: { extensions: { stdio, startupProbe: { tcpSocket: { port: 'mcp' } } } },
      },
      { title: 'TLS', spec: { extensions: { stdio }, transport: { tls: { enabled: true } } } },
      {
        title: 'a mount where the program is that starts the server',
        spec: {
          extensions: { stdio },
          config: { storage: [{ path: '/mcp-lifecycle', permissions: 'ReadWrite', source: ofEmptyDir({}) }] },
        },
      },
      {
        title: 'the same mount, by another way',
        spec: {
          extensions: { stdio },
          config: { storage: [{ path: '/x/../mcp-lifecycle', permissions: 'ReadWrite', source: ofEmptyDir({}) }] },
        },
      },
      { title: 'metrics at the port of the server', spec: { extensions: { stdio, metrics: { port: PORT_NAME } } } },
      { title: 'metrics at another path', spec: { extensions: { stdio, metrics: { port: 9090, path: '/stats' } } } },
    ],
  },
  check({ server: { spec } }) {
    const { extensions } = spec;
    if (extensions?.stdio === undefined) return none;
    const { livenessProbe, readinessProbe } = spec.runtime?.health ?? {};
    return join(
      checkProbe(livenessProbe, livenessPlace),
      checkProbe(readinessProbe, readinessPlace),
      checkProbe(extensions.startupProbe, startupPlace),
      spec.transport?.tls?.enabled === true ? [overTls] : none,
      each(spec.config.storage, storagePlace, checkMount, isElsewhere),
      each(extensions.storage, claimsPlace, checkMount, isElsewhere),
      checkMetrics(extensions.metrics, spec.config.port),
    );
  },
};

const overTls: Violation = {
  path: ['spec', 'transport', 'tls', 'enabled'],
  headline: 'the bridge of a server for stdio serves plain HTTP',
  detail: 'found true',
};

function checkProbe(probe: Probe | undefined, place: Place): readonly Violation[] {
  if (probe === undefined) return none;
  return networkHandlers
    .filter((handler) => probe[handler] !== undefined)
    .map((handler) => ({
      path: pathTo(inside(place, handler)),
      headline: 'a server for stdio does not listen, so its own probes can only run commands',
      detail: `found ${handler}`,
      remedy: 'Use exec, or remove the probe: the bridge is probed, and finds out whether the server answers.',
    }));
}

function isElsewhere({ path }: Pick<StorageMount, 'path'>): boolean {
  return !taken.test(cleanPath(path));
}

function checkMount({ path }: Pick<StorageMount, 'path'>, place: Place): readonly Violation[] {
  return [
    {
      path: pathTo(place, 'path'),
      headline: 'the program that starts the server is there',
      detail: `found ${path}`,
      remedy: 'Choose another path.',
    },
  ];
}

function checkMetrics(metrics: MetricsSettings | undefined, port: number): readonly Violation[] {
  if (metrics === undefined) return none;
  const isOfServer = metrics.port === PORT_NAME || metrics.port === port;
  return join(
    isOfServer
      ? [
          {
            path: [...metricsPath, 'port'],
            headline: 'the bridge has its metrics at a port of their own',
            detail: `found ${JSON.stringify(metrics.port)}`,
            remedy: 'Use the number of a port that nothing else in the pod has, as 9090.',
          },
        ]
      : none,
    (metrics.path ?? bridgeMetrics) === bridgeMetrics
      ? none
      : [
          {
            path: [...metricsPath, 'path'],
            headline: `the bridge has its metrics at ${bridgeMetrics}`,
            detail: 'found another path',
            remedy: `Use ${bridgeMetrics}, or leave it out.`,
          },
        ],
  );
}
