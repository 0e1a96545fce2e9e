import { defineRule, type Rule } from '../engine/rule.ts';
import { each, join } from '../engine/violations.ts';
import { inside, pathTo, placeOf } from '../mcpserver/place.ts';
import type { Network } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { checkPeer, type PeerLimits } from './parts/limited-peer.ts';
import { addressRange } from './parts/parameter-forms.ts';
import { checkUsable } from './parts/usable-network.ts';

export const networkIngressLimited: Rule = defineRule({
  id: 'network-ingress-limited',
  severity: 'deny',
  isOptIn: true,
  summary: 'A server must name who may reach it, and nobody by "everybody".',
  rationale:
    'Unless spec.network.ingressFrom says otherwise, every pod of the cluster may call a server and use its tools, and so may ' +
    'whatever reaches pods from outside. A list of peers is no limit if it lists all namespaces or all addresses, so those ' +
    'are refused as well: a selector of namespaces has to need a label, and addresses have to be in ranges that the policy ' +
    'lists. So it is with those in spec.extensions.metrics.from, who reach another port of the same pods. Pods of the namespace of the server may always be named. mcp-lifecycle asks servers whether they speak MCP, so a ' +
    'server that is to be verified has a peer for it, too. Whatever Kubernetes refuses a NetworkPolicy for is refused here ' +
    'as well, of destinations, too: a server whose policy is refused has none.',
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
      {
        title: 'every namespace at the port of metrics',
        spec: {
          ...withPeers({ podSelector: {} }),
          extensions: { metrics: { port: 9090, from: [{ namespaceSelector: {} }] } },
        },
      },
      { title: 'a peer that selects nothing, which Kubernetes refuses', spec: withPeers({}) },
      {
        title: 'addresses beside a selector, which Kubernetes refuses',
        spec: withPeers({ ipBlock: { cidr: '10.1.0.0/16' }, podSelector: {} }),
        parameters: { ranges: ['10.0.0.0/8'] },
      },
      {
        title: 'an exception outside of its range, which Kubernetes refuses',
        spec: withPeers({ ipBlock: { cidr: '10.1.0.0/16', except: ['192.168.0.0/16'] } }),
        parameters: { ranges: ['10.0.0.0/8'] },
      },
    ],
  },
  check(input, { ranges, everyNamespace }) {
    const { extensions, network = {} } = input.server.spec;
    const limits = { ranges, refused: [], everyNamespace };
    const readers = extensions?.metrics?.from;
    return join(
      checkUsable(input),
      checkCallers(network, limits),
      each(readers, readersPlace, (peer, at) => checkPeer(peer, at, { ...limits, ports: portPath })),
    );
  },
});

const place = placeOf('spec', 'network', 'ingressFrom');
const metricsPlace = placeOf('spec', 'extensions', 'metrics');
const readersPlace = inside(metricsPlace, 'from');
/** What is there is the server's to say: at another port these peers may find something else than metrics. */
const portPath = pathTo(metricsPlace, 'port');

function checkCallers({ ingressFrom }: Network, limits: PeerLimits): readonly Violation[] {
  if (ingressFrom === undefined || ingressFrom.length === 0) {
    return [{ path: pathTo(place), headline: 'everybody may reach the server', detail: 'found no peers' }];
  }
  return each(ingressFrom, place, (peer, at) => checkPeer(peer, at, limits));
}

function withPeers(...ingressFrom: readonly object[]): Readonly<Record<string, unknown>> {
  return { network: { ingressFrom } };
}
