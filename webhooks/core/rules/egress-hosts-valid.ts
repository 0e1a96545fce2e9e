import type { Rule } from '../engine/rule.ts';
import { shortenMiddle } from '../engine/text.ts';
import { each, join, none } from '../engine/violations.ts';
import { egressHostsOf } from '../mcpserver/egress-hosts.ts';
import { isSubdomain } from '../mcpserver/kubernetes-names.ts';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { EgressHost, MCPServer } from '../mcpserver/types.gen.ts';
import type { Violation } from '../mcpserver/violation.ts';

const reaching = (hosts: readonly (string | object)[], network: object = {}): Readonly<Record<string, unknown>> => ({
  network,
  extensions: {
    network: { egressHosts: hosts.map((host) => (typeof host === 'string' ? { host } : host)) },
  },
});

export const egressHostsValid: Rule = {
  id: 'egress-hosts-valid',
  severity: 'deny',
  stricterIn: 13,
  summary: 'Hosts that a server may reach must be names in DNS, and be what limits it.',
  rationale:
    'They become a CiliumNetworkPolicy, which knows hosts by the names that the server asks DNS for: an address or a URL is ' +
    'never asked for, and opens nothing. A name without a dot is completed by the resolver and asked for as another one. One of ' +
    'the cluster itself leads to pods, which Cilium knows by their labels and not by names: they belong into `egressTo`. And `egressPorts` ' +
    'without `egressTo` open their ports to everybody, so that the hosts would limit nothing.',
  remedy:
    'Write the name of a host in lower case, as api.example.com, or *.example.com for every name with one part more.',
  examples: {
    accepts: [
      { title: 'a server without hosts', spec: { network: { egressPorts: [{ port: 443 }] } } },
      { title: 'hosts', spec: reaching(['api.example.com', { host: '*.search.example.com', ports: [443, 8443] }]) },
      {
        title: 'hosts beside destinations with ports',
        spec: reaching(['api.example.com'], { egressTo: [{ podSelector: {} }], egressPorts: [{ port: 5432 }] }),
      },
    ],
    rejects: [
      { title: 'a URL', spec: reaching(['https://api.example.com']) },
      { title: 'a port in the name', spec: reaching(['api.example.com:8443']) },
      { title: 'an address', spec: reaching(['192.0.2.7']) },
      { title: 'an address of IPv6', spec: reaching(['2001:db8::7']) },
      { title: 'every name', spec: reaching(['*']) },
      { title: 'every name of a top-level domain', spec: reaching(['*.com']) },
      { title: 'an asterisk inside of a name', spec: reaching(['api.*.example.com']) },
      { title: 'every name below a domain, however deep', spec: reaching(['**.example.com']) },
      { title: 'a name without a dot', spec: reaching(['database']) },
      { title: 'capitals', spec: reaching(['API.example.com']) },
      { title: 'a part that is too long', spec: reaching([`${'a'.repeat(64)}.example.com`]) },
      { title: 'a Service', spec: reaching(['search.tools.svc.cluster.local']) },
      {
        title: 'ports that are open to everybody',
        spec: reaching(['api.example.com'], { egressPorts: [{ port: 443 }] }),
      },
    ],
  },
  check({ server, installation }) {
    const hosts = egressHostsOf(server);
    // Nearly every server.
    if (hosts.length === 0) return none;
    const domain = installation?.clusterDomain ?? 'cluster.local';
    return join(
      each(hosts, hostsPlace, (host, place) => checkHost(host, place, domain)),
      checkPorts(server),
    );
  },
};

const hostsPlace = placeOf('spec', 'extensions', 'network', 'egressHosts');

/** Longest name in a message, in characters. */
const maxSaid = 80;

function checkHost({ host }: EgressHost, place: Place, clusterDomain: string): readonly Violation[] {
  const found = { path: pathTo(place, 'host'), detail: `found '${shortenMiddle(host, maxSaid)}'` };
  if (!isUsable(host)) return [{ ...found, headline: 'the host is not usable' }];
  if (!host.endsWith('.svc') && !host.endsWith(`.${clusterDomain}`)) return none;
  const remedy = 'Name its pods in spec.network.egressTo.';
  return [{ ...found, headline: 'the host is in the cluster, where it is known by labels only', remedy }];
}

/** Not only digits at the end: that is an address. */
const lastPart = /\.[a-z0-9-]*[a-z-][a-z0-9-]*$/;

function isUsable(host: string): boolean {
  const isWildcard = host.startsWith('*.');
  const name = isWildcard ? host.slice(2) : host;
  return isSubdomain(name) && lastPart.test(name) && name.split('.').every(({ length }) => length <= 63);
}

function checkPorts({ spec: { network = {} } }: MCPServer): readonly Violation[] {
  const { egressPorts = [], egressTo = [] } = network;
  if (egressPorts.length === 0 || egressTo.length > 0) return none;
  return [
    {
      path: ['spec', 'network', 'egressPorts'],
      headline: 'these ports are open to everybody, so egressHosts limit nothing',
      detail: 'found no egressTo beside egressPorts and egressHosts',
      remedy: 'Write the ports of hosts in egressHosts, or name in egressTo where these ports are for.',
    },
  ];
}
