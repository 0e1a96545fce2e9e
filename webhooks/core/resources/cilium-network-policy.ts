import { dnsPeerOf, egressHostsOf } from '../mcpserver/egress-hosts.ts';
import { candidateLabels, selectorLabels } from '../mcpserver/names.ts';
import type { EgressHost, LabelSelector, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import { asCandidate } from './candidate.ts';
import { childMetadata } from './child-metadata.ts';
import { compact } from './compact.ts';
import type { ExpandedKind, KubernetesObject, Trouble } from './expanded-kind.ts';
import { fieldsIn, listIn, textIn } from './raw-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where a host is called unless it says otherwise. */
const httpsPort = 443;

/**
 * Opens the hosts that the NetworkPolicy of the server, which closes everything else, cannot name. Cilium lets through what
 * either of them allows (https://docs.cilium.io/en/stable/security/policy/intro/#rule-basics), so this one holds nothing but the
 * hosts, and DNS for the very peer for which the NetworkPolicy opens it. Hosts are known by the answers to DNS that Cilium
 * reads, which takes a rule for DNS (https://docs.cilium.io/en/stable/security/policy/layer3/#dns-based); beside the
 * NetworkPolicy, which opens the same port without one, its names would limit nothing
 * (https://docs.cilium.io/en/stable/security/policy/layer7/), so it has every name.
 */
export const ciliumNetworkPolicy: ExpandedKind = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  plural: 'ciliumnetworkpolicies',
  summary: 'Lets the pods of the server reach hosts by their names.',
  requirement: {
    feature: 'egressHosts',
    install: 'run Cilium as the network of the cluster',
    // Agents write one for their node; CustomResourceDefinitions outlive them.
    evidence: 'ciliumnodes',
    asking: {
      condition: 'EgressHostsOpened',
      path: ['spec', 'extensions', 'network', 'egressHosts'],
      isAskedFor: (server) => egressHostsOf(server).length > 0,
      caveat: () => undefined,
    },
  },
  wanted: 'sometimes',
  unavailable: {
    reason: 'CiliumNetworkPolicyUnavailable',
    order: 21,
    eventAction: 'CiliumNetworkPolicyReconcileFailed',
  },
  trouble: { reason: 'PolicyRefused', eventAction: 'EgressCheck', read: readTrouble, remedyOf: () => undefined },
  build: (input) => {
    const { server } = input;
    const hosts = egressHostsOf(server);
    const dns = dnsPeerOf(server);
    if (hosts.length === 0 || dns === undefined) return [];
    const serving: KubernetesObject = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: childMetadata(server),
      spec: {
        endpointSelector: { matchLabels: selectorLabels(server) },
        egress: [buildDns(dns), ...hosts.map(buildHost)],
      },
    };
    const ofCandidate = { endpointSelector: { matchLabels: candidateLabels(server) } };
    return [serving, ...asCandidate(input, serving, (spec) => ({ ...spec, ...ofCandidate }))];
  },
};

function buildDns(peer: NetworkPolicyPeer): Fields {
  const ports = ['UDP', 'TCP'].map((protocol) => ({ port: '53', protocol }));
  return { ...toPeer(peer), toPorts: [{ ports, rules: { dns: [{ matchPattern: '*' }] } }] };
}

function buildHost({ host, ports = [httpsPort] }: EgressHost): Fields {
  return {
    toFQDNs: [host.startsWith('*.') ? { matchPattern: host } : { matchName: host }],
    toPorts: [{ ports: ports.map((port) => ({ port: String(port), protocol: 'TCP' })) }],
  };
}

/** A peer of a NetworkPolicy as Cilium itself reads it. Without a selector of namespaces it is in the namespace of the policy. */
function toPeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer): Fields {
  if (ipBlock !== undefined) return { toCIDRSet: [compact({ cidr: ipBlock.cidr, except: ipBlock.except })] };
  const ofNamespace = prefixed(namespaceSelector, 'k8s:io.cilium.k8s.namespace.labels.');
  const ofPod = prefixed(podSelector, 'k8s:');
  const expressions = [...ofNamespace.expressions, ...ofPod.expressions];
  const isAnywhere =
    namespaceSelector !== undefined && Object.keys(ofNamespace.labels).length + ofNamespace.expressions.length === 0;
  const anywhere = { key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' };
  const matchExpressions = isAnywhere ? [anywhere, ...expressions] : expressions;
  return { toEndpoints: [compact({ matchLabels: { ...ofNamespace.labels, ...ofPod.labels }, matchExpressions })] };
}

function prefixed({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}, prefix: string) {
  return {
    labels: Object.fromEntries(Object.entries(matchLabels).map(([key, value]) => [`${prefix}${key}`, value])),
    expressions: matchExpressions.map((one) => ({ ...one, key: `${prefix}${one.key}` })),
  };
}

/** The operator of Cilium says so since 1.16; before, nobody does. */
function readTrouble(object: unknown): Trouble | undefined {
  const found = listIn(fieldsIn(object, 'status'), 'conditions').find((one) => textIn(one, 'type') === 'Valid');
  if (textIn(found, 'status') !== 'False') return undefined;
  return {
    cause: textIn(found, 'reason'),
    message: textIn(found, 'message'),
    since: textIn(found, 'lastTransitionTime'),
  };
}
