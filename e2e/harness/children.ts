import { list } from './kubectl.ts';

/**
 * Every object that runs for the MCPServers of a namespace, and the MCPServers: `Kind/name uid resourceVersion`. Equal
 * lists mean that nothing was replaced, restarted or written in between.
 */
export async function fingerprint(namespace: string): Promise<readonly string[]> {
  const ours = await list({ namespace }, 'deployments,services,networkpolicies,pods', 'app=mcp-server');
  const servers = await list({ namespace }, 'mcpservers');
  return [...ours, ...servers]
    .map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .sort();
}
