import type { Rule } from '../engine/rule.ts';
import { PORT_NAME } from '../mcpserver/names.ts';
import type { Probe } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isPortName } from './parts/port-name.ts';

export const probePortExists: Rule = {
  id: 'probe-port-exists',
  severity: 'warn',
  summary: 'A probe that names its port must name the one that the container has.',
  rationale:
    `The container has one port, called \`${PORT_NAME}\`. Kubernetes accepts a probe of another name and the probe then fails ` +
    'for ever: the pod never becomes ready, or is restarted again and again.',
  remedy: `Use the name ${PORT_NAME}, or a port number.`,
  examples: {
    accepts: [
      { title: 'the default probe' },
      { title: 'a port number', spec: { runtime: { health: { livenessProbe: { tcpSocket: { port: 9090 } } } } } },
    ],
    rejects: [
      {
        title: 'a port name that the container does not have',
        spec: { runtime: { health: { readinessProbe: { httpGet: { port: 'http' } } } } },
      },
    ],
  },
  check({ server }) {
    const { livenessProbe, readinessProbe } = server.spec.runtime?.health ?? {};
    return [...checkProbe('livenessProbe', livenessProbe), ...checkProbe('readinessProbe', readinessProbe)];
  },
};

function checkProbe(field: string, probe: Probe | undefined): readonly Violation[] {
  if (probe === undefined) return [];
  return namedPorts(probe).map(([handler, port]) => ({
    path: ['spec', 'runtime', 'health', field, handler, 'port'],
    headline: 'the container has no port of this name',
    detail: `found "${port}"`,
  }));
}

/** Handlers with the names of ports that the container lacks; what cannot be a name at all is denied elsewhere. */
function namedPorts(probe: Probe): readonly (readonly [string, string])[] {
  return (['httpGet', 'tcpSocket'] as const).flatMap((handler) => {
    const port = probe[handler]?.port;
    return typeof port === 'string' && port !== PORT_NAME && isPortName(port) ? [[handler, port] as const] : [];
  });
}
