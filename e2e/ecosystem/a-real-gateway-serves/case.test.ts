/**
 * @alone it installs the Gateway API and a controller of it, and the chart with routes.
 * @installs it with routes, before there is a Gateway API.
 * @slow streams last a minute, in which others would be ended; the first time Traefik is built, which takes minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Traefik } from '../../../scripts/cluster/packages/traefik.ts';
import { serviceBeside, type Running } from '../../harness/beside.ts';
import { installChart } from '../../harness/chart.ts';
import { whileBothAreCalling } from '../../harness/client-loop.ts';
import { localCluster } from '../../harness/components.ts';
import { eventually } from '../../harness/eventually.ts';
import { apply, conditionOf, get, kubectlOk, list, type KubeObject } from '../../harness/kubectl.ts';
import { everythingServer, oddServer, untilCondition } from '../../harness/mcp-server.ts';
import { useNamespace } from '../../harness/namespace.ts';
import { node, runInside, startNodePods } from '../../harness/node-pod.ts';
import { untilPodsAre, untilRolledOut } from '../../harness/rollouts.ts';
import { buildTraefik, gatewayClass, gatewayPort, removeGatewayApi, startTraefik } from '../../harness/traefik.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Of a stream: after how many milliseconds something came, and whether it was ended by somebody else. */
interface Stream {
  readonly status: number;
  readonly at: readonly number[];
  readonly isEnded: boolean;
}

/** For a client of the era without sessions. */
const modern = { 'mcp-protocol-version': '2026-07-28', accept: 'application/json, text/event-stream' };

