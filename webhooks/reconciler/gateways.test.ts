import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { Policy } from '../core/engine/policy.ts';
import { readPolicy } from '../core/policy/read-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import { fixedPolicy } from '../platform/policy/policy-source.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { Gateways } from './gateways.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { ofReplicaSet } from './testing/replica-set.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const bindingPath = '/apis/mcp.x-k8s.io/v1alpha1/namespaces/mcp/mcpgatewaybindings/search-gateway-binding';
const routesApi = '/apis/gateway.networking.k8s.io/v1';
const routePath = `${routesApi}/namespaces/mcp/httproutes/search-gateway-binding`;
const gatewayPath = `${routesApi}/namespaces/gateways/gateways/public`;
const configPath = '/api/v1/namespaces/mcp/configmaps/edge';
const clusterURL = 'http://search.mcp.svc.cluster.local:8080/mcp';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

async function start(
  api: FakeKubeApi,
  features = ['gateway', 'gateway.httpRoute'],
  policy?: Policy,
): Promise<FakeClock> {
  const clock = createFakeClock();
  const stop = startLead({
    ...{ api, clock, features, namespaces: [], version: '1' },
    metrics: createReconcilerMetrics(new Registry()),
    probe: () => Promise.resolve(verified),
    ...(policy === undefined ? {} : { policies: fixedPolicy(policy) }),
  });
  running.push(stop);
  await clock.advance(5_000);
  return clock;
}

function withApis(): FakeKubeApi {
  const api = createFakeKubeApi();
  const list = (name: string) => ({ kind: 'APIResourceList', resources: [{ name }] });
  api.put('/apis/mcp.x-k8s.io/v1alpha1', list('mcpgatewaybindings'));
  api.put(routesApi, list('httproutes'));
  return api;
}

const nextGeneration = (api: FakeKubeApi, path = serverPath): number => {
  const { metadata } = api.get(path) ?? {};
  return ((metadata as { readonly generation?: number } | undefined)?.generation ?? 0) + 1;
};

function putServer(api: FakeKubeApi, gateway: object, config: object = {}, more: object = {}, path = serverPath): void {
  api.put(path, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
    metadata: { name: path.slice(path.lastIndexOf('/') + 1), namespace: 'mcp', generation: nextGeneration(api, path) },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, path: '/mcp', ...config },
      gateway,
      ...more,
    },
  });
}

async function dropGateway(api: FakeKubeApi): Promise<void> {
  const body = { metadata: { generation: nextGeneration(api) }, spec: { gateway: null } };
  await api.request({ method: 'PATCH', path: serverPath, contentType: 'application/merge-patch+json', body });
}

function putConfig(api: FakeKubeApi, data: Readonly<Record<string, string>>, name = 'edge'): void {
  const path = `/api/v1/namespaces/mcp/configmaps/${name}`;
  api.put(path, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'mcp' }, data });
}

interface Seen {
  readonly address?: { readonly url: string };
  readonly gatewayBinding?: object;
  readonly extensions?: { readonly clusterURL?: string; readonly rollout?: { readonly phase: string } };
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message?: string;
  }[];
}

const statusOf = (api: FakeKubeApi): Seen => api.get(serverPath)?.['status'] ?? {};
const registered = (api: FakeKubeApi): string | undefined => {
  const found = statusOf(api).conditions?.find(({ type }) => type === 'GatewayRegistered');
  return found && `${found.status}/${found.reason}`;
};
const template = (api: FakeKubeApi): unknown =>
  (api.get('/apis/apps/v1/namespaces/mcp/deployments/search')?.['spec'] as { template?: unknown }).template;
const uidOf = (api: FakeKubeApi, path: string): unknown =>
  (api.get(path)?.['metadata'] as { readonly uid?: string } | undefined)?.uid;
const condition = (type: string, status: string) => ({
  type,
  status,
  reason: 'R',
  message: 'm',
  lastTransitionTime: 'x',
});

