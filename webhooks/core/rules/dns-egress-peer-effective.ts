import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { egressHostsOf } from '../mcpserver/egress-hosts.ts';

export const dnsEgressPeerEffective: Rule = {
  id: 'dns-egress-peer-effective',
  severity: 'warn',
  summary: 'A dnsEgressPeer should come with egressTo or egressPorts, without which it has no effect.',
  rationale:
    'The NetworkPolicy of a server restricts what its pods may reach only when the spec names destinations or ports. Until ' +
    'then everything may be reached, DNS anywhere included, and a `dnsEgressPeer` is stored and changes nothing: whoever ' +
    'wrote it probably believes that the server is confined.',
  remedy: 'Name what the server may reach in egressTo or egressPorts, or remove this field.',
  examples: {
    accepts: [
      {
        title: 'a DNS peer beside ports',
        spec: { network: { egressPorts: [{ port: 443 }], dnsEgressPeer: { namespaceSelector: {} } } },
      },
      {
        title: 'a DNS peer beside hosts',
        spec: {
          network: { dnsEgressPeer: { namespaceSelector: {} } },
          extensions: { network: { egressHosts: [{ host: 'api.example.com' }] } },
        },
      },
      { title: 'destinations alone', spec: { network: { egressTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }] } } },
    ],
    rejects: [
      { title: 'a DNS peer alone', spec: { network: { dnsEgressPeer: { namespaceSelector: {} } } } },
      {
        title: 'a DNS peer beside an empty list',
        spec: { network: { egressTo: [], dnsEgressPeer: { namespaceSelector: {} } } },
      },
    ],
  },
  check({ server }) {
    const { network } = server.spec;
    if (network?.dnsEgressPeer === undefined || isFilled(network.egressTo) || isFilled(network.egressPorts))
      return none;
    if (egressHostsOf(server).length > 0) return none;
    return [
      {
        path: ['spec', 'network', 'dnsEgressPeer'],
        headline: 'has no effect without egressTo or egressPorts',
        detail: 'found neither, so everything may be reached',
      },
    ];
  },
};

function isFilled(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
