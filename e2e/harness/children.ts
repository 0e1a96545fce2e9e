import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { list } from './kubectl.ts';

/** Longer than a controller that has seen a change needs to write its share of it, in milliseconds. */
const settledMs = 5_000;

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

/** The fingerprint to compare with later, once nobody writes any more: a server is Verified before the last of them has. */
export function settledFingerprint(namespace: string): Promise<readonly string[]> {
  return eventually(`the objects of ${namespace} stay as they are`, async () => {
    const before = await fingerprint(namespace);
    await sleep(settledMs);
    const after = await fingerprint(namespace);
    return before.length > 0 && before.join() === after.join() ? after : undefined;
  });
}