describe('a server at a gateway of another project', () => {
  it('has the address that its provider says, and its own again without a gateway', async () => {
    const api = withApis();
    putServer(api, { provider: 'example.com/edge' });
    const clock = await start(api);
    expect(api.get(bindingPath)).toMatchObject({ spec: { mcpServerRef: 'search', provider: 'example.com/edge' } });
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    expect(statusOf(api)).toMatchObject({ address: { url: clusterURL }, extensions: { clusterURL } });

    api.put(bindingPath, {
      status: { url: 'https://mcp.example.com/x', conditions: [condition('Registered', 'True')] },
    });
    await clock.advance(2_000);
    expect(registered(api)).toBe('True/GatewayRegistered');
    expect(statusOf(api)).toMatchObject({
      ...{ address: { url: 'https://mcp.example.com/x' }, extensions: { clusterURL } },
      gatewayBinding: { name: 'search-gateway-binding', provider: 'example.com/edge' },
    });
    const writes = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);

    await dropGateway(api);
    await clock.advance(2_000);
    expect(api.get(bindingPath)).toBeUndefined();
    expect(statusOf(api).address).toEqual({ url: clusterURL });
    expect(registered(api)).toBeUndefined();
  });

  it('gets another binding with another provider, which nobody has answered yet', async () => {
    const api = withApis();
    putServer(api, { provider: 'example.com/edge' });
    const clock = await start(api);
    api.put(bindingPath, { status: { conditions: [condition('Registered', 'True')] } });
    await clock.advance(2_000);
    const before = uidOf(api, bindingPath);
    putServer(api, { provider: 'example.com/other' });
    await clock.advance(2_000);
    expect(uidOf(api, bindingPath)).not.toBe(before);
    expect(api.get(bindingPath)).toMatchObject({ spec: { provider: 'example.com/other' } });
    expect(registered(api)).toBe('False/GatewayNotRegistered');
  });
});

describe('a server whose provider has changed while a finalizer keeps its binding', () => {
  it('is told so for as long as that lasts, and the words of the provider before stay as they are', async () => {
    const api = withApis();
    putServer(api, { provider: 'example.com/old' });
    const clock = await start(api);
    const status = { url: 'https://old.example.com/mcp', conditions: [condition('Registered', 'True')] };
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/routes'] };
    api.put(bindingPath, { metadata: going, status });
    await clock.advance(2_000);
    for (const gateway of [{ provider: 'example.com/new' }, { provider: 'httproute', configRef: 'edge' }]) {
      putServer(api, gateway);
      await clock.advance(600_000);
      expect(registered(api)).toBe('False/GatewayNotRegistered');
      expect(JSON.stringify(statusOf(api))).toContain('example.com/routes');
      expect(statusOf(api).address).toEqual({ url: clusterURL });
      expect(api.get(bindingPath)?.['status']).toEqual(status);
    }
  });
});

