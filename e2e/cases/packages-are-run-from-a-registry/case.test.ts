/** @slow a registry of npm and one of PyPI start, and from each a package is fetched, installed and run. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { apply, get, kubectl, kubectlOk } from '../../harness/kubectl.ts';
import { imageOf, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, startNodePods } from '../../harness/node-pod.ts';

const port = 4873;

/** A registry of one kind of packages, and a server from it. */
const kinds = [
  {
    name: 'npx',
    registry: 'npm-registry',
    image: 'node-npm',
    address: { name: 'NPM_CONFIG_REGISTRY', path: '/' },
    command: ['npx', '-y', 'stdio-hello@1.0.0'],
    newest: ['npx', '-y', 'stdio-hello'],
  },
  {
    name: 'uvx',
    registry: 'pypi-registry',
    image: 'python-uv',
    address: { name: 'UV_DEFAULT_INDEX', path: '/simple/' },
    command: ['uvx', 'stdio-hello==1.0.0'],
    newest: ['uvx', 'stdio-hello'],
  },
] as const;
type Kind = (typeof kinds)[number];

/** That of Python is built only where there is one: `npm run test:e2e` says so (scripts/image/python.ts). */
const tried = kinds.filter(({ image }) => image === 'node-npm' || `IMAGE_${image}` in process.env);

describe.each(tried)('a package that is run by $name', (kind) => {
  const namespace = useNamespace();
  const host = `registry.${namespace}.svc`;
  const labels = { app: 'registry' };
  const registryOf = ({ registry }: Kind): object => ({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'registry', labels } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              ...{ name: 'registry', image: imageOf(registry), args: [String(port), host] },
              readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
            },
          ],
        },
      },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'registry' } },
        spec: { selector: labels, ports: [{ port }] },
      },
    ],
  });
  const aServer = ({ image, address }: Kind, name: string, command: readonly string[]): object => ({
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: imageOf(image) } },
      config: { port: 8080, env: [{ name: address.name, value: `http://${host}:${port}${address.path}` }] },
      extensions: { stdio: { command, maxSessions: 4 } },
      runtime: { resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '512Mi' } } },
    },
  });

  beforeAll(async () => {
    await Promise.all([startNodePods(namespace, [{ name: 'client' }]), apply(namespace, registryOf(kind))]);
    await kubectlOk(['wait', '--namespace', namespace, '--for=condition=Ready', '--timeout=300s', 'pod/registry']);
    await apply(namespace, aServer(kind, 'hello', kind.command));
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
    expect((await kubectl(args, aServer(kind, 'newest', kind.newest))).stderr).toContain('[package-version-pinned]');
  });
});
