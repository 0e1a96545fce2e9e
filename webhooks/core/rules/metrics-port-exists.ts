import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { PORT_NAME } from '../mcpserver/names.ts';
import type { IntOrString } from '../mcpserver/types.gen.ts';

const path = ['spec', 'extensions', 'metrics', 'port'];

export const metricsPortExists: Rule = {
  id: 'metrics-port-exists',
  severity: 'deny',
  summary: 'Metrics must be at a port that the container can have.',
  rationale:
    `The container has the port of the server, called \`${PORT_NAME}\`. Another number becomes a second port of it. Another name is ` +
    'the name of nothing: Prometheus would find no target and say nothing, and nobody would miss what was never there.',
  remedy: `Use the name ${PORT_NAME}, or a number from 1 to 65535.`,
  examples: {
    accepts: [
      { title: 'the port of the server', spec: { extensions: { metrics: { port: PORT_NAME } } } },
      { title: 'a port of its own', spec: { extensions: { metrics: { port: 9090 } } } },
    ],
    rejects: [
      { title: 'a name that the container has no port of', spec: { extensions: { metrics: { port: 'http' } } } },
      { title: 'a number in quotes', spec: { extensions: { metrics: { port: '9090' } } } },
      { title: 'a number that is no port', spec: { extensions: { metrics: { port: 0 } } } },
    ],
  },
  check({ server }) {
    const port = server.spec.extensions?.metrics?.port;
    if (port === undefined || isPort(port)) return none;
    const headline =
      typeof port === 'number' ? 'this is no number of a port' : 'the container has no port of this name';
    return [{ path, headline, detail: `found ${JSON.stringify(port)}` }];
  },
};

function isPort(port: IntOrString): boolean {
  return typeof port === 'number' ? port >= 1 && port <= 65_535 : port === PORT_NAME;
}