describe('an MCPServer that is published at a Gateway of a real Traefik', () => {
  const namespace = useNamespace();
  const gateways = useNamespace();
  const host = `edge.${gateways}.svc.cluster.local`;
  const root = `http://${host}:${gatewayPort}`;
  let traefik: Traefik;
  let running: Running | undefined;

  const settings = (name: string, more: Readonly<Record<string, string>>): object => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
    data: { 'gateway-name': 'public', 'gateway-namespace': gateways, 'route-hostname': host, ...more },
  });
  const published = (configRef = 'edge'): Fields => ({ gateway: { provider: 'httproute', configRef } });
  const search = (version: string): object =>
    oddServer('search', 'good', {
      config: { port: 8080, path: '/search', arguments: ['8080', 'good'], env: [{ name: 'VERSION', value: version }] },
      ...{ mcp: { stateless: true }, runtime: { replicas: 2 }, ...published() },
    });
  const sessions = (version: string): object =>
    oddServer('sessions', 'keeps-sessions', {
      config: {
        ...{ port: 8080, path: '/sessions', arguments: ['8080', 'keeps-sessions'] },
        env: [{ name: 'VERSION', value: version }],
      },
      ...published(),
    });
  const another = (name: string): object => {
    const config = { port: 8080, path: `/${name}`, arguments: ['8080', 'good'] };
    return oddServer(name, 'good', { config, ...published(name) });
  };
  const gateway = (): object => {
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    const allowedRoutes = { namespaces: { from: 'Selector', selector } };
    const listener = {
      name: 'web',
      protocol: 'HTTP',
      port: gatewayPort,
      hostname: '*.svc.cluster.local',
      allowedRoutes,
    };
    return {
      ...{
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'Gateway',
        metadata: { name: 'public', namespace: gateways },
      },
      spec: { gatewayClassName: gatewayClass, listeners: [listener] },
    };
  };

  beforeAll(async () => {
    traefik = await buildTraefik();
    await installChart({ args: ['--set', 'gateway.httpRoute.enabled=true'] });
    running = await startTraefik(await localCluster(), traefik);
    await apply(gateways, {
      ...{ apiVersion: 'v1', kind: 'List' },
      items: [
        gateway(),
        ...(await serviceBeside({ name: 'edge', namespace: gateways, port: gatewayPort, listensOn: gatewayPort })),
      ],
    });
    await startNodePods(namespace, [{ name: 'client' }]);
    await apply(namespace, settings('edge', {}));
    await apply(namespace, search('1'));
    await apply(namespace, sessions('1'));
    await apply(namespace, everythingServer('everything', published()));
  }, 3_600_000);
  // Whatever happened: the next case finds the cluster as it was.
  afterAll(async () => {
    await running?.stop();
    await installChart();
    await removeGatewayApi(traefik);
  });

  const untilRegistered = (name: string): Promise<KubeObject> =>
    untilCondition(namespace, name, { type: 'GatewayRegistered', status: 'True' });
  /** What the server `elsewhere` is told, by the gateway and not while everybody waits. */
  const untilRefused = async (where: string): Promise<string> => {
    const read = (): Promise<KubeObject | undefined> => get(where, 'mcpservers', 'elsewhere');
    return eventually(
      'the gateway refuses it',
      async () => {
        const { status, message } = conditionOf(await read(), 'GatewayRegistered') ?? {};
        return status === 'False' && message?.includes('does not take') === true && message;
      },
      { describe: async () => (await read())?.status },
    );
  };
  /** The official client, in a pod. */
  const callTool = async (name: string, tool: string, args: object): Promise<unknown> => {
    const url = (await untilRegistered(name)).status?.address?.url ?? '';
    // It is taken a moment before it is served.
    await eventually(`calls for ${name} are led to it`, async () => (await statusOf(url)) !== '404');
    const command = [node, '/app/mcp-client.cjs', url, tool, JSON.stringify(args)];
    return JSON.parse(await kubectlOk(['exec', '--namespace', namespace, 'client', '--', ...command]));
  };
  const statusOf = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    runInside(
      namespace,
      'client',
      `require('node:http').get('${url}', { headers: ${JSON.stringify(headers)} }, (answer) => {
        console.log(answer.statusCode);
        process.exit(0);
      });`,
    );

  it('is registered when the gateway has taken its route, and is said to be where clients reach it', async () => {
    const { status } = await untilRegistered('search');
    expect(status?.address?.url).toBe(`${root}/search`);
    expect(status?.['extensions']).toMatchObject({
      clusterURL: `http://search.${namespace}.svc.cluster.local:8080/search`,
    });
    const route = await get(namespace, 'httproutes.gateway.networking.k8s.io', 'search-gateway-binding');
    expect(route?.status).toMatchObject({
      parents: [
        { controllerName: 'traefik.io/gateway-controller', parentRef: { name: 'public', namespace: gateways } },
      ],
    });
    const binding = await get(namespace, 'mcpgatewaybindings', 'search-gateway-binding');
    expect(binding?.status).toMatchObject({
      url: `${root}/search`,
      conditions: [{ type: 'Registered', status: 'True' }],
    });
  });

  it('answers the official client through it, of the era with sessions', async () => {
    expect(await callTool('everything', 'echo', { message: 'hello' })).toMatchObject({
      result: { content: [{ text: expect.stringContaining('hello') }] },
    });
  });

  it('has nothing published but its path, and that at its host alone', async () => {
    await untilRegistered('search');
    await eventually('the path is published', async () => (await statusOf(`${root}/search`)) === '405');
    expect(await statusOf(`${root}/waits`)).toBe('404');
    expect(await statusOf(`${root}/search`, { host: 'other.svc.cluster.local' })).toBe('404');
  });

  it('takes a request of 4 MiB', async () => {
    const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
    const script = `
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: ${JSON.stringify(params)}, padding: 'x'.repeat(4 * 2 ** 20) });
      const headers = ${JSON.stringify({ ...modern, 'mcp-method': 'tools/list', 'content-type': 'application/json' })};
      fetch('${root}/search', { method: 'POST', headers, body }).then(async (answer) => {
        console.log(answer.status, (await answer.text()).includes('inputSchema'));
      });`;
    expect(await runInside(namespace, 'client', script)).toBe('200 true');
  });

  /** Calls a tool, and leaves after a little more than a minute. */
  const stream = async (tool: string): Promise<Stream> => {
    const headers = { ...modern, 'mcp-method': 'tools/call', 'mcp-name': tool, 'content-type': 'application/json' };
    const script = `
      const begun = Date.now();
      const at = [];
      const options = { method: 'POST', headers: ${JSON.stringify(headers)}, agent: false };
      const request = require('node:http').request('${root}/search', options, (response) => {
        const leave = (isEnded) => {
          console.log(JSON.stringify({ status: response.statusCode, at, isEnded }));
          process.exit(0);
        };
        response.setEncoding('utf8').on('data', () => at.push(Date.now() - begun));
        response.on('end', () => leave(true)).on('error', () => leave(true));
        setTimeout(() => leave(false), 65e3);
      });
      request.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: '${tool}', arguments: {} } }));`;
    return JSON.parse(await runInside(namespace, 'client', script)) as Stream;
  };
  const openStreams = async (): Promise<number> => {
    const pods = await list({ namespace }, 'pods', 'mcp-server=search');
    const script = `fetch('http://127.0.0.1:8080/streams').then(async (answer) => console.log(await answer.text()));`;
    const counts = await Promise.all(pods.map(({ metadata }) => runInside(namespace, metadata.name, script)));
    return counts.reduce((sum, count) => sum + Number(count), 0);
  };

  it('streams for more than a minute, also when it is silent, and learns that a client has left', async () => {
    await untilRegistered('search');
    const both = Promise.all([stream('ticks'), stream('waits')]);
    await eventually('both streams are open', async () => (await openStreams()) === 2);
    const [ticks, waits] = await both;
    expect(ticks).toMatchObject({ status: 200, isEnded: false });
    expect(ticks.at.length).toBeGreaterThan(50);
    // Nothing is kept back until there is more of it.
    expect(ticks.at[0]).toBeLessThan(5_000);
    expect(waits).toMatchObject({ status: 200, isEnded: false, at: [expect.any(Number)] });
    await eventually('the server has no stream any more', async () => (await openStreams()) === 0, {
      withinMs: 10_000,
    });
  });

  it('loses no call while it is replaced by a new version, of either era', async () => {
    await untilRegistered('sessions');
    const urls = { stateless: `${root}/search`, sessions: `${root}/sessions` };
    const calls = await whileBothAreCalling({ namespace, pod: 'client' }, urls, async () => {
      await apply(namespace, search('2'));
      await apply(namespace, sessions('2'));
      await untilRolledOut(namespace, 'search');
      await untilRolledOut(namespace, 'sessions');
      await untilPodsAre(namespace, 'search', 2);
      await untilPodsAre(namespace, 'sessions', 1);
    });
    expect([calls.stateless.failures, calls.sessions.failures]).toEqual([[], []]);
    expect(Math.min(calls.stateless.answered, calls.sessions.answered)).toBeGreaterThan(20);
    expect(calls.sessions.sessions).toBeGreaterThan(1);
  });

  it('is told in its words which host the gateway does not take, and is registered when that is corrected', async () => {
    await apply(namespace, settings('elsewhere', { 'route-hostname': 'mcp.example.com' }));
    await apply(namespace, another('elsewhere'));
    expect(await untilRefused(namespace)).toMatch(
      /does not take HTTPRoute elsewhere-gateway-binding: .*NoMatchingListener/,
    );
    await apply(namespace, settings('elsewhere', {}));
    expect((await untilRegistered('elsewhere')).status?.address?.url).toBe(`${root}/elsewhere`);
  });

  it('is told that the gateway admits no routes of its namespace', async () => {
    await apply(gateways, settings('elsewhere', {}));
    await apply(gateways, another('elsewhere'));
    expect(await untilRefused(gateways)).toMatch(
      /does not take HTTPRoute elsewhere-gateway-binding: .*NotAllowedByListeners/,
    );
  });

  it('is not reached there any more when it is deleted', async () => {
    await kubectlOk(['delete', 'mcpserver', 'search', '--namespace', namespace]);
    await eventually('nothing is routed', async () => (await statusOf(`${root}/search`)) === '404');
  });
});
