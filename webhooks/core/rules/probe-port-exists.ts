import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { PORT_NAME } from '../mcpserver/names.ts';
import type { IntOrString, Probe } from '../mcpserver/types.gen.ts';
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
    return join(checkProbe('livenessProbe', livenessProbe), checkProbe('readinessProbe', readinessProbe));
  },
};

function checkProbe(field: string, { httpGet, tcpSocket }: Probe = {}): readonly Violation[] {
  return join(checkPort(httpGet?.port, field, 'httpGet'), checkPort(tcpSocket?.port, field, 'tcpSocket'));
}

/** What cannot be a name at all is denied elsewhere. */
function checkPort(port: IntOrString | undefined, field: string, handler: string): readonly Violation[] {
  if (typeof port !== 'string' || port === PORT_NAME || !isPortName(port)) return none;
  const path = ['spec', 'runtime', 'health', field, handler, 'port'];
  return [{ path, headline: 'the container has no port of this name', detail: `found "${port}"` }];
}
