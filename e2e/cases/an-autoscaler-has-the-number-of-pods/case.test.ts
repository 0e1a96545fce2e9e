import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { conditionOf, get, kubectl, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition, untilObserved } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** What is in Git: nothing of replicas. */
const scaled = (autoscaling: object | undefined, spec: Readonly<Record<string, unknown>> = {}): object =>
  kubernetesServer('search', {
    mcp: { stateless: true },
    ...(autoscaling === undefined ? {} : { extensions: { autoscaling } }),
    ...spec,
  });

describe('a server with spec.extensions.autoscaling', () => {
  const namespace = useNamespace();
  const inNamespace = ['--namespace', namespace];
  const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', 'search');
  const autoscaler = (): Promise<KubeObject | undefined> => get(namespace, 'horizontalpodautoscalers', 'search');
  /** As Flux and Argo CD do. */
  const applyFromGit = (manifest: object): Promise<string> =>
    kubectlOk(['apply', '--server-side', '--field-manager=gitops', ...inNamespace, '--filename', '-'], manifest);
  /** As an autoscaler does it: without a metrics-server the real one cannot count anything. */
  const scale = (replicas: number): Promise<string> =>
    kubectlOk(['scale', 'mcpserver', 'search', `--replicas=${replicas}`, ...inNamespace]);
  const untilReplicas = (replicas: number): Promise<unknown> =>
    eventually(`${replicas} pods are ready`, async () => (await read())?.status?.['readyReplicas'] === replicas);

  beforeAll(async () => {
    await applyFromGit(scaled({ minReplicas: 1, maxReplicas: 3 }));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  it('has an autoscaler whose target is the MCPServer, and which reads its scale', async () => {
    await untilCondition(namespace, 'search', { type: 'Autoscaled', status: 'True', reason: 'Applied' });
    expect((await autoscaler())?.spec).toMatchObject({
      scaleTargetRef: { apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', name: 'search' },
      ...{ minReplicas: 1, maxReplicas: 3 },
    });
    await eventually('the controller of the cluster can scale it', async () => {
      const able = conditionOf(await autoscaler(), 'AbleToScale');
      return able?.status === 'True';
    });
  });

  it('keeps the number that the autoscaler has set, however often its manifest is applied, and stays verified', async () => {
    const { lastTransitionTime } = conditionOf(await read(), 'Verified') ?? {};
    await scale(2);
    await untilReplicas(2);
    const before = await untilObserved(namespace, 'search');
    for (let time = 0; time < 2; time += 1) await applyFromGit(scaled({ minReplicas: 1, maxReplicas: 3 }));
    const after = await read();
    expect(after?.metadata.generation).toBe(before.metadata.generation);
    expect(after?.spec).toMatchObject({ runtime: { replicas: 2 } });
    expect(conditionOf(after, 'Verified')).toMatchObject({ status: 'True', lastTransitionTime });
    expect((await get(namespace, 'deployments', 'search'))?.spec).toMatchObject({ replicas: 2 });
  });

  it('keeps it through a rollout', async () => {
    await applyFromGit(scaled({ minReplicas: 1, maxReplicas: 3 }, { extraAnnotations: { 'e2e/version': '2' } }));
    await eventually('the new pods alone serve', async () => {
      const server = await read();
      const { observedGeneration } = conditionOf(server, 'Verified') ?? {};
      return observedGeneration === server?.metadata.generation && conditionOf(server, 'Reconciling') === undefined;
    });
    await untilReplicas(2);
    expect((await read())?.spec).toMatchObject({ runtime: { replicas: 2 } });
  });

  it('is told what this cluster does with zero pods, and refused what could never wake', async () => {
    const { stderr } = await kubectl(
      ['apply', '--server-side', '--field-manager=gitops', '--dry-run=server', ...inNamespace, '--filename', '-'],
      scaled({ minReplicas: 0, maxReplicas: 3 }),
    );
    expect(stderr).toContain('[scale-to-zero-wakes]');
    const external = { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } };
    await applyFromGit(scaled({ minReplicas: 0, maxReplicas: 3, metrics: [{ type: 'External', external }] }));
    if (await scalesToNone()) {
      await eventually('it is taken', async () => (await autoscaler())?.spec?.['minReplicas'] === 0);
      await untilCondition(namespace, 'search', { type: 'Autoscaled', status: 'True', reason: 'Applied' });
    } else {
      const refused = { type: 'Autoscaled', status: 'False', reason: 'HorizontalPodAutoscalerUnavailable' };
      const server = await untilCondition(namespace, 'search', refused);
      expect(conditionOf(server, 'Autoscaled')?.message).toBe(
        `Failed to reconcile HorizontalPodAutoscaler: PATCH horizontalpodautoscalers ${namespace}/search: HorizontalPodAutoscaler.autoscaling "search" is invalid: spec.minReplicas: Invalid value: 0: must be greater than or equal to 1; if it is about minReplicas, this cluster scales nothing to zero (HPAScaleToZero, on by default since Kubernetes 1.37): set it to 1, or scale by KEDA`,
      );
      expect((await autoscaler())?.spec).toMatchObject({ minReplicas: 1 });
    }
    expect(conditionOf(await read(), 'Ready')?.status).toBe('True');
  });

  it('keeps its pods when it is not scaled any more', async () => {
    await applyFromGit(scaled(undefined));
    await eventually('the autoscaler is gone', async () => (await autoscaler()) === undefined);
    expect((await read())?.spec).toMatchObject({ runtime: { replicas: 2 } });
    expect((await get(namespace, 'deployments', 'search'))?.spec).toMatchObject({ replicas: 2 });
  });

  it('is warned of a number in its manifest', async () => {
    const runtime = { replicas: 2, security: { serviceAccountName: 'default' } };
    const { stderr } = await kubectl(
      ['create', '--dry-run=server', ...inNamespace, '--filename', '-'],
      scaled({ maxReplicas: 3 }, { runtime }),
    );
    expect(stderr).toContain('the autoscaler sets it');
  });
});

/** Whether the API server has the feature gate, which Kubernetes 1.37 and newer have by default. */
async function scalesToNone(): Promise<boolean> {
  const metrics = await kubectlOk(['get', '--raw', '/metrics']);
  const [, value] = /^kubernetes_feature_enabled\{name="HPAScaleToZero",[^}]*\} (\d)$/m.exec(metrics) ?? [];
  if (value === undefined) throw new Error('the API server does not say whether it has HPAScaleToZero');
  return value === '1';
}
