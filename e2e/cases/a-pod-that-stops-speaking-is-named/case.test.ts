import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list } from '../../harness/kubectl.ts';
import { oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { runInside } from '../../harness/node-pod.ts';

describe('one of two pods that stops speaking MCP while it stays ready', () => {
  const namespace = useNamespace();

  const podNames = async (): Promise<readonly string[]> =>
    (await list({ namespace }, 'pods', 'mcp-server=search')).map(({ metadata }) => metadata.name).sort();

  it('is named in Verified, whichever of the two the Service leads to', async () => {
    const spec = { runtime: { replicas: 2 }, extensions: { verification: { periodSeconds: 5 } } };
    await apply(namespace, oddServer('search', 'good', spec));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    await eventually('both pods serve', async () => {
      return (await get(namespace, 'mcpservers', 'search'))?.status?.['readyReplicas'] === 2;
    });
    const [broken = ''] = await podNames();
    await runInside(namespace, broken, `fetch('http://127.0.0.1:8080/break', { method: 'POST' })`);
    await eventually('the pod is named', async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      const { status, message = '' } = conditionOf(server, 'Verified') ?? {};
      return (
        status === 'False' && message.includes(`1 of 2 pods`) && message.includes(`pod ${broken}: answered HTTP 500`)
      );
    });
  });

  it('is forgotten when it is deleted, and another one takes its place', async () => {
    const [broken = ''] = await podNames();
    await kubectlOk(['delete', 'pod', broken, '--namespace', namespace, '--wait=false']);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const { status } = (await get(namespace, 'mcpservers', 'search')) ?? {};
    expect(JSON.stringify(status)).not.toContain(broken);
  });
});
