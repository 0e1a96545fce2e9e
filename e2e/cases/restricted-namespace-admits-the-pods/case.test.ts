import { describe, expect, it } from '@jest/globals';
import { apply, get, list } from '../../harness/kubectl.ts';
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

  it('stores the security defaults with the object, where people can read them', async () => {
    const server = await get(namespace, 'mcpservers', 'search');
    expect(server?.spec).toMatchObject({
      runtime: {
        replicas: 1,
        security: {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      },
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
