import type { MCPServer } from '../mcpserver/types.gen.ts';

/** By whom a server relies on its NetworkPolicy: by every word of its author that keeps somebody out, or it in. */
const relied: readonly { readonly path: string; readonly isSaid: (spec: MCPServer['spec']) => boolean }[] = [
  { path: 'spec.network.ingressFrom', isSaid: ({ network }) => isListed(network?.ingressFrom) },
  { path: 'spec.network.egressTo', isSaid: ({ network }) => isListed(network?.egressTo) },
  { path: 'spec.network.egressPorts', isSaid: ({ network }) => isListed(network?.egressPorts) },
  {
    path: 'spec.extensions.network.egressHosts',
    isSaid: ({ extensions }) => isListed(extensions?.network?.egressHosts),
  },
  {
    path: 'spec.extensions.network.posture',
    isSaid: ({ extensions }) => extensions?.network?.posture === 'Restricted',
  },
  { path: 'spec.extensions.metrics.from', isSaid: ({ extensions }) => extensions?.metrics?.from !== undefined },
];

/** A clause for who asked for what the network does not do; of a cluster in which a NetworkPolicy was not enforced. */
export function noticeOnNetwork({ spec }: Pick<MCPServer, 'spec'>): string | undefined {
  const paths = relied.flatMap(({ path, isSaid }) => (isSaid(spec) ? [path] : []));
  if (paths.length === 0) return undefined;
  return `nothing enforced a NetworkPolicy when that was tried in this cluster, so ${paths.join(', ')} may keep nobody out: have a network plugin installed that enforces them`;
}

function isListed(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
