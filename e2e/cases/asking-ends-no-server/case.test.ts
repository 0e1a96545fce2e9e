/** @alone it renews our pods. */
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk, list } from '../../harness/kubectl.ts';
import { renewPods } from '../../harness/leader.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a server of the older era that exits when it is asked server/discover', () => {
  const namespace = useNamespace();

  const restarts = async (): Promise<number> => {
    const [pod] = await list({ namespace }, 'pods', 'mcp-server=frail');
    const statuses = pod?.status?.['containerStatuses'] as readonly { readonly restartCount: number }[] | undefined;
    return statuses?.[0]?.restartCount ?? Number.NaN;
  };

  it('is asked it once, and verified by initialize after its restart', async () => {
    await apply(namespace, {
      apiVersion: 'mcp.x-k8s.io/v1beta1',
      kind: 'MCPServer',
      metadata: { name: 'frail' },
      spec: {
        source: { type: 'ContainerImage', containerImage: { ref: imageOf('odd-mcp-server') } },
        config: { port: 8080, arguments: ['8080', 'closes-when-discovered', 'server/discover'] },
        extensions: { verification: { periodSeconds: 5 } },
      },
    });
    const server = await untilCondition(namespace, 'frail', { type: 'Verified', status: 'True' });
    expect(server.status).toMatchObject({
      serverInfo: { name: 'old', protocolVersion: '2025-11-25' },
      extensions: { verification: { era: 'Handshake', image: imageOf('odd-mcp-server') } },
    });
    expect(await restarts()).toBe(1);
  });

  it('is not asked it again by a reconciler that starts later', async () => {
    const asked = async (): Promise<readonly string[]> =>
      (await kubectlOk(['logs', '--namespace', namespace, 'deployment/frail'])).split('\n');
    const handshakes = async (): Promise<number> => (await asked()).filter((line) => line === 'initialize').length;
    // A session is not handed over, so a handshake tells that somebody else asks.
    const before = await handshakes();
    await renewPods();
    await eventually('the new reconciler has asked it', async () => (await handshakes()) > before);
    expect(await asked()).not.toContain('server/discover');
    expect(await restarts()).toBe(1);
    await untilCondition(namespace, 'frail', { type: 'Verified', status: 'True' });
  });
});
