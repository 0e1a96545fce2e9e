import { defineRule, type Rule } from '../engine/rule.ts';
import { patternsOf } from '../engine/name-patterns.ts';
import { shortenMiddle } from '../engine/text.ts';
import { each, join, none } from '../engine/violations.ts';
import { egressHostsOf } from '../mcpserver/egress-hosts.ts';
import { inside, pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { EgressHost, MCPServer, NetworkPolicyPeer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { isInRanges, parseRange, rangesOf } from './parts/address-ranges.ts';
import { checkPeer, nameOfNamespace, type PeerLimits } from './parts/limited-peer.ts';
import { listed } from './parts/listed.ts';
import { addressRange, dnsServer, hostname, maxPatterns } from './parts/parameter-forms.ts';
import { checkUsable } from './parts/usable-network.ts';

const toDatabase = { podSelector: { matchLabels: { app: 'database' } } };
const toEverything = { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32', '100.100.100.200/32'] } };

export const networkEgressLimited: Rule = defineRule({
  id: 'network-egress-limited',
  severity: 'deny',
  isOptIn: true,
  stricterIn: 15,
  summary: 'A server must name what it may reach, and nothing by "everything".',
  rationale:
    'A model that is talked into it, or a server with a bug, sends what it knows wherever the network lets it: to the ' +
    'internet, to other teams, to the metadata service of the cloud, which hands out the credentials of the node. Unless ' +
    'spec.network.egressTo says otherwise, that is everywhere; ports alone (egressPorts) are no destination. As for callers, ' +
    'a selector of namespaces has to need a label, and addresses have to be in ranges that the policy lists. Whoever allows ' +
    'the whole internet still keeps what is refused out of it: such addresses have to be excepted. DNS to anywhere stays open ' +
    'unless dnsEgressPeer or hosts are set, and can carry data away; a policy can ask for it. Hosts (egressHosts) have to be in its list: who ' +
    'has a name in DNS says at which addresses it is, those of the metadata service included. So does whoever is asked: a server of ' +
    'the author would say it of any host, so beside hosts dnsEgressPeer has to be where the policy believes it. Whatever Kubernetes refuses a NetworkPolicy ' +
    'for is refused here as well, of callers, too: a server whose policy is refused has none.',
  remedy: 'Name the destinations in spec.network.egressTo.',
  parameters: {
    hosts: {
      type: 'strings',
      form: hostname,
      maxItems: maxPatterns,
      default: [],
      help: 'Hosts that `spec.extensions.network.egressHosts` may name, or globs of them: `*.example.com`. None by default.',
    },
    dnsServers: {
      type: 'strings',
      form: dnsServer,
      default: ['kube-system'],
      help: 'Whose answers are believed of hosts: namespaces, and address ranges (which have to be in `ranges`, too), in which `dnsEgressPeer` must be beside `egressHosts`.',
    },
    ranges: {
      type: 'strings',
      form: addressRange,
      default: [],
      help: 'Address ranges in which destinations that are named by address must be. None by default: destinations are named by selectors.',
    },
    refused: {
      type: 'strings',
      form: addressRange,
      // Metadata services: most clouds, AWS over IPv6, Alibaba Cloud.
      default: ['169.254.169.254/32', 'fd00:ec2::254/128', '100.100.100.200/32'],
      help: 'Address ranges that no destination may hold unless it excepts them. By default the metadata services of clouds.',
    },
    everyNamespace: {
      type: 'boolean',
      default: false,
      help: 'Whether destinations may be in any namespace, chosen by the labels of their pods or not at all.',
    },
    dnsPeer: {
      type: 'boolean',
      default: false,
      help: 'Whether dnsEgressPeer has to be set, so that names are asked of the DNS server of the cluster only.',
    },
  },
  examples: {
    accepts: [
      { title: 'pods of the same namespace', spec: withNetwork({ egressTo: [toDatabase] }) },
      {
        title: 'pods of another namespace at one port',
        spec: withNetwork({
          egressTo: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'databases' } } }],
          egressPorts: [{ port: 5432 }],
        }),
      },
      {
        title: 'the internet without the metadata services, where the policy lists it',
        spec: withNetwork({ egressTo: [toEverything] }),
        parameters: { ranges: ['0.0.0.0/0'] },
      },
      {
        title: 'the DNS server of the cluster',
        spec: withNetwork({
          egressTo: [toDatabase],
          dnsEgressPeer: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
        }),
        parameters: { dnsPeer: true },
      },
      {
        title: 'hosts that the policy lists',
        spec: withHosts('api.example.com', '*.search.example.com'),
        parameters: { hosts: ['api.example.com', '*.search.example.com'], dnsPeer: true },
      },
      {
        title: 'hosts asked of a DNS server that the policy believes',
        spec: {
          ...withHosts('api.example.com'),
          ...withNetwork({
            dnsEgressPeer: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } },
          }),
        },
        parameters: { hosts: ['api.example.com'], dnsServers: ['openshift-dns'] },
      },
    ],
    rejects: [
      { title: 'a server that may reach everything' },
      { title: 'a host, where the policy lists none', spec: withHosts('api.example.com') },
      {
        title: 'more hosts than the policy lists',
        spec: withHosts('*.example.com'),
        parameters: { hosts: ['api.example.com', '*.search.example.com'] },
      },
      {
        title: 'hosts asked of pods of the author, who would say that they are anywhere',
        spec: {
          ...withHosts('api.example.com'),
          ...withNetwork({ dnsEgressPeer: { podSelector: { matchLabels: { app: 'dns' } } } }),
        },
        parameters: { hosts: ['api.example.com'] },
      },
      { title: 'ports alone', spec: withNetwork({ egressPorts: [{ port: 443 }] }) },
      { title: 'every namespace', spec: withNetwork({ egressTo: [toDatabase, { namespaceSelector: {} }] }) },
      { title: 'addresses, where the policy lists none', spec: withNetwork({ egressTo: [toEverything] }) },
      {
        title: 'the internet with the metadata services',
        spec: withNetwork({ egressTo: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }),
        parameters: { ranges: ['0.0.0.0/0'] },
      },
      {
        title: 'a metadata service itself',
        spec: withNetwork({ egressTo: [{ ipBlock: { cidr: '169.254.169.254/32' } }] }),
        parameters: { ranges: ['0.0.0.0/0'] },
      },
      {
        title: 'a metadata service as an IPv6 address',
        spec: withNetwork({ egressTo: [{ ipBlock: { cidr: '::ffff:169.254.169.254/128' } }] }),
        parameters: { ranges: ['0.0.0.0/0', '::/0'] },
      },
      {
        title: 'DNS to anywhere, where the policy wants to know to whom',
        spec: withNetwork({ egressTo: [toDatabase] }),
        parameters: { dnsPeer: true },
      },
      { title: 'a peer that selects nothing, which Kubernetes refuses', spec: withNetwork({ egressTo: [{}] }) },
      {
        title: 'addresses beside a selector, which Kubernetes refuses',
        spec: withNetwork({ egressTo: [{ ipBlock: { cidr: '10.1.0.0/16' }, podSelector: {} }] }),
        parameters: { ranges: ['10.0.0.0/8'] },
      },
      {
        title: 'a range of ports that ends before it begins, which Kubernetes refuses',
        spec: withNetwork({ egressTo: [toDatabase], egressPorts: [{ port: 443, endPort: 80 }] }),
      },
    ],
  },
  check(input, { hosts, dnsServers, ranges, refused, everyNamespace, dnsPeer }) {
    const { server } = input;
    const limits = { ranges, refused, everyNamespace };
    return join(
      checkUsable(input),
      checkDns(server, limits, dnsPeer),
      checkBelieved(server, dnsServers),
      each(egressHostsOf(server), hostsPlace, (host, at) => checkHost(host, at, hosts)),
      checkDestinations(server, limits),
    );
  },
});

