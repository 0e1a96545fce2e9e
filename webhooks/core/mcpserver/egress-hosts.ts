import type { EgressHost, MCPServer, NetworkPolicyPeer } from './types.gen.ts';

const noHosts: readonly EgressHost[] = [];

/** Hosts that a server may reach by name; none where its egress is not limited to such. */
export function egressHostsOf({ spec }: MCPServer): readonly EgressHost[] {
  return spec.extensions?.network?.egressHosts ?? noHosts;
}

/**
 * The DNS server of most clusters, as kubeadm and the large providers label it. Whose answers are believed is never everybody:
 * a server could ask one of its own, which says that an allowed name is at any address.
 */
const kubeDns: NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
};

/** Whom the server may ask for names while its egress is limited; undefined: everybody. */
export function dnsPeerOf(server: MCPServer): NetworkPolicyPeer | undefined {
  return server.spec.network?.dnsEgressPeer ?? (egressHostsOf(server).length === 0 ? undefined : kubeDns);
}
