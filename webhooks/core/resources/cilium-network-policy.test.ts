import { describe, expect, it } from '@jest/globals';
import type { EgressHost, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { anMCPServer, withSpec } from '../testing/builders.ts';
import { ciliumNetworkPolicy } from './cilium-network-policy.ts';

const oneHost: EgressHost[] = [{ host: 'api.example.com' }];

function specOf(egressHosts: EgressHost[], dnsEgressPeer?: NetworkPolicyPeer): unknown {
  const network = dnsEgressPeer === undefined ? {} : { network: { dnsEgressPeer } };
  const server = anMCPServer(withSpec({ ...network, extensions: { network: { egressHosts } } }));
  return ciliumNetworkPolicy.build({ server })[0]?.['spec'];
}

describe('CiliumNetworkPolicy', () => {
  it('is there for servers with hosts only', () => {
    expect(specOf([])).toBeUndefined();
    expect(ciliumNetworkPolicy.build({ server: anMCPServer() })).toEqual([]);
  });

  it('opens each host at its ports, and DNS at the server that the NetworkPolicy lets be asked, and nothing else', () => {
    expect(specOf([...oneHost, { host: '*.search.example.com', ports: [443, 8443] }])).toEqual({
      endpointSelector: { matchLabels: { 'mcp-server': 'search' } },
      egress: [
        {
          toEndpoints: [
            {
              matchLabels: {
                'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': 'kube-system',
                'k8s:k8s-app': 'kube-dns',
              },
            },
          ],
          toPorts: [
            {
              ports: [
                { port: '53', protocol: 'UDP' },
                { port: '53', protocol: 'TCP' },
              ],
              rules: { dns: [{ matchPattern: '*' }] },
            },
          ],
        },
        { toFQDNs: [{ matchName: 'api.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
        {
          toFQDNs: [{ matchPattern: '*.search.example.com' }],
          toPorts: [
            {
              ports: [
                { port: '443', protocol: 'TCP' },
                { port: '8443', protocol: 'TCP' },
              ],
            },
          ],
        },
      ],
    });
  });

  const everywhere = { key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' };

  it.each<[what: string, peer: NetworkPolicyPeer, found: object]>([
    [
      'addresses',
      { ipBlock: { cidr: '10.0.0.0/24', except: ['10.0.0.7/32'] } },
      { toCIDRSet: [{ cidr: '10.0.0.0/24', except: ['10.0.0.7/32'] }] },
    ],
    [
      'pods of its own namespace',
      { podSelector: { matchLabels: { app: 'dns' } } },
      { toEndpoints: [{ matchLabels: { 'k8s:app': 'dns' } }] },
    ],
    ['every pod of its own namespace', { podSelector: {} }, { toEndpoints: [{}] }],
    ['every namespace', { namespaceSelector: {} }, { toEndpoints: [{ matchExpressions: [everywhere] }] }],
    [
      'some pods of every namespace',
      { namespaceSelector: {}, podSelector: { matchLabels: { app: 'dns' } } },
      { toEndpoints: [{ matchLabels: { 'k8s:app': 'dns' }, matchExpressions: [everywhere] }] },
    ],
    [
      'namespaces by an expression',
      { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] } },
      {
        toEndpoints: [
          {
            matchExpressions: [{ key: 'k8s:io.cilium.k8s.namespace.labels.team', operator: 'In', values: ['a'] }],
          },
        ],
      },
    ],
  ])('has DNS asked of %s, as the spec says it', (_, peer, found) => {
    expect(specOf(oneHost, peer)).toHaveProperty('egress.0', expect.objectContaining(found));
  });

  it('is there for a candidate too, whose pods it selects', () => {
    const server = anMCPServer(withSpec({ extensions: { network: { egressHosts: oneHost } } }));
    const built = ciliumNetworkPolicy.build({ server, candidateTemplate: 'digest' });
    expect(built).toHaveLength(2);
    const [serving, candidate] = built.map(({ spec }) => spec as { readonly endpointSelector: object });
    expect(candidate?.endpointSelector).not.toEqual(serving?.endpointSelector);
    expect(candidate).toMatchObject({ egress: (serving as { readonly egress?: unknown }).egress });
  });
});

describe('what Cilium says of it', () => {
  const read = (conditions: unknown): unknown => ciliumNetworkPolicy.trouble?.read({ status: { conditions } });
  const refused = { type: 'Valid', status: 'False', reason: 'Invalid', message: 'no', lastTransitionTime: 't' };

  it('is told where it takes the policy for invalid', () => {
    expect(read([refused])).toEqual({ cause: 'Invalid', message: 'no', since: 't' });
  });

  it.each([
    ['nothing', undefined],
    ['that it is valid', [{ ...refused, status: 'True' }]],
    ['something else', [{ ...refused, type: 'Ready' }]],
    ['what is no list', 'Valid'],
  ])('is no trouble when it is %s', (_, conditions) => {
    expect(read(conditions)).toBeUndefined();
  });
});
