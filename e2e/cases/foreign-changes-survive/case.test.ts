import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, kubectlOk } from '../../harness/kubectl.ts';
import { imageOf, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

/** Longer than the reconciler needs to take something away. */
const settledMs = 3_000;

interface DeploymentSpec {
  readonly replicas: number;
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: { readonly containers: readonly { readonly name: string; readonly args?: readonly string[] }[] };
  };
}

describe('what others do to the children of an MCPServer', () => {
  const namespace = useNamespace();

  beforeAll(async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  const deployment = async (): Promise<DeploymentSpec> => {
    const found = await get(namespace, 'deployments', 'search');
    // What a Deployment's spec holds is as apps/v1 says.
    return found?.spec as unknown as DeploymentSpec;
  };
  const rolledOut = (): Promise<string> =>
    kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
  const patch = (change: object): Promise<string> =>
    kubectlOk([
      ...['patch', 'deployment', 'search', '--namespace', namespace, '--type=strategic'],
      ...['--patch', JSON.stringify(change)],
    ]);

  it('lets `kubectl rollout restart` replace the pods, and does not take it back', async () => {
    await kubectlOk(['rollout', 'restart', 'deployment/search', '--namespace', namespace]);
    await rolledOut();
    await sleep(settledMs);
    const { annotations } = (await deployment()).template.metadata;
    expect(annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
  });

  it('keeps labels and annotations of others, on the Deployment and on its pods', async () => {
    await kubectlOk(['label', 'deployment', 'search', 'owner=platform', '--namespace', namespace]);
    await kubectlOk(['annotate', 'deployment', 'search', 'example.com/note=hello', '--namespace', namespace]);
    await patch({
      spec: { template: { metadata: { labels: { mesh: 'on' }, annotations: { 'example.com/inject': 'true' } } } },
    });
    await rolledOut();
    await sleep(settledMs);
    await expectAllOfIt();
  });

  it('keeps a sidecar that was injected', async () => {
    const sidecar = {
      name: 'sidecar',
      image: imageOf('mcp-client'),
      command: ['/nodejs/bin/node', '-e', 'setInterval(() => undefined, 1e6)'],
    };
    await patch({ spec: { template: { spec: { containers: [sidecar] } } } });
    await rolledOut();
    await sleep(settledMs);
    expect((await deployment()).template.spec.containers.map(({ name }) => name).sort()).toEqual([
      'mcp-server',
      'sidecar',
    ]);
  });

  it('tells of a privilege that such a container has, and who wrote it', async () => {
    const securityContext = { allowPrivilegeEscalation: true };
    await patch({ spec: { template: { spec: { containers: [{ name: 'sidecar', securityContext }] } } } });
    const path = 'spec.template.spec.containers[sidecar].securityContext.allowPrivilegeEscalation';
    const told = await eventually('status names it', async () => {
      const status = (await get(namespace, 'mcpservers', 'search'))?.status as
        | { readonly extensions?: { readonly foreign?: { readonly fields: readonly { readonly path: string }[] } } }
        | undefined;
      return status?.extensions?.foreign?.fields.find((field) => field.path === path);
    });
    expect(told).toEqual({ kind: 'Deployment', path, manager: 'kubectl-patch', state: 'Stays' });
    await rolledOut();
  });

  it('keeps all of that when the MCPServer itself changes', async () => {
    const changed = kubernetesServer('search', {
      config: { port: 8080, arguments: ['--port', '8080', '--read-only', '--log-level', '1'] },
    });
    await apply(namespace, changed);
    await eventually('the change has arrived', async () => {
      const { containers } = (await deployment()).template.spec;
      return containers.find(({ name }) => name === 'mcp-server')?.args?.includes('--log-level');
    });
    await rolledOut();
    await expectAllOfIt();
    expect((await deployment()).template.spec.containers).toHaveLength(2);
    expect((await deployment()).template.metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });

  async function expectAllOfIt(): Promise<void> {
    const found = await get(namespace, 'deployments', 'search');
    expect(found?.metadata.labels).toMatchObject({ owner: 'platform' });
    expect(found?.metadata.annotations).toMatchObject({ 'example.com/note': 'hello' });
    expect((await deployment()).template.metadata).toMatchObject({
      labels: { mesh: 'on' },
      annotations: { 'example.com/inject': 'true' },
    });
  }
});