const place = placeOf('spec', 'network');
const hostsPlace = placeOf('spec', 'extensions', 'network', 'egressHosts');
const dnsPlace = inside(place, 'dnsEgressPeer');
const destinationsPlace = inside(place, 'egressTo');
/** At more ports everybody is reached for more than was found before. */
const ports = pathTo(place, 'egressPorts');

function checkDestinations(server: MCPServer, limits: PeerLimits): readonly Violation[] {
  const { egressTo = [], egressPorts = [] } = server.spec.network ?? {};
  if (egressTo.length > 0) {
    return each(egressTo, destinationsPlace, (peer, at) => checkPeer(peer, at, { ...limits, ports }));
  }
  const hasPorts = egressPorts.length > 0;
  if (!hasPorts && egressHostsOf(server).length > 0) return none;
  return [
    {
      path: pathTo(destinationsPlace),
      headline: hasPorts ? 'the server may reach everybody at some ports' : 'the server may reach everything',
      detail: hasPorts ? 'found egressPorts, and no destinations' : 'found no destinations',
      cause: [hasPorts ? 'ports' : 'none'],
      dependsOn: hasPorts ? [ports] : [],
    },
  ];
}

/** Longest name in a message, in characters. */
const maxSaid = 80;

function checkHost({ host }: EgressHost, at: Place, allowed: readonly string[]): readonly Violation[] {
  if (patternsOf(allowed).has(host)) return none;
  return [
    {
      path: pathTo(at, 'host'),
      headline: 'the host is not allowed here',
      detail: `found '${shortenMiddle(host, maxSaid)}'`,
      dependsOn: [pathTo(at, 'ports')],
      remedy: `Use hosts that the policy lists: ${listed(allowed)}.`,
    },
  ];
}

