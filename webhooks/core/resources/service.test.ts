import { expect, it } from '@jest/globals';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { networkPolicy } from './network-policy.ts';
import { service } from './service.ts';

const server = anMCPServer(withSpec({ config: { port: 9191 } }));
const to = { targetPort: 'mcp', protocol: 'TCP' };

it.each<[readonly number[], readonly object[]]>([
  [[], [{ name: 'mcp', port: 9191, ...to }]],
  [
    [8080],
    [
      { name: 'mcp', port: 8080, ...to },
      { name: 'mcp-next', port: 9191, ...to },
    ],
  ],
  [
    [9090, 8080],
    [
      { name: 'mcp', port: 9090, ...to },
      { name: 'mcp-next', port: 8080, ...to },
      { name: 'mcp-next-2', port: 9191, ...to },
    ],
  ],
])(
  'the former ports %j are served beside the new one, under names that have endpoints already',
  (formerPorts, ports) => {
    const [built] = service.build({ server, formerPorts });
    expect(built).toHaveProperty('spec.ports', ports);
  },
);

it('the policy lets all of them in', () => {
  const [built] = networkPolicy.build({ server, formerPorts: [9090, 8080] });
  expect(built).toHaveProperty(
    'spec.ingress.0.ports',
    [9191, 9090, 8080].map((port) => ({ protocol: 'TCP', port })),
  );
});
