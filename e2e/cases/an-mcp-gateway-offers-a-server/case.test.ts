/**
 * @alone it installs the chart with other values, and CustomResourceDefinitions of other projects.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installChart } from '../../harness/chart.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectl, kubectlOk, type KubeObject } from '../../harness/kubectl.ts';
import { untilComplete } from '../../harness/leader.ts';
import { imageOf, kubernetesServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node } from '../../harness/node-pod.ts';
import { kindsOfGateways } from './kinds.ts';

const name = 'search-gateway-binding';
const list = { apiVersion: 'v1', kind: 'List', items: kindsOfGateways };

/** Says of each server that it is asked for that it has three tools, and one more that is invalid. */
const broker = `
  require('node:http').createServer((request, response) => {
    const name = request.url.replace('/status/', '');
    const said = { name, ready: true, totalTools: 3, invalidTools: 1, message: 'ok' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  }).listen(8080);`;

describe('an MCPServer at the MCP gateway of Kuadrant, whose kinds, controller and broker are those of this test', () => {
  const namespace = useNamespace();

  const gateway = (): readonly object[] => [
    {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'edge' } },
      spec: {
        listeners: [
          { name: 'mcp', protocol: 'HTTP', port: 80, hostname: 'mcp.example.com' },
          { name: 'mcps', protocol: 'HTTP', port: 8080, hostname: '*.mcp.local' },
        ],
      },
    },
    {
      ...{ apiVersion: 'mcp.kuadrant.io/v1', kind: 'MCPGatewayExtension', metadata: { name: 'tools' } },
      spec: { targetRef: { name: 'edge', sectionName: 'mcp' } },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'mcp-gateway' } },
      spec: { selector: { broker: 'yes' }, ports: [{ port: 8080 }] },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'broker', labels: { broker: 'yes' } } },
      spec: {
        ...{ automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 },
        containers: [{ name: 'node', image: imageOf('mcp-client'), command: [node, '-e', broker] }],
      },
    },
  ];
  const configure = (prefix: string, configMap = 'edge'): Promise<unknown> =>
    apply(namespace, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMap } },
      data: { 'extension-name': 'tools', 'extension-namespace': namespace, 'section-name': 'mcps', prefix },
    });
  const server = (provider: string): object =>
    kubernetesServer('search', { runtime: { replicas: 0 }, gateway: { provider, configRef: 'edge' } });
  const registration = (version = 'v1'): Promise<KubeObject | undefined> =>
    get(namespace, `mcpserverregistrations.${version}.mcp.kuadrant.io`, name);
  const say = async (kind: string, status: object): Promise<void> => {
    const patch = ['--subresource=status', '--type=merge', '--patch', JSON.stringify({ status })];
    await kubectlOk(['patch', kind, name, '--namespace', namespace, ...patch]);
  };
  /** As a controller does for what it finds there. */
  const condition = (type: string, { metadata }: KubeObject): object => ({
    ...{ type, status: 'True', reason: type, message: '', observedGeneration: metadata.generation },
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const untilSaid = (words: string): Promise<KubeObject> =>
    eventually(`GatewayRegistered says: ${words}`, async () => {
      const found = await get(namespace, 'mcpservers', 'search');
      return conditionOf(found, 'GatewayRegistered')?.message.includes(words) === true && found;
    });

  const serveOnly = async (version: string): Promise<void> => {
    const patch = ['v1', 'v1alpha1'].map((one, index) => ({
      ...{ op: 'replace', path: `/spec/versions/${index}/served`, value: one === version },
    }));
    for (const kind of ['mcpserverregistrations', 'mcpgatewayextensions'])
      await kubectlOk(['patch', 'crd', `${kind}.mcp.kuadrant.io`, '--type=json', '--patch', JSON.stringify(patch)]);
  };

  beforeAll(async () => {
    await kubectlOk(['apply', '--server-side', '--force-conflicts', '--filename', '-'], list);
    await installChart({ args: ['--set', 'gateway.httpRoute.enabled=true,gateway.kuadrant.enabled=true'] });
    await untilComplete();
  });
  afterAll(() => kubectlOk(['delete', '--ignore-not-found', '--filename', '-'], list));

  it('is routed and registered there, and told what the gateway offers of it', async () => {
    await apply(namespace, { apiVersion: 'v1', kind: 'List', items: gateway() });
    await configure('search_');
    await apply(namespace, server('kuadrant'));
    const found = await eventually('the registration', async () => (await registration()) ?? false);
    expect(found.spec).toMatchObject({
      ...{ prefix: 'search_', path: '/mcp', state: 'Enabled' },
      targetRef: { kind: 'HTTPRoute', name, namespace },
    });
    const route = await eventually('the route', async () => (await get(namespace, 'httproutes', name)) ?? false);
    expect(route.spec).toMatchObject({
      parentRefs: [{ name: 'edge', namespace, sectionName: 'mcps' }],
      hostnames: ['search.mcp.local'],
    });
    const parentRef = { name: 'edge', namespace, sectionName: 'mcps' };
    await say('httproute', { parents: [{ parentRef, conditions: [condition('Accepted', route)] }] });
    await untilSaid(`MCPServerRegistration ${name}`);
    await say('mcpserverregistration', { conditions: [condition('Ready', found)] });
    const { status } = await untilCondition(namespace, 'search', { type: 'GatewayRegistered', status: 'True' });
    expect(status?.address?.url).toBe('http://mcp.example.com/mcp');
    const { status: counted } = await untilSaid('the gateway offers 3 of its tools, and leaves out 1 that are invalid');
    expect(counted?.['extensions']).toMatchObject({ gateway: { tools: 3, invalidTools: 1 } });
  });

  it('is registered anew with another prefix, which no registration can get', async () => {
    const before = await registration();
    await configure('find_');
    const after = await eventually('the other registration', async () => {
      const found = await registration();
      return found?.spec?.['prefix'] === 'find_' && found;
    });
    expect(after.metadata.uid).not.toBe(before?.metadata.uid);
  });

  it('warns, before it is stored, of a prefix that another server has, which is warned of nothing', async () => {
    const later = kubernetesServer('later', { gateway: { provider: 'kuadrant', configRef: 'edge-later' } });
    const isWarned = async (manifest: object): Promise<boolean> => {
      const args = ['apply', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
      const { code, stderr } = await kubectl(args, manifest);
      expect(code).toBe(0);
      return stderr.includes('another server of the MCP gateway has the prefix');
    };
    await configure('find_', 'edge-later');
    await eventually('a warning of the prefix', () => isWarned(later));
    expect(await isWarned(server('kuadrant'))).toBe(false);
    await configure('later_', 'edge-later');
    await eventually('no warning of a prefix that nobody has', async () => !(await isWarned(later)));
  });

  it('is told of a prefix that another server of the gateway has, until the gateway takes it', async () => {
    const found = await eventually('the registration', async () => (await registration()) ?? false);
    const refused = { status: 'False', reason: 'PrefixConflict', message: 'find_ is taken' };
    await say('mcpserverregistration', { conditions: [{ ...condition('Ready', found), ...refused }] });
    await untilSaid(`The MCP gateway does not take MCPServerRegistration ${name}: find_ is taken (PrefixConflict)`);
    await untilCondition(namespace, 'search', { type: 'GatewayRegistered', status: 'False' });
    await say('mcpserverregistration', { conditions: [condition('Ready', found)] });
    await untilCondition(namespace, 'search', { type: 'GatewayRegistered', status: 'True' });
  });

  it.each([
    ['v1alpha1', 'older_'],
    ['v1', 'newer_'],
  ])('is registered where the gateway serves %s alone', async (version, prefix) => {
    await serveOnly(version);
    await configure(prefix);
    await eventually(`the registration of ${version}`, async () => {
      return (await registration(version))?.spec?.['prefix'] === prefix;
    });
    await untilSaid(`MCPServerRegistration ${name}`);
  });

  it('loses its registration with another provider', async () => {
    await apply(namespace, server('example.com/edge'));
    await eventually('registration and route are gone', async () => {
      const left = [await registration(), await get(namespace, 'httproutes', name)];
      return left.every((one) => one === undefined);
    });
  });
});
