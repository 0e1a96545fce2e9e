import { beforeAll, describe, expect, it } from '@jest/globals';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, startNodePods } from '../../harness/node-pod.ts';

describe('a package of npm that is run by npx', () => {
  const namespace = useNamespace();
  const port = 4873;
  const host = `registry.${namespace}.svc`;
  const labels = { app: 'registry' };
  const registry = {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'registry', labels } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'registry', image: imageOf('npm-registry'), args: [String(port), host] }],
        },
      },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'registry' } },
        spec: { selector: labels, ports: [{ port }] },
      },
    ],
  };
  const aServer = (name: string, packaged: string): object => ({
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf('node-npm') } },
      config: { port: 8080, env: [{ name: 'NPM_CONFIG_REGISTRY', value: `http://${host}:${port}/` }] },
      extensions: { stdio: { command: ['npx', '-y', packaged], maxSessions: 4 } },
      runtime: { resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '512Mi' } } },
    },
  });

  beforeAll(async () => {
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, registry)]);
    await kubectlOk(['wait', '--namespace', namespace, '--for=condition=Ready', '--timeout=180s', 'pod/registry']);
    await apply(namespace, aServer('hello', 'stdio-hello@1.0.0'));
  });

  it('is verified, and called in a process of its own, with a home that can be written to', async () => {
    await untilCondition(namespace, 'hello', { type: 'Verified', status: 'True' });
    const url = `http://hello.${namespace}.svc:8080/mcp`;
    const args = ['exec', '--namespace', namespace, 'client', '--', node, '/app/mcp-client.cjs', url, 'hello'];
    expect(JSON.parse(await kubectlOk(args))).toMatchObject({
      server: { name: 'stdio-hello', version: '1.0.0' },
      tools: ['hello'],
      result: { content: [{ text: 'hello from /home/mcp' }] },
    });
    expect((await get(namespace, 'mcpservers', 'hello'))?.status).toMatchObject({ phase: 'Running' });
  });

  it('is warned of without its version', async () => {
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    expect((await kubectl(args, aServer('newest', 'stdio-hello'))).stderr).toContain('[package-version-pinned]');
  });
});
