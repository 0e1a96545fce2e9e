import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('the scale of an MCPServer', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  const scale = (replicas: number): Promise<string> =>
    kubectlOk(['scale', 'mcpserver', 'search', `--replicas=${replicas}`, '--namespace', namespace]);
  const untilReplicas = (ready: number): Promise<KubeObject> =>
    eventually(`${ready} instances are ready`, async () => {
      const server = await get(namespace, 'mcpservers', 'search');
      const isSo = server?.status?.['readyReplicas'] === ready && server.status['replicas'] === ready;
      return isSo ? server : undefined;
    });

  it('is what an autoscaler reads: how many there are, and which pods they are', async () => {
    const raw = await kubectlOk([
      ...['get', '--raw', `/apis/mcp.x-k8s.io/v1beta1/namespaces/${namespace}/mcpservers/search/scale`],
    ]);
    expect(JSON.parse(raw)).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { replicas: 1, selector: 'mcp-server=search' },
    });
  });

  it('moves the Deployment when it is set with `kubectl scale`', async () => {
    await scale(2);
    await untilReplicas(2);
    expect((await get(namespace, 'deployments', 'search'))?.spec).toMatchObject({ replicas: 2 });
  });

  it('goes to zero and back', async () => {
    await scale(0);
    await untilReplicas(0);
    await untilCondition(namespace, 'search', { type: 'Available', status: 'True', reason: 'ScaledToZero' });
    await scale(1);
    await untilReplicas(1);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('stays as it was set when a manifest that says nothing about it is applied again', async () => {
    await scale(2);
    await untilReplicas(2);
    await apply(namespace, kubernetesServer('search', { extraLabels: { team: 'search' } }));
    await eventually('the change has arrived', async () => {
      const deployment = await get(namespace, 'deployments', 'search');
      return deployment?.metadata.labels?.['team'] === 'search';
    });
    expect((await get(namespace, 'deployments', 'search'))?.spec).toMatchObject({ replicas: 2 });
  });
});