describe('a server at a Gateway of the Gateway API', () => {
  const settings = { 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': 'mcp.example.com' };
  const take = (api: FakeKubeApi, path = routePath): void => {
    const parentRef = { name: 'public', namespace: 'gateways' };
    const conditions = [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')];
    api.put(path, { status: { parents: [{ parentRef, controllerName: 'example.com/c', conditions }] } });
  };
  const putGateway = (api: FakeKubeApi): void => {
    api.put(gatewayPath, {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' },
      metadata: { name: 'public', namespace: 'gateways' },
      spec: { listeners: [{ name: 'web', protocol: 'HTTP', port: 80 }] },
    });
  };

  it('is published once its ConfigMap is there and the Gateway takes the route, which its binding tells', async () => {
    const api = withApis();
    putGateway(api);
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api);
    expect(api.get(routePath)).toBeUndefined();
    expect(registered(api)).toBe('False/GatewayNotRegistered');

    putConfig(api, settings);
    await clock.advance(2_000);
    expect(api.get(routePath)).toMatchObject({ spec: { hostnames: ['mcp.example.com'] } });
    take(api);
    await clock.advance(2_000);
    expect(registered(api)).toBe('True/GatewayRegistered');
    expect(statusOf(api).address).toEqual({ url: 'http://mcp.example.com/mcp' });
    expect(api.get(bindingPath)).toMatchObject({
      status: { url: 'http://mcp.example.com/mcp', conditions: [{ type: 'Registered', status: 'True' }] },
    });
    const writes = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('restarts no pod when the ConfigMap changes, and stays routed while that is gone', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, settings);
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api);
    const before = template(api);
    putConfig(api, { ...settings, 'route-hostname': 'other.example.com' });
    await clock.advance(2_000);
    expect(api.get(routePath)).toMatchObject({ spec: { hostnames: ['other.example.com'] } });
    expect(template(api)).toEqual(before);
    api.remove(configPath);
    await clock.advance(2_000);
    expect(api.get(routePath)).toBeDefined();
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    await dropGateway(api);
    await clock.advance(2_000);
    expect(api.get(routePath)).toBeUndefined();
  });

  it('restarts no pod when the ConfigMap cannot be read, and the pods have configuration of their own', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, settings);
    putConfig(api, { A: '1' }, 'env');
    putServer(api, { provider: 'httproute', configRef: 'edge' }, { envFrom: [{ configMapRef: { name: 'env' } }] });
    const clock = await start(api);
    const before = template(api);
    expect(JSON.stringify(before)).toContain('config-hash');
    api.answer(({ method, path }) => method === 'GET' && path === configPath, 500);
    putConfig(api, settings);
    await clock.advance(120_000);
    expect(template(api)).toEqual(before);
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect(api.writes.filter((write) => write.endsWith('/deployments/search'))).toHaveLength(1);
  });

  it.each<[what: string, change: (api: FakeKubeApi) => void, reason: string]>([
    [
      'the API server refuses the next one',
      (api) => {
        api.answer(({ method, path }) => method === 'PATCH' && path === routePath, 422);
        putConfig(api, { ...settings, 'route-hostname': 'BAD_host' });
      },
      'HTTPRouteUnavailable',
    ],
    [
      'its ConfigMap is gone',
      (api) => {
        api.remove(configPath);
      },
      'GatewayNotRegistered',
    ],
  ])(
    'stays at the address of the route that was taken while %s, and its binding is told',
    async (_, change, reason) => {
      const api = withApis();
      putGateway(api);
      putConfig(api, settings);
      putServer(api, { provider: 'httproute', configRef: 'edge' });
      const clock = await start(api);
      take(api);
      await clock.advance(2_000);
      expect(registered(api)).toBe('True/GatewayRegistered');
      change(api);
      await clock.advance(120_000);
      expect(registered(api)).toBe(`False/${reason}`);
      const url = 'http://mcp.example.com/mcp';
      expect(statusOf(api).address).toEqual({ url });
      expect(api.get(bindingPath)).toMatchObject({
        status: { url, conditions: [{ type: 'Registered', status: 'False', reason: 'GatewayNotRegistered' }] },
      });
      // Somebody has taken away what was routed.
      api.remove(routePath);
      api.answer(({ method, path }) => method === 'PATCH' && path === routePath, 422);
      await clock.advance(120_000);
      expect(statusOf(api).address).toEqual({ url: clusterURL });
      expect(api.get(bindingPath)?.['status']).not.toHaveProperty('url');
    },
  );

  it('is told that there is no such Gateway, then that there is one, and that nobody looks at its route', async () => {
    const api = withApis();
    putConfig(api, settings);
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api);
    await clock.advance(60_000);
    const message = (): string =>
      statusOf(api).conditions?.find(({ type }) => type === 'GatewayRegistered')?.message ?? '';
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    expect(message()).toMatch(/No gateway controller has looked .*: Gateway gateways\/public not found/);
    putGateway(api);
    await clock.advance(330_000);
    expect(message()).toMatch(/No gateway controller has looked .*: Gateway gateways\/public exists/);
  });

  it('is not published where nobody tells of it', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, settings);
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api, ['gateway.httpRoute']);
    await clock.advance(60_000);
    expect(registered(api)).toBe('False/FeatureDisabled');
    expect(api.get(routePath)).toBeUndefined();
  });

  it('is told of another one in its place, which is told as well, until that has another path; nobody writes meanwhile', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, settings);
    const gateway = { provider: 'httproute', configRef: 'edge' };
    const paths = [serverPath, serverPath.replace(/search$/, 'other')];
    for (const path of paths) putServer(api, gateway, {}, {}, path);
    const clock = await start(api);
    take(api);
    const messages = (): readonly unknown[] =>
      paths.map((path) => {
        const { conditions = [] }: Seen = api.get(path)?.['status'] ?? {};
        return conditions.find(({ type }) => type === 'GatewayRegistered')?.message;
      });
    await clock.advance(2_000);
    // The gateway has looked at one of them.
    expect(messages()[0]).not.toMatch(/same host and path/);
    take(api, routePath.replace('search', 'other'));
    await clock.advance(2_000);
    expect(messages()).toEqual([
      expect.stringMatching(/MCPServer 'other' has the same host and path/),
      expect.stringMatching(/MCPServer 'search' has the same host and path/),
    ]);
    const { length } = api.writes;
    await clock.advance(120_000);
    expect(api.writes.slice(length).filter((write) => !write.includes('/leases/'))).toEqual([]);
    putServer(api, gateway, { path: '/other' }, {}, paths[1]);
    await clock.advance(2_000);
    take(api, routePath.replace('search', 'other'));
    await clock.advance(2_000);
    expect(messages()[0]).not.toMatch(/same host and path/);
    api.remove(paths[1] ?? '');
  });

  it('keeps its address while the Gateway cannot be read', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, settings);
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api);
    take(api);
    await clock.advance(2_000);
    const before = [statusOf(api), api.get(bindingPath)];
    expect(statusOf(api).address).toEqual({ url: 'http://mcp.example.com/mcp' });
    const reads = (): number => api.reads.filter((read) => read.endsWith(gatewayPath)).length;
    const [writes, asked] = [api.writes.length, reads()];
    api.answer(({ method, path }) => method === 'GET' && path === gatewayPath, 500);
    await clock.advance(310_000);
    expect([statusOf(api), api.get(bindingPath)]).toEqual(before);
    expect(reads()).toBeGreaterThan(asked);
    api.answer(() => false, undefined);
    await clock.advance(310_000);
    expect([statusOf(api), api.get(bindingPath)]).toEqual(before);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('is told the address of the Gateway within ten seconds once that has one', async () => {
    const api = withApis();
    putGateway(api);
    putConfig(api, { ...settings, 'route-hostname': '' });
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api);
    take(api);
    await clock.advance(2_000);
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    api.put(gatewayPath, { status: { addresses: [{ value: '192.0.2.7' }] } });
    await clock.advance(11_000);
    expect(statusOf(api).address).toEqual({ url: 'http://192.0.2.7/mcp' });
  });
});

