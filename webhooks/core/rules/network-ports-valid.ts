import type { Rule } from '../engine/rule.ts';
import { each } from '../engine/violations.ts';
import { pathTo, placeOf } from '../mcpserver/place.ts';
import type { NetworkPolicyPort } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { isPortName } from './parts/port-name.ts';

const protocols: readonly string[] = ['TCP', 'UDP', 'SCTP'];

export const networkPortsValid: Rule = {
  id: 'network-ports-valid',
  severity: 'deny',
  summary: 'Every egress port must be a port, a range of ports or a port name that Kubernetes understands.',
  rationale:
    'The ports go into a NetworkPolicy as they are, and Kubernetes refuses the whole policy for one bad port: the server ' +
    'would run without the isolation that its author asked for.',
  remedy: 'Use a number from 1 to 65535 or a port name, and endPort only above a number.',
  examples: {
    accepts: [
      { title: 'one port', spec: { network: { egressPorts: [{ port: 443 }] } } },
      { title: 'a range', spec: { network: { egressPorts: [{ protocol: 'UDP', port: 100, endPort: 200 }] } } },
      { title: 'a port name', spec: { network: { egressPorts: [{ port: 'https' }] } } },
      { title: 'every port of a protocol', spec: { network: { egressPorts: [{ protocol: 'TCP' }] } } },
    ],
    rejects: [
      { title: 'a port out of range', spec: { network: { egressPorts: [{ port: 70000 }] } } },
      { title: 'a port name with an underscore', spec: { network: { egressPorts: [{ port: 'my_port' }] } } },
      { title: 'a protocol that is none', spec: { network: { egressPorts: [{ protocol: 'HTTP', port: 80 }] } } },
      { title: 'a range that ends before it starts', spec: { network: { egressPorts: [{ port: 9, endPort: 8 }] } } },
      { title: 'a range that starts at a name', spec: { network: { egressPorts: [{ port: 'https', endPort: 9 }] } } },
    ],
  },
  check: ({ server }) =>
    each(server.spec.network?.egressPorts, egressPorts, (port, place) => checkPort(port, pathTo(place)), isFine),
};

const egressPorts = placeOf('spec', 'network', 'egressPorts');

function isFine({ protocol, port, endPort }: NetworkPolicyPort): boolean {
  return (
    isProtocol(protocol) && (port === undefined || isPort(port)) && (endPort === undefined || isEnd(endPort, port))
  );
}

function isProtocol(protocol: string | undefined): boolean {
  return protocol === undefined || protocols.includes(protocol);
}

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, path: FieldPath): readonly Violation[] {
  const at = (field: string, headline: string, found: string | number): Violation => ({
    path: [...path, field],
    headline,
    detail: `found ${found}`,
  });
  return [
    ...(protocol === undefined || protocols.includes(protocol)
      ? []
      : [{ ...at('protocol', 'the protocol is unknown', protocol), remedy: 'Use TCP, UDP or SCTP.' }]),
    ...(port === undefined || isPort(port) ? [] : [at('port', portHeadline(port), port)]),
    ...(endPort === undefined || isEnd(endPort, port) ? [] : [at('endPort', endHeadline(port), endPort)]),
  ];
}

function portHeadline(port: number | string): string {
  return typeof port === 'number' ? 'the port is outside of 1 to 65535' : 'the port is neither a number nor a name';
}

function endHeadline(port: number | string | undefined): string {
  if (typeof port !== 'number') return 'a range of ports needs a port that is a number';
  return 'the range of ports ends below its port, or above 65535';
}

function isPort(port: number | string): boolean {
  return typeof port === 'number' ? isInRange(port) : isPortName(port);
}

function isEnd(endPort: number, port: number | string | undefined): boolean {
  return typeof port === 'number' && endPort >= port && isInRange(endPort);
}

function isInRange(port: number): boolean {
  return port >= 1 && port <= 65535;
}
