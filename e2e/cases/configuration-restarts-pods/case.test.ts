/** @slow four rollouts, and a moment after each in which no other may follow. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

const annotation = 'mcp.x-k8s.io/config-hash';

/** Longer than a reconciler would need to restart the pods once more. */
const settledMs = 4_000;

describe('the configuration that an MCPServer references', () => {
  const namespace = useNamespace();

  const server = kubernetesServer('search', {
    config: {
      port: 8080,
      arguments: ['--port', '8080', '--read-only'],
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'later', optional: true } }],
      env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } }],
    },
  });
  const configMap = (data: object): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data,
  });
  const secret = (name: string, stringData: object): object => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData },
  });
  const replicaSets = async (): Promise<number> =>
    (await list({ namespace }, 'replicasets', 'mcp-server=search')).length;
  const hash = async (): Promise<string | undefined> =>
    templateOf(await get(namespace, 'deployments', 'search'))[annotation];

  it('gives the pods a digest that does not change by itself', async () => {
    await apply(namespace, configMap({ LEVEL: 'info' }));
    await apply(namespace, secret('token', { value: 'one' }));
    await apply(namespace, server);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(await hash()).toMatch(/^[0-9a-f]{64}$/);
    expect(await replicaSets()).toBe(1);
  });

  it.each<[string, () => Promise<unknown>, number]>([
    ['a value of the ConfigMap changes', () => apply(namespace, configMap({ LEVEL: 'debug' })), 2],
    ['a value of the Secret changes', () => apply(namespace, secret('token', { value: 'two' })), 3],
    ['an optional Secret appears', () => apply(namespace, secret('later', { MORE: 'yes' })), 4],
    ['an optional Secret goes', () => kubectlOk(['delete', 'secret', 'later', '--namespace', namespace]), 4],
  ])('restarts the pods exactly once when %s', async (_, change, wanted) => {
    const before = await hash();
    const revision = await revisionOf();
    await change();
    await eventually('the pods have another digest', async () => (await hash()) !== before);
    await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
    await sleep(settledMs);
    // A digest that was there before comes back with its ReplicaSet.
    expect(await replicaSets()).toBe(wanted);
    expect(await revisionOf()).toBe(revision + 1);
  });

  it('leaves the pods alone when only the labels of a ConfigMap change', async () => {
    const before = await get(namespace, 'deployments', 'search');
    await kubectlOk(['label', 'configmap', 'settings', 'team=search', '--namespace', namespace]);
    await sleep(settledMs);
    expect((await get(namespace, 'deployments', 'search'))?.metadata.generation).toBe(before?.metadata.generation);
  });

  async function revisionOf(): Promise<number> {
    const deployment = await get(namespace, 'deployments', 'search');
    return Number(deployment?.metadata.annotations?.['deployment.kubernetes.io/revision']);
  }
});

function templateOf(deployment: KubeObject | undefined): Readonly<Record<string, string>> {
  // What a Deployment's spec holds is as apps/v1 says.
  const spec = deployment?.spec as
    | { readonly template: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } } }
    | undefined;
  return spec?.template.metadata.annotations ?? {};
}
