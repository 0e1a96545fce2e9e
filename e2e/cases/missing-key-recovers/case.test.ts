import { describe, expect, it } from '@jest/globals';
import { apply, conditionOf, get, kubectl } from '../../harness/kubectl.ts';
import { imageOf, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';

describe('an MCPServer that uses a key which its ConfigMap does not have', () => {
  const namespace = useNamespace();

  // A short name: where a headline has no room it loses its end, and that is the key.
  const settings = (data: Readonly<Record<string, string>>): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'conf' },
    data,
  });

  const server = (): object =>
    kubernetesServer('search', {
      config: {
        port: 8080,
        arguments: ['--config', '/etc/mcp-config/config.toml'],
        storage: [
          {
            path: '/etc/mcp-config',
            source: {
              type: 'ConfigMap',
              configMap: { name: 'conf', items: [{ key: 'config.toml', path: 'config.toml' }] },
            },
          },
        ],
      },
    });

  it('is admitted with one warning, which names the key', async () => {
    await apply(namespace, settings({ 'config.yaml': '' }));
    const { code, stderr } = await kubectl(['apply', '--namespace', namespace, '--filename', '-'], server());
    expect(code).toBe(0);
    expect(stderr.match(/^Warning: .*conf'.*$/gm)).toEqual([
      expect.stringMatching(/no key 'config\.toml' in ConfigMap 'conf' \[config-map-key-exists\]$/),
    ]);
  });

  it('is not accepted, and nothing is started for it', async () => {
    const found = await untilCondition(namespace, 'search', { type: 'Accepted', status: 'False' });
    expect(conditionOf(found, 'Accepted')?.message).toContain("found 'config.yaml'");
    expect(await get(namespace, 'deployments', 'search')).toBeUndefined();
  });

  it('becomes Verified without a touch once the key is there', async () => {
    await apply(namespace, settings({ 'config.toml': 'port = "8080"\nread_only = true\n' }));
    const found = await untilCondition(namespace, 'search', { type: 'Verified', status: 'True' });
    expect(conditionOf(found, 'Accepted')?.status).toBe('True');
    expect(found.metadata.generation).toBe(1);
  });
});

describe('an MCPServer whose ServiceAccount and pull Secret do not exist', () => {
  const namespace = useNamespace();

  it('is admitted with a warning about each, and accepted', async () => {
    const server = kubernetesServer('search', {
      runtime: { replicas: 0, security: { serviceAccountName: 'nobody' } },
      source: {
        type: 'ContainerImage',
        containerImage: { ref: imageOf('kubernetes-mcp-server'), imagePullSecrets: [{ name: 'registry' }] },
      },
    });
    const { code, stderr } = await kubectl(['apply', '--namespace', namespace, '--filename', '-'], server);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: .*ServiceAccount 'nobody' not found/m);
    expect(stderr).toMatch(/^Warning: .*Secret 'registry' not found/m);
    await untilCondition(namespace, 'search', { type: 'Accepted', status: 'True' });
  });
});
