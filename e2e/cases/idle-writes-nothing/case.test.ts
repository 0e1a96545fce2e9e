import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { apply, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Longer than any retry or resync that could hide in the reconciler at this stage. */
const quietMs = 30_000;

describe('a verified MCPServer that nobody changes', () => {
  const namespace = useNamespace();

  const versions = async (): Promise<Readonly<Record<string, string>>> => {
    const objects = await list({ namespace }, 'mcpservers,deployments,services,networkpolicies');
    return Object.fromEntries(
      objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion]),
    );
  };

  it('is not written, and neither is what it was expanded into', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    // The Deployment's controller writes its own status a moment after the pod is ready.
    await sleep(3_000);
    const before = await versions();
    expect(Object.keys(before)).toHaveLength(4);
    await sleep(quietMs);
    expect(await versions()).toEqual(before);
  });
});
