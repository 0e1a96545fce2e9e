import { defineRule, type Rule } from '../engine/rule.ts';
import { each } from '../engine/violations.ts';
import { placeOf } from '../mcpserver/place.ts';
import { checkPeer } from './parts/limited-peer.ts';
import { addressRange } from './parts/parameter-forms.ts';

export const networkIngressLimited: Rule = defineRule({
  id: 'network-ingress-limited',
  severity: 'deny',
  isOptIn: true,
  summary: 'A server must name who may reach it, and nobody by "everybody".',
  rationale:
    'Unless spec.network.ingressFrom says otherwise, every pod of the cluster may call a server and use its tools, and so may ' +
    'whatever reaches pods from outside. A list of peers is no limit if it lists all namespaces or all addresses, so those ' +
    'are refused as well: a selector of namespaces has to need a label, and addresses have to be in ranges that the policy ' +
    'lists. Pods of the namespace of the server may always be named. mcp-lifecycle asks servers whether they speak MCP, so a ' +
    'server that is to be verified has a peer for it, too.',
  remedy: 'Name the callers in spec.network.ingressFrom, and mcp-lifecycle, which verifies the server.',
  parameters: {
    ranges: {
      type: 'strings',
      form: addressRange,
      default: [],
      help: 'Address ranges in which callers that are named by address must be. None by default: callers are named by selectors.',
    },
    everyNamespace: {
      type: 'boolean',
      default: false,
      help: 'Whether callers may be in any namespace, chosen by the labels of their pods or not at all.',
    },
  },
  examples: {
    accepts: [
      {
        title: 'callers of one namespace',
        spec: withPeers({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agents' } } }),
      },
      { title: 'every pod of the same namespace', spec: withPeers({ podSelector: {} }) },
      {
        title: 'addresses that the policy lists',
        spec: withPeers({ ipBlock: { cidr: '10.1.0.0/16' } }),
        parameters: { ranges: ['10.0.0.0/8'] },
      },
      {
        title: 'some pods of all namespaces, where the policy lets it be',
        spec: withPeers({ namespaceSelector: {}, podSelector: { matchLabels: { role: 'agent' } } }),
        parameters: { everyNamespace: true },
      },
    ],
    rejects: [
      { title: 'a server that everybody may reach' },
      { title: 'an empty list, which lets everybody in', spec: withPeers() },
      { title: 'every namespace', spec: withPeers({ namespaceSelector: {} }) },
      {
        title: 'every namespace but one',
        spec: withPeers({
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['guests'] }],
          },
        }),
      },
      {
        title: 'every namespace that has a name',
        spec: withPeers({
          namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] },
        }),
      },
      {
        title: 'addresses outside of those that the policy lists',
        spec: withPeers({ ipBlock: { cidr: '0.0.0.0/0' } }),
        parameters: { ranges: ['10.0.0.0/8'] },
      },
    ],
  },
  check({ server }, { ranges, everyNamespace }) {
    const { ingressFrom } = server.spec.network ?? {};
    if (ingressFrom === undefined || ingressFrom.length === 0) {
      const path = ['spec', 'network', 'ingressFrom'];
      return [{ path, headline: 'everybody may reach the server', detail: 'found no peers' }];
    }
    const limits = { ranges, refused: [], everyNamespace };
    return each(ingressFrom, place, (peer, at) => checkPeer(peer, at, limits));
  },
});

const place = placeOf('spec', 'network', 'ingressFrom');

function withPeers(...ingressFrom: readonly object[]): Readonly<Record<string, unknown>> {
  return { network: { ingressFrom } };
}