describe('a server whose policy lists the hosts at which it may be published', () => {
  const named = { 'gateway-allowed': { action: 'deny', parameters: { hostnames: ['*.team.example.com'] } } };
  const document = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: named };
  const read = readPolicy(document, rules);
  if (read.type !== 'usable') throw new Error(JSON.stringify(read));
  const { policy } = read;
  const atHost = (host: string): Readonly<Record<string, string>> => ({
    ...{ 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': host },
  });
  const hostnames = (api: FakeKubeApi): unknown =>
    (api.get(routePath)?.['spec'] as { readonly hostnames?: unknown } | undefined)?.hostnames;

  it('gets no route for another host', async () => {
    const api = withApis();
    putConfig(api, atHost('mcp.example.com'));
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    await start(api, undefined, policy);
    expect(api.get(routePath)).toBeUndefined();
  });

  it('is not published at another host by a change of its ConfigMap, which no admission sees, and runs on', async () => {
    const api = withApis();
    putConfig(api, atHost('mcp.team.example.com'));
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    const clock = await start(api, undefined, policy);
    expect(hostnames(api)).toEqual(['mcp.team.example.com']);
    putConfig(api, atHost('bank.example.com'));
    await clock.advance(2_000);
    expect(hostnames(api)).toEqual(['mcp.team.example.com']);
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    expect(JSON.stringify(statusOf(api).conditions)).toContain('bank.example.com');
    expect(statusOf(api).conditions).toContainEqual(expect.objectContaining({ type: 'Accepted', status: 'True' }));
    putConfig(api, atHost('search.team.example.com'));
    await clock.advance(2_000);
    expect(hostnames(api)).toEqual(['search.team.example.com']);
  });
});

