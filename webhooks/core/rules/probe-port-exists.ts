import type { Rule } from '../engine/rule.ts';
import { join, none } from '../engine/violations.ts';
import { PORT_NAME } from '../mcpserver/names.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
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
      { title: 'the same of a startup probe', spec: { extensions: { startupProbe: { httpGet: { port: 'http' } } } } },
    ],
  },
  check({ server }) {
    const { livenessProbe, readinessProbe } = server.spec.runtime?.health ?? {};
    const startupProbe = server.spec.extensions?.startupProbe;
    return join(
      livenessProbe === undefined ? none : checkProbe(livenessProbe, livenessPlace),
      readinessProbe === undefined ? none : checkProbe(readinessProbe, readinessPlace),
      startupProbe === undefined ? none : checkProbe(startupProbe, startupPlace),
    );
  },
};

const livenessPlace = placeOf('spec', 'runtime', 'health', 'livenessProbe');
const readinessPlace = placeOf('spec', 'runtime', 'health', 'readinessProbe');
const startupPlace = placeOf('spec', 'extensions', 'startupProbe');

function checkProbe({ httpGet, tcpSocket }: Probe, place: Place): readonly Violation[] {
  return join(checkPort(httpGet?.port, place, 'httpGet'), checkPort(tcpSocket?.port, place, 'tcpSocket'));
}

/** What cannot be a name at all is denied elsewhere. */
function checkPort(port: IntOrString | undefined, place: Place, handler: string): readonly Violation[] {
  if (typeof port !== 'string' || port === PORT_NAME || !isPortName(port)) return none;
  const path = pathTo(place, handler, 'port');
  return [{ path, headline: 'the container has no port of this name', detail: `found "${port}"` }];
}
