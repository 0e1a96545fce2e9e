import type { ApiState, Installation } from '../engine/installation.ts';
import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { egressHostsOf } from '../mcpserver/egress-hosts.ts';
import { ciliumNetworkPolicy } from '../resources/cilium-network-policy.ts';
import { isAsked, lackOf, stateOf } from '../resources/optional-kind.ts';

const reaching = { extensions: { network: { egressHosts: [{ host: 'api.example.com' }] } } };
const installationIn = (state: ApiState): Installation => ({
  ...{ namespace: 'mcp-lifecycle-system', image: 'registry.example.com/mcp-lifecycle:0.1.0' },
  ...{ clusterDomain: 'cluster.local', serviceAccounts: [], secrets: [], podLabels: {} },
  apis: new Map([[ciliumNetworkPolicy.kind, state]]),
});

export const egressHostsEnforced: Rule = {
  id: 'egress-hosts-enforced',
  severity: 'deny',
  stricterIn: 13,
  summary: 'Hosts that a server may reach need a network that knows hosts.',
  rationale:
    'No NetworkPolicy can name a host, so `egressHosts` become a CiliumNetworkPolicy, which Cilium alone obeys. Where the cluster has no such ' +
    'kind, no agent of Cilium has written a CiliumNode, or `egressHosts.enabled` of the chart is off, nothing would open the hosts: the ' +
    'NetworkPolicy of the server closes everything but DNS and `egressTo`, and the server would reach none of them. It is refused instead; ' +
    'nothing more is opened in their place. Should Cilium go later, `EgressHostsOpened=False` says so, and what runs stays closed, ' +
    'as far as another network obeys the NetworkPolicy; other changes of the server are admitted, and other hosts are not: where some got in ' +
    'during the minute until it was noticed, the ones of before are other hosts, too. While nobody could look, nothing is found, and the hosts are ' +
    'closed like everything else; no pod of ours judges before it has looked once.',
  remedy:
    'Set `egressHosts.enabled=true` in the values of the chart, where Cilium is the network of the cluster. Where it is not, or has gone, take spec.extensions.network.egressHosts out ' +
    '(spec.extensions.network as a whole, if nothing else is in it), and name destinations by address or labels in spec.network.egressTo in the same change: without any, everybody can be reached.',
  examples: {
    accepts: [
      { title: 'a server without hosts', installation: installationIn('off') },
      { title: 'hosts where Cilium runs', spec: reaching, installation: installationIn('served') },
    ],
    rejects: [
      { title: 'hosts where the chart has them off', spec: reaching, installation: installationIn('off') },
      { title: 'hosts where no Cilium runs', spec: reaching, installation: installationIn('absent') },
    ],
  },
  check({ server, apis }) {
    if (apis === undefined || egressHostsOf(server).length === 0 || !isAsked(ciliumNetworkPolicy)) return none;
    const lack = lackOf(ciliumNetworkPolicy, stateOf(ciliumNetworkPolicy, apis));
    if (lack?.status !== 'False') return none;
    const { reason, what, fix } = lack;
    return [
      {
        path: ciliumNetworkPolicy.requirement.asking.path,
        headline: 'nothing here opens hosts by their names',
        detail: what,
        remedy: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}, or name destinations in spec.network.egressTo instead.`,
        cause: [reason],
      },
    ];
  },
};