describe('a server with a provider of others, and a policy that comes later and does not list it', () => {
  const named = { 'gateway-allowed': { action: 'deny', parameters: { providers: ['httproute'] } } };
  const document = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: named };
  const read = readPolicy(document, rules);
  if (read.type !== 'usable') throw new Error(JSON.stringify(read));
  const { policy } = read;
  const stopAll = async (): Promise<void> => {
    for (const stop of running.splice(0)) await stop();
  };
  const message = (api: FakeKubeApi): string =>
    statusOf(api).conditions?.find(({ type }) => type === 'GatewayRegistered')?.message ?? '';

  it('is not given to that provider when bindings come to be made, and runs on', async () => {
    const api = withApis();
    putServer(api, { provider: 'example.com/edge', configRef: 'edge' });
    await start(api, []);
    await stopAll();
    const clock = await start(api, undefined, policy);
    await clock.advance(60_000);
    expect(api.get(bindingPath)).toBeUndefined();
    expect(message(api)).toMatch(/policy does not let it be published: .*example\.com\/edge.*\[gateway-allowed\]$/);
    expect(statusOf(api).conditions).toContainEqual(expect.objectContaining({ type: 'Accepted', status: 'True' }));
    const writes = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
    await stopAll();
    await start(api);
    expect(api.get(bindingPath)).toMatchObject({ spec: { provider: 'example.com/edge' } });
  });

  it('stays published as it was, and nowhere else', async () => {
    const api = withApis();
    putServer(api, { provider: 'example.com/edge', configRef: 'edge' });
    await start(api);
    api.put(bindingPath, { status: { conditions: [{ type: 'Registered', status: 'True' }] } });
    await stopAll();
    const clock = await start(api, undefined, policy);
    putServer(api, { provider: 'example.com/edge', configRef: 'bank' });
    await clock.advance(2_000);
    expect(statusOf(api).conditions).toContainEqual(
      expect.objectContaining({ type: 'Accepted', status: 'True', observedGeneration: 2 }),
    );
    expect(api.get(bindingPath)).toMatchObject({ spec: { provider: 'example.com/edge', configRef: 'edge' } });
    expect(message(api)).toMatch(/does not list it, so what is published stays as it is \[gateway-allowed\]/);
  });
});

describe('a server that is announced to a gateway which looks for servers by itself', () => {
  const listed = { 'gateway-allowed': { action: 'deny', parameters: { providers: ['httproute'] } } };
  const document = { apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: listed };
  const read = readPolicy(document, rules);
  if (read.type !== 'usable') throw new Error(JSON.stringify(read));
  const { policy } = read;
  const servicePath = '/api/v1/namespaces/mcp/services/search';
  const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
  const agentgateway = {
    ...{ provider: 'agentgateway', objectPath: servicePath },
    marks: [/"appProtocol":"agentgateway.dev\/mcp"/, /"agentgateway.dev\/mcp-path":/],
  };
  const gke = {
    ...{ provider: 'gke', objectPath: deploymentPath },
    marks: [/"registry.gke.io\/functional-type":/, /"modelcontextprotocol.info\/urls":/],
  };
  const both = [agentgateway, gke];
  const announced = (api: FakeKubeApi, { objectPath, marks }: typeof gke): readonly boolean[] => {
    const { metadata, spec } = api.get(objectPath) as {
      readonly metadata: Record<string, unknown>;
      readonly spec: unknown;
    };
    const text = JSON.stringify({ ...metadata, managedFields: [], spec });
    return marks.map((mark) => mark.test(text));
  };
  const message = (api: FakeKubeApi): string =>
    statusOf(api).conditions?.find(({ type }) => type === 'GatewayRegistered')?.message ?? '';
  const stopAll = async (): Promise<void> => {
    for (const stop of running.splice(0)) await stop();
  };

  it.each(both)('is not announced anew to $provider while its policy does not list that provider', async (to) => {
    const api = withApis();
    putServer(api, { provider: to.provider });
    await start(api, []);
    expect(announced(api, to)).toEqual([false, false]);
    expect(message(api)).toMatch(/^spec.gateway is not followed: gateway is switched off/);
    await stopAll();
    const clock = await start(api, undefined, policy);
    await clock.advance(60_000);
    expect(announced(api, to)).toEqual([false, false]);
    expect(registered(api)).toBe('False/GatewayNotRegistered');
    expect(message(api)).toMatch(/policy does not let it be published: [^;]*\[gateway-allowed\]$/);
    expect(statusOf(api).conditions).toContainEqual(expect.objectContaining({ type: 'Accepted', status: 'True' }));
    await stopAll();
    await start(api);
    expect(announced(api, to)).toEqual([true, true]);
    expect(registered(api)).toBe('True/GatewayRegistered');
  });

  it('stays announced when such a policy comes, and when the value is switched off', async () => {
    const to = gke;
    const api = withApis();
    putServer(api, { provider: to.provider });
    await start(api);
    await stopAll();
    const clock = await start(api, undefined, policy);
    expect(announced(api, to)).toEqual([true, true]);
    expect(message(api)).toMatch(/does not list it, so what is published stays as it is \[gateway-allowed\]/);
    const writes = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
    await stopAll();
    const withoutIt = await start(api, []);
    expect(announced(api, to)).toEqual([true, true]);
    expect(message(api)).toMatch(
      /^spec.gateway is not followed: .*; it stays announced by .*, until spec.gateway is removed$/,
    );
    await dropGateway(api);
    await withoutIt.advance(5_000);
    expect(announced(api, to)).toEqual([false, false]);
  });
});