function checkDns(server: MCPServer, limits: PeerLimits, isWanted: boolean): readonly Violation[] {
  const dnsEgressPeer = server.spec.network?.dnsEgressPeer;
  if (dnsEgressPeer !== undefined) return checkPeer(dnsEgressPeer, dnsPlace, limits);
  // Hosts are asked for of one that is known.
  if (!isWanted || egressHostsOf(server).length > 0) return none;
  const remedy =
    'Set it to the DNS server of the cluster: namespaceSelector and podSelector, as its pods are labelled.';
  return [{ path: pathTo(dnsPlace), headline: 'DNS may go to anywhere', detail: 'found no dnsEgressPeer', remedy }];
}

/** Whoever answers says at which addresses a host is, and these are opened. */
function checkBelieved(server: MCPServer, believed: readonly string[]): readonly Violation[] {
  const peer = server.spec.network?.dnsEgressPeer;
  if (peer === undefined || egressHostsOf(server).length === 0 || isIn(peer, believed)) return none;
  return [
    {
      path: pathTo(dnsPlace),
      headline: 'hosts are asked of a DNS server that is not believed here',
      detail: 'found one that may be elsewhere than the policy lists',
      dependsOn: [pathTo(hostsPlace)],
      remedy: `Leave it out, or choose it by ${nameOfNamespace} or ipBlock where the policy lists it: ${listed(believed)}.`,
    },
  ];
}

function isIn({ ipBlock, namespaceSelector }: NetworkPolicyPeer, places: readonly string[]): boolean {
  if (ipBlock !== undefined) {
    const range = parseRange(ipBlock.cidr);
    return range !== undefined && isInRanges(range, rangesOf(places));
  }
  const { matchLabels, matchExpressions = [] } = namespaceSelector ?? {};
  const named = matchLabels?.[nameOfNamespace];
  const isPlace = (name: string): boolean => places.includes(name);
  return (
    (named !== undefined && isPlace(named)) ||
    matchExpressions.some(
      ({ key, operator, values = [] }) =>
        key === nameOfNamespace && operator === 'In' && values.length > 0 && values.every(isPlace),
    )
  );
}

function withHosts(...hosts: readonly string[]): Readonly<Record<string, unknown>> {
  return { extensions: { network: { egressHosts: hosts.map((host) => ({ host })) } } };
}

function withNetwork(network: object): Readonly<Record<string, unknown>> {
  return { network };
}
