import type { Rule } from '../engine/rule.ts';
import { each, join, none } from '../engine/violations.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { IPBlock, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import { isStrictlyInside, parseCidr } from './parts/cidr.ts';

export const networkPeersValid: Rule = {
  id: 'network-peers-valid',
  severity: 'deny',
  summary: 'Every network peer must be a selector or an address range that Kubernetes understands.',
  rationale:
    'The peers go into a NetworkPolicy as they are. Kubernetes refuses one with a peer that selects nothing, that mixes ' +
    'addresses and selectors, or whose address range cannot be read: the server would run without the isolation that ' +
    'its author asked for.',
  remedy: 'Set podSelector, namespaceSelector or both; or ipBlock alone.',
  examples: {
    accepts: [
      {
        title: 'callers from one namespace',
        spec: {
          network: {
            ingressFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agents' } } }],
          },
        },
      },
      { title: 'every pod of the namespace', spec: { network: { ingressFrom: [{ podSelector: {} }] } } },
      {
        title: 'an address range with an exception',
        spec: { network: { egressTo: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] } },
      },
      { title: 'an IPv6 range', spec: { network: { egressTo: [{ ipBlock: { cidr: 'fd00::/8' } }] } } },
    ],
    rejects: [
      { title: 'a peer that selects nothing', spec: { network: { ingressFrom: [{}] } } },
      {
        title: 'a peer that mixes addresses and selectors',
        spec: { network: { egressTo: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] } },
      },
      { title: 'an address without a length', spec: { network: { egressTo: [{ ipBlock: { cidr: '10.0.0.1' } }] } } },
      {
        title: 'an exception outside its range',
        spec: { network: { egressTo: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['192.168.0.0/16'] } }] } },
      },
      { title: 'a DNS peer that selects nothing', spec: { network: { dnsEgressPeer: {} } } },
      {
        title: 'a reader of metrics that selects nothing',
        spec: { extensions: { metrics: { port: 9090, from: [{}] } } },
      },
    ],
  },
  check({ server }) {
    const { extensions, network = {} } = server.spec;
    const { ingressFrom, egressTo, dnsEgressPeer } = network;
    return join(
      each(extensions?.metrics?.from, metricsPlace, checkPeer, isSelectorAlone),
      each(ingressFrom, ingressPlace, checkPeer, isSelectorAlone),
      each(egressTo, egressPlace, checkPeer, isSelectorAlone),
      dnsEgressPeer === undefined ? none : checkPeer(dnsEgressPeer, dnsPlace),
    );
  },
};

const ingressPlace = placeOf('spec', 'network', 'ingressFrom');
const egressPlace = placeOf('spec', 'network', 'egressTo');
const dnsPlace = placeOf('spec', 'network', 'dnsEgressPeer');
const metricsPlace = placeOf('spec', 'extensions', 'metrics', 'from');

/** Nearly every peer. */
function isSelectorAlone({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer): boolean {
  return ipBlock === undefined && (namespaceSelector !== undefined || podSelector !== undefined);
}

function checkPeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, place: Place): readonly Violation[] {
  const hasSelector = namespaceSelector !== undefined || podSelector !== undefined;
  if (ipBlock === undefined) {
    if (hasSelector) return none;
    return [{ path: pathTo(place), headline: 'the network peer selects nothing', detail: 'found no selector' }];
  }
  if (!hasSelector) return checkBlock(ipBlock, pathTo(place, 'ipBlock'));
  const detail = 'found ipBlock beside a selector';
  return [{ path: pathTo(place), headline: 'the network peer mixes addresses and selectors', detail }];
}

function checkBlock({ cidr, except = [] }: IPBlock, path: FieldPath): readonly Violation[] {
  const remedy = 'Write an address range as address/length, for example 10.0.0.0/8.';
  const outer = parseCidr(cidr);
  if (outer === undefined) {
    const headline = 'the address range cannot be read';
    return [{ path: [...path, 'cidr'], headline, detail: `found '${cidr}'`, remedy }];
  }
  if (except.length === 0) return none;
  return except.flatMap((text, index) => {
    const inner = parseCidr(text);
    if (inner !== undefined && isStrictlyInside(inner, outer)) return [];
    return [
      {
        path: [...path, 'except', index],
        headline: 'the exception is no part of its address range',
        detail: `found '${text}' in '${cidr}'`,
        cause: [cidr],
        remedy: inner === undefined ? remedy : 'Choose a smaller range inside cidr, or remove the exception.',
      },
    ];
  });
}
