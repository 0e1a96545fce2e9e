import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, kubectlOk, list } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const children = 'deployments,replicasets,pods,services,networkpolicies';

describe('an MCPServer that is deleted', () => {
  const namespace = useNamespace();

  it('takes everything that it was expanded into with it', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect((await list({ namespace }, children, 'mcp-server=search')).length).toBeGreaterThanOrEqual(5);
    await kubectlOk(['delete', 'mcpserver', 'search', '--namespace', namespace]);
    await eventually('no child is left', async () => (await list({ namespace }, children)).length === 0, {
      describe: () => list({ namespace }, children),
    });
  });
});
