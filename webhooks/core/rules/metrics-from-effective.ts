import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { PORT_NAME } from '../mcpserver/names.ts';

const path = ['spec', 'extensions', 'metrics', 'from'];

export const metricsFromEffective: Rule = {
  id: 'metrics-from-effective',
  severity: 'deny',
  stricterIn: 10,
  summary: 'Who may read metrics can be said only of a port of their own.',
  rationale:
    'The NetworkPolicy of a server knows ports, not paths: whoever reaches the port of the server reaches its tools and its ' +
    'metrics. At that port `from` could neither keep a caller from the metrics nor a reader of metrics from the tools, and whoever ' +
    'wrote it believes that it does one of both.',
  remedy: 'Serve metrics at another port, or name who reads them in spec.network.ingressFrom, and remove this field.',
  examples: {
    accepts: [
      { title: 'readers of a port of its own', spec: withMetrics({ port: 9090, from: [{ podSelector: {} }] }) },
      { title: 'nobody at a port of its own', spec: withMetrics({ port: 9090, from: [] }) },
      { title: 'the port of the server, and who may reach it', spec: withMetrics({ port: PORT_NAME }) },
    ],
    rejects: [
      {
        title: 'readers of the port of the server',
        spec: withMetrics({ port: PORT_NAME, from: [{ podSelector: {} }] }),
      },
      { title: 'nobody at the port of the server, by its number', spec: withMetrics({ port: 8080, from: [] }) },
    ],
  },
  check({ server }) {
    const { config, extensions } = server.spec;
    const { port, from } = extensions?.metrics ?? {};
    if (from === undefined || (port !== PORT_NAME && port !== config.port)) return none;
    const detail = `found port ${JSON.stringify(port)}, which is that of the server`;
    return [{ path, headline: 'the server and its metrics have the same port', detail }];
  },
};

function withMetrics(metrics: object): Readonly<Record<string, unknown>> {
  return { extensions: { metrics } };
}
