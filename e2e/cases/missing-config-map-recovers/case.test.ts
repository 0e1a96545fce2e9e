import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, kubectl } from '../../harness/kubectl.ts';
import { kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an MCPServer whose ConfigMap does not exist', () => {
  const namespace = useNamespace();

  const server = (): object =>
    kubernetesServer('search', {
      config: {
        port: 8080,
        arguments: ['--config', '/etc/mcp-config/config.toml'],
        storage: [{ path: '/etc/mcp-config', source: { type: 'ConfigMap', configMap: { name: 'settings' } } }],
      },
    });

  it('is admitted with a warning that names the ConfigMap', async () => {
    const { code, stderr } = await kubectl(['apply', '--namespace', namespace, '--filename', '-'], server());
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: .*settings/m);
  });

  it('is not accepted, and nothing is started for it', async () => {
    const found = await untilCondition(namespace, 'search', { type: 'Accepted', status: 'False' });
    expect(conditionOf(found, 'Accepted')?.message).toContain('settings');
    expect(await get(namespace, 'deployments', 'search')).toBeUndefined();
  });

  it('becomes Verified without a touch once the ConfigMap is there', async () => {
    await apply(namespace, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { 'config.toml': 'port = "8080"\nread_only = true\n' },
    });
    const found = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(found, 'Accepted')?.status).toBe('True');
    expect(found.metadata.generation).toBe(1);
  });
});
