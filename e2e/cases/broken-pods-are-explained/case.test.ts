/** @slow a probe that fails is told about a minute after the container has started. */
import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, type KubeObject } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/eventually.ts';
import { kubernetesServer } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an MCPServer whose pods do not get ready', () => {
  const namespace = useNamespace();

  const untilExplained = (name: string, wanted: RegExp): Promise<KubeObject> => {
    const read = (): Promise<KubeObject | undefined> => get(namespace, 'mcpservers', name);
    return eventually(
      `Available says ${String(wanted)}`,
      async () => {
        const server = await read();
        return wanted.test(conditionOf(server, 'Available')?.message ?? '') ? server : undefined;
      },
      // One of them says it a minute after the container has started.
      { withinMs: 300_000, describe: async () => (await read())?.status },
    );
  };

  it('says which field to set when a server that uses the Kubernetes API finds no token, and exits', async () => {
    await apply(namespace, kubernetesServer('tokenless', { runtime: {} }));
    const tokenless = await untilExplained(
      'tokenless',
      /^Container crashing: .*; its log says why .*; or that .* no service account token is mounted: /,
    );
    expect(conditionOf(tokenless, 'Available')?.message).toContain('set spec.runtime.security.serviceAccountName');
  });

  it('says so when no node has room for them', async () => {
    const runtime = {
      security: { serviceAccountName: 'default' },
      resources: { requests: { cpu: '5000' } },
    };
    await apply(namespace, kubernetesServer('huge', { runtime }));
    const huge = await untilExplained('huge', /^Pod cannot be scheduled: .*Insufficient cpu.* \(pod: huge-/);
    expect(huge.status?.phase).toBe('Failed');
  });

  it('says so when they run, and their readiness probe fails for a minute', async () => {
    const readinessProbe = { httpGet: { path: '/mistyped', port: 'mcp' }, periodSeconds: 5 };
    const runtime = { security: { serviceAccountName: 'default' }, health: { readinessProbe } };
    await apply(namespace, kubernetesServer('slow', { runtime }));
    const wanted =
      /^Container not passing health checks: not ready 60 seconds after its start; .*, GET \/mistyped on port 8080 \(spec\.config\.port\),.* \(pod: slow-/;
    await untilExplained('slow', wanted);
  });
});
