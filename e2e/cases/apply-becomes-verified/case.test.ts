import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an MCPServer that is applied', () => {
  const namespace = useNamespace();

  it('becomes Verified, Ready and Running, with its address and what the server said about itself', async () => {
    await apply(namespace, kubernetesServer('search'));
    const server = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(server, 'Verified')?.reason).toBe('Verified');
    expect(conditionOf(server, 'Accepted')).toMatchObject({ status: 'True', reason: 'Valid' });
    expect(conditionOf(server, 'Available')).toMatchObject({ status: 'True', reason: 'Available' });
    expect(conditionOf(server, 'Ready')?.status).toBe('True');
    expect(server.status).toMatchObject({
      phase: 'Running',
      deploymentName: 'search',
      serviceName: 'search',
      address: { url: `http://search.${namespace}.svc.cluster.local:8080/mcp` },
      serverInfo: { name: 'kubernetes-mcp-server', capabilities: { tools: true } },
    });
  });

  it('owns a Deployment, a Service and a NetworkPolicy of its name', async () => {
    for (const kind of ['deployments', 'services', 'networkpolicies']) {
      const child = await get(namespace, kind, 'search');
      expect(child?.metadata.labels).toMatchObject({ app: 'mcp-server', 'mcp-server': 'search' });
    }
  });

  it('reads the same in both API versions', async () => {
    const [v1alpha1, v1beta1] = await eventually('nobody writes between two looks', async () => {
      const older = await get(namespace, 'mcpservers.v1alpha1.mcp.x-k8s.io', 'search');
      const newer = await get(namespace, 'mcpservers.v1beta1.mcp.x-k8s.io', 'search');
      return older?.metadata.resourceVersion === newer?.metadata.resourceVersion && ([older, newer] as const);
    });
    expect(v1alpha1?.apiVersion).toBe('mcp.x-k8s.io/v1alpha1');
    expect({ ...v1alpha1, apiVersion: '' }).toEqual({ ...v1beta1, apiVersion: '' });
  });

  it('can be written in the older version and read in the newer one', async () => {
    await apply(namespace, { ...kubernetesServer('older'), apiVersion: 'mcp.x-k8s.io/v1alpha1' });
    await untilCondition(namespace, 'older', { type: 'Verified', status: 'True' });
    const v1beta1 = await get(namespace, 'mcpservers.v1beta1.mcp.x-k8s.io', 'older');
    expect(v1beta1?.spec).toMatchObject({ config: { port: 8080, path: '/mcp' } });
  });

  it('can be edited in the older version, and the change arrives', async () => {
    const change = { spec: { config: { arguments: ['--port', '8080', '--read-only', '--log-level', '1'] } } };
    await kubectlOk([
      ...['patch', 'mcpservers.v1alpha1.mcp.x-k8s.io', 'search', '--namespace', namespace, '--type=merge'],
      ...['--patch', JSON.stringify(change)],
    ]);
    const { metadata } = (await get(namespace, 'mcpservers', 'search')) ?? {};
    expect(metadata?.generation).toBe(2);
    await kubectlOk([
      ...['wait', 'mcpservers.v1alpha1.mcp.x-k8s.io/search', '--namespace', namespace, '--timeout=300s'],
      '--for=jsonpath={.status.observedGeneration}=2',
    ]);
    // Ready speaks of what serves: of the new version once it has been proven, and rolled out.
    await kubectlOk([
      ...['wait', 'mcpservers.v1alpha1.mcp.x-k8s.io/search', '--namespace', namespace, '--timeout=300s'],
      '--for=condition=Ready',
    ]);
    const deployment = await get(namespace, 'deployments', 'search');
    expect(JSON.stringify(deployment?.spec)).toContain('"--log-level","1"');
    await kubectlOk(['rollout', 'status', 'deployment/search', '--namespace', namespace, '--timeout=300s']);
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
  });
});
