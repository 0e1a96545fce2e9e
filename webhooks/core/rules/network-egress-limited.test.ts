import { describe, expect, it } from '@jest/globals';
import type { LabelSelector, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { networkEgressLimited } from './network-egress-limited.ts';

const parameters = {
  ...{ hosts: ['api.example.com'], dnsServers: ['kube-system', 'dns', '169.254.20.10/32'], ranges: ['0.0.0.0/0'] },
  ...{ refused: [], everyNamespace: true, dnsPeer: false },
};

function headlinesOf(dnsEgressPeer: NetworkPolicyPeer, egressHosts = [{ host: 'api.example.com' }]): readonly string[] {
  const extensions = egressHosts.length === 0 ? {} : { extensions: { network: { egressHosts } } };
  const network = { egressTo: [{ podSelector: { matchLabels: { app: 'database' } } }], dnsEgressPeer };
  const server = anMCPServer(withSpec({ network, ...extensions }));
  const facts = { lookUp: () => ({ state: 'missing' }) as const };
  return evaluateRules([networkEgressLimited], { server, facts }, parameters).map(({ headline }) => headline);
}

const unbelieved = ['hosts are asked of a DNS server that is not believed here'];
const label = 'kubernetes.io/metadata.name';
const inNamespace = (namespaceSelector: LabelSelector): NetworkPolicyPeer => ({ namespaceSelector, podSelector: {} });

describe('whose answers about hosts are believed', () => {
  it.each<[string, NetworkPolicyPeer]>([
    ['pods of a listed namespace', inNamespace({ matchLabels: { [label]: 'dns' } })],
    [
      'pods of some listed namespaces',
      inNamespace({ matchExpressions: [{ key: label, operator: 'In', values: ['dns', 'kube-system'] }] }),
    ],
    ['a listed address', { ipBlock: { cidr: '169.254.20.10/32' } }],
  ])('is the policy to say: %s', (_, peer) => {
    expect(headlinesOf(peer)).toEqual([]);
  });

  it.each<[string, NetworkPolicyPeer]>([
    ['pods beside the server', { podSelector: { matchLabels: { app: 'dns' } } }],
    ['pods of another namespace', inNamespace({ matchLabels: { [label]: 'tools' } })],
    ['pods of namespaces by a label that anybody may have', inNamespace({ matchLabels: { dns: 'dns' } })],
    [
      'pods of a listed namespace and of another one',
      inNamespace({ matchExpressions: [{ key: label, operator: 'In', values: ['dns', 'tools'] }] }),
    ],
    [
      'pods of every namespace but a listed one',
      inNamespace({ matchExpressions: [{ key: label, operator: 'NotIn', values: ['dns'] }] }),
    ],
    ['an address that the server may reach, and that is not listed for it', { ipBlock: { cidr: '192.0.2.7/32' } }],
    ['more addresses than are listed', { ipBlock: { cidr: '169.254.20.0/24' } }],
  ])('is not the author to say: %s', (_, peer) => {
    expect(headlinesOf(peer)).toEqual(unbelieved);
    expect(headlinesOf(peer, [])).toEqual([]);
  });
});
