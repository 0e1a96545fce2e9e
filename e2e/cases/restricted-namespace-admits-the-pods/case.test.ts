import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../harness/eventually.ts';
import { apply, get, list, type KubeObject } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('a namespace that enforces the restricted Pod Security Standard', () => {
  const namespace = useNamespace({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'latest',
  });

  it('runs an MCPServer that says nothing about security', async () => {
    await apply(namespace, kubernetesServer('search'));
    await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    expect(pods.map((pod) => pod.status?.phase)).toEqual(['Running']);
  });

  it('stores the security defaults that depend on nothing else with the object, where people can read them', async () => {
    const { spec } = (await get(namespace, 'mcpservers', 'search')) ?? {};
    expect(spec?.['runtime']).toEqual({
      replicas: 1,
      security: {
        serviceAccountName: 'default',
        securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      },
    });
  });

  it('runs with all of them, and with what is said about the pod later, which no default of the container hides', async () => {
    const profile = { type: 'Localhost', localhostProfile: 'profiles/search.json' };
    const security = { serviceAccountName: 'default', podSecurityContext: { seccompProfile: profile } };
    await apply(namespace, kubernetesServer('confined', { runtime: { replicas: 0 } }));
    await apply(namespace, kubernetesServer('confined', { runtime: { replicas: 0, security } }));
    const deployment = await eventually('the Deployment has the profile', async () => {
      const found = await get(namespace, 'deployments', 'confined');
      return JSON.stringify(found?.spec).includes('Localhost') ? found : undefined;
    });
    const { containers, securityContext } = podOf(deployment);
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: profile });
    expect(containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    });
  });

  it('leaves the stored object alone when the same manifest is applied again', async () => {
    const before = await get(namespace, 'mcpservers', 'search');
    await apply(namespace, kubernetesServer('search'));
    const after = await get(namespace, 'mcpservers', 'search');
    expect(after?.metadata.generation).toBe(before?.metadata.generation);
  });

  it('takes a probe and a limit that are applied later as they are, and not on top of its defaults', async () => {
    const runtime = {
      security: { serviceAccountName: 'default' },
      resources: { limits: { cpu: '1', memory: '48Mi' } },
      health: { readinessProbe: { httpGet: { path: '/healthz', port: 'mcp' } } },
    };
    await apply(namespace, kubernetesServer('search', { runtime }));
    const { spec } = (await get(namespace, 'mcpservers', 'search')) ?? {};
    expect(spec).toMatchObject({ runtime: { resources: runtime.resources, health: runtime.health } });
    expect(JSON.stringify(spec)).not.toContain('tcpSocket');
  });
});

interface Pod {
  readonly securityContext: object;
  readonly containers: readonly { readonly securityContext: object }[];
}

function podOf(deployment: KubeObject): Pod {
  return (deployment.spec as { readonly template: { readonly spec: Pod } }).template.spec;
}