describe('a new version with another path and port, behind a Gateway of the Gateway API', () => {
  const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
  const routed = { provider: 'httproute', configRef: 'edge' };
  const nextImage = { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:2' } } };
  const url = 'http://mcp.example.com/mcp';
  const podIs = (api: FakeKubeApi, name: string, template: string, containerPort = 8080): void => {
    const labels = { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': template };
    const metadata = { name, namespace: 'mcp', creationTimestamp: '2026-01-01T00:00:00Z', labels };
    api.put(`/api/v1/namespaces/mcp/pods/${name}`, {
      metadata: { ...metadata, ownerReferences: ofReplicaSet('search', template) },
      spec: { containers: [{ ports: [{ name: 'mcp', containerPort }] }] },
      status: {
        podIP: '10.0.0.1',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ image: 'x', restartCount: 0, ready: true, state: { running: {} } }],
      },
    });
  };
  const deploymentIsComplete = (api: FakeKubeApi): void => {
    const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
    const conditions = [
      { type: 'Available', status: 'True' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ];
    const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: 1 };
    api.put(deploymentPath, { status: { observedGeneration: metadata.generation, ...counts, conditions } });
  };
  const takeRoute = (api: FakeKubeApi): void => {
    const conditions = [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')];
    const parentRef = { name: 'public', namespace: 'gateways' };
    api.put(routePath, { status: { parents: [{ parentRef, controllerName: 'example.com/c', conditions }] } });
  };
  /** The paths that the route takes of the server itself, and the port that it leads to. */
  const routedTo = (api: FakeKubeApi): readonly unknown[] => {
    interface Rule {
      readonly matches: readonly { readonly path: { readonly value: string } }[];
      readonly backendRefs: readonly { readonly port: number }[];
    }
    const { rules } = api.get(routePath)?.['spec'] as { readonly rules: readonly Rule[] };
    const paths = rules.flatMap(({ matches }) => matches.map(({ path }) => path.value));
    const ports = rules.flatMap(({ backendRefs }) => backendRefs.map(({ port }) => port));
    return [...paths.filter((path) => !path.startsWith('/.well-known')), ...new Set(ports)];
  };

  async function published(): Promise<{ readonly api: FakeKubeApi; readonly clock: FakeClock }> {
    const api = withApis();
    api.put(gatewayPath, {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' },
      metadata: { name: 'public', namespace: 'gateways' },
      spec: { listeners: [{ name: 'web', protocol: 'HTTP', port: 80 }] },
    });
    putConfig(api, {
      ...{ 'gateway-name': 'public', 'gateway-namespace': 'gateways', 'route-hostname': 'mcp.example.com' },
    });
    putServer(api, routed);
    const clock = await start(api);
    podIs(api, 'old', 'one');
    deploymentIsComplete(api);
    takeRoute(api);
    await clock.advance(6_000);
    expect([statusOf(api).address, routedTo(api)]).toEqual([{ url }, ['/mcp', 8080]]);
    return { api, clock };
  }

  it('does not take the route and the address away from what serves, while it is proven and when it is rejected', async () => {
    const { api, clock } = await published();
    putServer(api, routed, { path: '/v2/mcp', port: 9090 }, nextImage);
    await clock.advance(3_000);
    expect(statusOf(api).extensions?.rollout?.phase).toBe('Proving');
    expect([statusOf(api).address, routedTo(api)]).toEqual([{ url }, ['/mcp', 8080]]);
    await clock.advance(820_000);
    expect(statusOf(api).extensions?.rollout?.phase).toBe('Rejected');
    expect([statusOf(api).address, routedTo(api)]).toEqual([{ url }, ['/mcp', 8080]]);
    expect(registered(api)).toBe('True/GatewayRegistered');
  });

  it('has both once it serves, and both paths are routed until then', async () => {
    const { api, clock } = await published();
    const unproven = { extensions: { rollout: { verify: 'AfterSwitch' } } };
    putServer(api, routed, { path: '/v2/mcp', port: 9090 }, { ...nextImage, ...unproven });
    await clock.advance(3_000);
    expect([statusOf(api).address, routedTo(api)]).toEqual([{ url }, ['/mcp', '/v2/mcp', 8080]]);
    api.remove('/api/v1/namespaces/mcp/pods/old');
    podIs(api, 'new', 'two', 9090);
    deploymentIsComplete(api);
    await clock.advance(30_000);
    expect([statusOf(api).address, routedTo(api)]).toEqual([
      ...[{ url: 'http://mcp.example.com/v2/mcp' }, ['/v2/mcp', 9090]],
    ]);
  });

  it('has them at once where its pods are the same: only the path is another one', async () => {
    const { api, clock } = await published();
    putServer(api, routed, { path: '/v2/mcp' });
    await clock.advance(3_000);
    expect([statusOf(api).address, routedTo(api)]).toEqual([
      ...[{ url: 'http://mcp.example.com/v2/mcp' }, ['/v2/mcp', 8080]],
    ]);
  });
});

describe('a Gateway', () => {
  const signal = new AbortController().signal;

  it('is read once a minute, however many servers name it', async () => {
    const api = createFakeKubeApi();
    const addresses = [{ value: '192.0.2.7' }];
    const listeners = [{ protocol: 'HTTP', port: 80 }];
    api.put(gatewayPath, { kind: 'Gateway', spec: { listeners }, status: { addresses } });
    const clock = createFakeClock();
    const gateways = new Gateways({ api, clock });
    const read = () => gateways.read({ name: 'public', namespace: 'gateways' }, signal);
    const answers = await Promise.all([read(), read(), read()]);
    expect(answers).toMatchObject([{ state: 'found' }, { state: 'found' }, { state: 'found' }]);
    await clock.advance(59_000);
    await read();
    expect(api.reads).toHaveLength(1);
    await clock.advance(2_000);
    await read();
    expect(api.reads).toHaveLength(2);
  });

  it('that is missing or cannot be read is looked for again sooner, and says why', async () => {
    const api = createFakeKubeApi();
    const clock = createFakeClock();
    const gateways = new Gateways({ api, clock });
    const read = () => gateways.read({ name: 'public', namespace: 'gateways' }, signal);
    expect(await read()).toEqual({ state: 'missing' });
    api.answer(() => true, 403);
    await clock.advance(9_000);
    expect(await read()).toEqual({ state: 'unknown', why: expect.stringContaining('not allowed') });
    api.answer(() => true, 500);
    await clock.advance(9_000);
    expect(await read()).toMatchObject({ state: 'unknown', isPassing: true });
  });
});
