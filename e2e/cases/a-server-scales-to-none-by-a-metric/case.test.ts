/**
 * @alone it starts API server and controllers anew, with a feature gate, and its metrics are an API of the whole cluster.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAnewWith } from '../../harness/component-flags.ts';
import { eventually } from '../../harness/eventually.ts';
import { startExternalMetrics, type ExternalMetrics } from '../../harness/external-metrics.ts';
import { conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { renewPods, untilComplete } from '../../harness/leader.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** On by default since Kubernetes 1.37. */
const gate = '--feature-gates=HPAScaleToZero=true';

/** What is in Git: nothing of replicas. One pod for five tasks that wait. */
const search = kubernetesServer('search', {
  mcp: { stateless: true },
  extensions: {
    autoscaling: {
      ...{ minReplicas: 0, maxReplicas: 4 },
      metrics: [
        {
          type: 'External',
          external: { metric: { name: 'waiting' }, target: { type: 'AverageValue', averageValue: '5' } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  },
});

describe('a server with minReplicas: 0, where the cluster has HPAScaleToZero', () => {
  const namespace = useNamespace();
  let metrics: ExternalMetrics | undefined;
  let startAsBefore: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    await untilComplete();
    startAsBefore = await startAnewWith({
      'kube-apiserver': [gate],
      'kube-controller-manager': [gate, '--horizontal-pod-autoscaler-sync-period=2s'],
    });
    metrics = await startExternalMetrics();
    await metrics.set(5);
    await applyFromGit();
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });
  afterAll(async () => {
    await kubectlOk(['delete', 'mcpserver', '--all', '--namespace', namespace]);
    await metrics?.stop();
    await startAsBefore?.();
    await renewPods();
  });

  const applyFromGit = (): Promise<string> =>
    kubectlOk(
      ['apply', '--server-side', '--field-manager=gitops', '--namespace', namespace, '--filename', '-'],
      search,
    );
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', 'search');
  const autoscaler = (): Promise<KubeObject | undefined> => get(namespace, 'horizontalpodautoscalers', 'search');
  /** Everybody agrees: who scales, the server, its pods. */
  const untilPods = (pods: number): Promise<unknown> =>
    eventually(
      `there are ${pods} pods`,
      async () => {
        const [server, found] = [await read(), await list({ namespace }, 'pods', 'mcp-server=search')];
        return (
          (await autoscaler())?.status?.['desiredReplicas'] === pods &&
          (server?.status?.['readyReplicas'] ?? 0) === pods &&
          found.length === pods
        );
      },
      { describe: async () => ({ autoscaler: (await autoscaler())?.status, said: metrics?.said() }) },
    );

  it('has the autoscaler that it asks for', async () => {
    await untilCondition(namespace, 'search', { type: 'Autoscaled', status: 'True', reason: 'Applied' });
    expect((await autoscaler())?.spec).toMatchObject({ minReplicas: 0, maxReplicas: 4 });
  });

  it('has no pods while nothing waits, which is no failure, and stays so when its manifest is applied again', async () => {
    await metrics?.set(0);
    await untilPods(0);
    await untilCondition(namespace, 'search', { type: 'Available', status: 'True', reason: 'ScaledToZero' });
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True', reason: 'ScaledToZero' });
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'Unknown' });
    expect(conditionOf(server, 'Autoscaled')).toMatchObject({ status: 'True', reason: 'Applied' });
    expect(server.spec).toMatchObject({ runtime: { replicas: 0 } });
    expect(server.status?.address?.url).toContain(`search.${namespace}.svc`);
    for (let time = 0; time < 2; time += 1) await applyFromGit();
    expect((await read())?.metadata.generation).toBe(server.metadata.generation);
    expect(conditionOf(await autoscaler(), 'ScalingActive')?.status).toBe('True');
  });

  it('is woken by the metric, with as many pods as there is work for, and verified again', async () => {
    await metrics?.set(12);
    await untilPods(3);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const server = await untilCondition(namespace, 'search', { type: 'Ready', status: 'True', reason: 'Available' });
    expect(server.spec).toMatchObject({ runtime: { replicas: 3 } });
  });

  it('and goes again', async () => {
    await metrics?.set(0);
    await untilPods(0);
    await untilCondition(namespace, 'search', { type: 'Ready', status: 'True', reason: 'ScaledToZero' });
  });
});
