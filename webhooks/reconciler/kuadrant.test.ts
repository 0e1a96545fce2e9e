import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { Policy } from '../core/engine/policy.ts';
import { readPolicy } from '../core/policy/read-policy.ts';
import { rules } from '../core/rules/index.gen.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { Offered } from '../core/plan/offered-tools.ts';
import { digest } from '../platform/digest.ts';
import { fixedPolicy } from '../platform/policy/policy-source.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const bindingPath = '/apis/mcp.x-k8s.io/v1alpha1/namespaces/mcp/mcpgatewaybindings/search-gateway-binding';
const routesApi = '/apis/gateway.networking.k8s.io/v1';
const routePath = `${routesApi}/namespaces/mcp/httproutes/search-gateway-binding`;
const v1 = '/apis/mcp.kuadrant.io/v1';
const v1alpha1 = '/apis/mcp.kuadrant.io/v1alpha1';
const registrationIn = (api: string): string => `${api}/namespaces/mcp/mcpserverregistrations/search-gateway-binding`;

const running: (() => Promise<void>)[] = [];

const offering: Offered = { state: 'known', isReady: true, tools: 12, invalidTools: 0, message: '' };
/** `counts`: it tells another number of tools each time. `isSilent`: it takes questions and says nothing. */
const broker: { says: Offered; counts: boolean; isSilent: boolean } = {
  says: offering,
  counts: false,
  isSilent: false,
};
const questions: string[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
  broker.says = offering;
  broker.counts = false;
  broker.isSilent = false;
  questions.splice(0);
});

async function start(
  api: FakeKubeApi,
  {
    features = ['gateway', 'gateway.httpRoute', 'gateway.kuadrant'],
    policy,
  }: { features?: string[]; policy?: Policy } = {},
): Promise<FakeClock> {
  const clock = createFakeClock();
  const stop = startLead({
    ...{ api, clock, features, namespaces: [], version: '1' },
    metrics: createReconcilerMetrics(new Registry()),
    probe: () => Promise.resolve(verified),
    askBroker: ({ origin, namespace, name, signal }) => {
      questions.push(`${origin}/${namespace}/${name}`);
      if (broker.isSilent) {
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve({ state: 'unknown', why: 'it was given up' });
          });
        });
      }
      return Promise.resolve(broker.counts ? { ...offering, tools: questions.length } : broker.says);
    },
    ...(policy === undefined ? {} : { policies: fixedPolicy(policy) }),
  });
  running.push(stop);
  await clock.advance(5_000);
  return clock;
}

const listOf = (...names: readonly string[]) => ({
  kind: 'APIResourceList',
  resources: names.map((name) => ({ name })),
});

/** `served`: versions of the API of the MCP gateway. */
function withApis(...served: readonly string[]): FakeKubeApi {
  const api = createFakeKubeApi();
  api.put('/apis/mcp.x-k8s.io/v1alpha1', listOf('mcpgatewaybindings'));
  api.put(routesApi, listOf('httproutes'));
  for (const version of served) api.put(version, listOf('mcpserverregistrations', 'mcpgatewayextensions'));
  return api;
}

function putServer(api: FakeKubeApi, gateway: object): void {
  const { metadata } = api.get(serverPath) ?? {};
  const generation = ((metadata as { readonly generation?: number } | undefined)?.generation ?? 0) + 1;
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' },
    metadata: { name: 'search', namespace: 'mcp', generation },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080, path: '/mcp' },
      gateway,
    },
  });
}

const kuadrant = { provider: 'kuadrant', configRef: 'edge' };
const said = { 'extension-name': 'tools', 'extension-namespace': 'mcp-system', 'section-name': 'mcps' };

function putConfig(api: FakeKubeApi, data: Readonly<Record<string, string>> = said): void {
  const metadata = { name: 'edge', namespace: 'mcp' };
  api.put('/api/v1/namespaces/mcp/configmaps/edge', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
}

const listeners = [
  { name: 'mcp', protocol: 'HTTPS', port: 443, hostname: 'mcp.example.com' },
  { name: 'mcps', protocol: 'HTTP', port: 8080, hostname: '*.mcp.local' },
];

/** What the owner of the gateway has made. */
function putGateway(api: FakeKubeApi, version: string, extension: object = {}): void {
  api.put(`${routesApi}/namespaces/gateways/gateways/edge`, { spec: { listeners } });
  const targetRef = { name: 'edge', namespace: 'gateways', sectionName: 'mcp' };
  api.put(`${version}/namespaces/mcp-system/mcpgatewayextensions/tools`, { spec: { targetRef, ...extension } });
}

function policyWith(parameters: object): Policy {
  const named = { 'gateway-allowed': { action: 'deny', parameters } };
  const read = readPolicy({ apiVersion: 'mcp-lifecycle.policy/v1alpha1', kind: 'Policy', rules: named }, rules);
  if (read.type !== 'usable') throw new Error(JSON.stringify(read));
  return read.policy;
}

const condition = (type: string, status: string, reason = 'R', message = 'm') => ({
  ...{ type, status, reason, message },
  lastTransitionTime: 'x',
});

function acceptRoute(api: FakeKubeApi): void {
  const parentRef = { name: 'edge', namespace: 'gateways', sectionName: 'mcps' };
  api.put(routePath, { status: { parents: [{ parentRef, conditions: [condition('Accepted', 'True')] }] } });
}

interface Seen {
  readonly extensions?: { readonly gateway?: object };
  readonly address?: { readonly url: string };
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

const statusOf = (api: FakeKubeApi): Seen => api.get(serverPath)?.['status'] ?? {};
function registered(api: FakeKubeApi): string {
  const found = statusOf(api).conditions?.find(({ type }) => type === 'GatewayRegistered');
  return found === undefined ? 'nothing' : `${found.status}/${found.reason}: ${found.message}`;
}

describe('a server at the MCP gateway of Kuadrant', () => {
  it.each([
    ['v1 alone', [v1], v1],
    ['both versions', [v1, v1alpha1], v1],
    ['v1alpha1 alone', [v1alpha1], v1alpha1],
  ])('is routed and registered where the cluster has %s', async (_, served, written) => {
    const api = withApis(...served);
    putGateway(api, written);
    putConfig(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    expect(api.get(routePath)).toMatchObject({
      spec: {
        parentRefs: [{ name: 'edge', namespace: 'gateways', sectionName: 'mcps' }],
        hostnames: ['search.mcp.local'],
        rules: [{ backendRefs: [{ name: 'search', port: 8080 }] }],
      },
    });
    expect(api.get(registrationIn(written))).toMatchObject({
      apiVersion: written.replace('/apis/', ''),
      spec: {
        targetRef: { kind: 'HTTPRoute', name: 'search-gateway-binding', namespace: 'mcp' },
        ...{ path: '/mcp', state: 'Enabled', prefix: expect.stringMatching(/^mcp_[0-9a-f]{8}_$/) },
      },
    });
    expect(registered(api)).toMatch(/^False\/GatewayNotRegistered: .* HTTPRoute search-gateway-binding/);

    acceptRoute(api);
    await clock.advance(2_000);
    expect(registered(api)).toMatch(/^False\/GatewayNotRegistered: .* MCPServerRegistration search-gateway-binding/);
    expect(api.get(bindingPath)).toMatchObject({ status: { conditions: [{ reason: 'RegistrationNotReady' }] } });

    api.put(registrationIn(written), { status: { conditions: [condition('Ready', 'True')] } });
    await clock.advance(2_000);
    expect(registered(api)).toMatch(/^True\/GatewayRegistered/);
    expect(statusOf(api).address).toEqual({ url: 'https://mcp.example.com/mcp' });
    const writes = api.writes.length;
    await clock.advance(900_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('follows the API to another version, without another registration', async () => {
    const api = withApis(v1alpha1);
    putGateway(api, v1alpha1);
    putConfig(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    const before = api.get(registrationIn(v1alpha1));
    expect(before).toBeDefined();
    // As an API server does that stores one object for both.
    api.put(v1, listOf('mcpserverregistrations', 'mcpgatewayextensions'));
    api.put(registrationIn(v1), { ...before, apiVersion: 'mcp.kuadrant.io/v1' });
    putGateway(api, v1);
    const writes = api.writes.length;
    await clock.advance(120_000);
    expect(api.writes.slice(writes).filter((write) => write.startsWith('DELETE'))).toEqual([]);
    acceptRoute(api);
    api.put(registrationIn(v1), { status: { conditions: [condition('Ready', 'True')] } });
    await clock.advance(2_000);
    expect(registered(api)).toMatch(/^True/);
  });

  it('is told what the MCP gateway has against it', async () => {
    const api = withApis(v1);
    putGateway(api, v1, { publicHost: 'tools.example.com' });
    putConfig(api, { ...said, prefix: 'search_' });
    putServer(api, kuadrant);
    const clock = await start(api);
    acceptRoute(api);
    const conflict = condition('Ready', 'False', 'PrefixConflict', 'other/one has it');
    api.put(registrationIn(v1), { status: { conditions: [conflict] } });
    await clock.advance(2_000);
    expect(registered(api)).toMatch(
      /^False\/GatewayNotRegistered: .*other\/one has it \(PrefixConflict\); say another prefix/,
    );

    const before = api.get(registrationIn(v1))?.['metadata'];
    putConfig(api, { ...said, prefix: 'find_' });
    await clock.advance(2_000);
    const label = digest('mcp-system/tools/find_');
    expect(api.get(registrationIn(v1))).toMatchObject({
      ...{ metadata: { labels: { 'mcp-lifecycle/prefix': label } }, spec: { prefix: 'find_' } },
    });
    expect(api.get(registrationIn(v1))?.['metadata']).not.toMatchObject({ uid: (before as { uid: string }).uid });
    api.put(registrationIn(v1), { status: { conditions: [condition('Ready', 'True')] } });
    await clock.advance(2_000);
    expect(statusOf(api).address).toEqual({ url: 'https://tools.example.com/mcp' });
  });

  it('is told when nobody looks at its registration', async () => {
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    acceptRoute(api);
    await clock.advance(40_000);
    expect(registered(api)).toMatch(/Nobody has looked at MCPServerRegistration search-gateway-binding in 30 s/);
  });

  it.each([
    [
      'an extension that is not there',
      (api: FakeKubeApi) => {
        putConfig(api);
      },
      /MCPGatewayExtension mcp-system\/tools not found/,
    ],
    [
      'an extension without a Gateway',
      (api: FakeKubeApi) => {
        putConfig(api);
        api.put(`${v1}/namespaces/mcp-system/mcpgatewayextensions/tools`, { spec: { targetRef: 7 } });
      },
      /names no Gateway/,
    ],
    [
      'a Gateway that is not there',
      (api: FakeKubeApi) => {
        putConfig(api);
        putGateway(api, v1, { targetRef: { name: 'gone' } });
      },
      /Gateway mcp-system\/gone not found/,
    ],
    [
      'a listener with one host',
      (api: FakeKubeApi) => {
        putConfig(api, { 'extension-name': 'tools', 'extension-namespace': 'mcp-system' });
        putGateway(api, v1);
      },
      /listener 'mcp' of Gateway gateways\/edge is not one for every host of a domain/,
    ],
    [
      'a ConfigMap for another provider',
      (api: FakeKubeApi) => {
        putConfig(api, { 'gateway-name': 'edge', 'gateway-namespace': 'gateways' });
        putGateway(api, v1);
      },
      /says nothing under extension-name and extension-namespace/,
    ],
    [
      'an extension of a name that no object can have',
      (api: FakeKubeApi) => {
        putConfig(api, { 'extension-name': '..', 'extension-namespace': 'mcp-system' });
        putGateway(api, v1);
      },
      /no MCPGatewayExtension can be called what ConfigMap 'edge' says/,
    ],
    [
      'a listener of a name that none can have, whatever host is said',
      (api: FakeKubeApi) => {
        putConfig(api, { ...said, 'section-name': 'Mcp_1', 'route-hostname': 'search.example.com' });
        putGateway(api, v1);
      },
      /section-name is not what a listener can be called: correct it/,
    ],
  ])('is routed nowhere with %s, and told why', async (_, prepare, why) => {
    const api = withApis(v1);
    prepare(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    expect(registered(api)).toMatch(why);
    expect(api.get(routePath)).toBeUndefined();
    expect(api.get(registrationIn(v1))).toBeUndefined();

    putConfig(api);
    putGateway(api, v1);
    await clock.advance(90_000);
    expect(api.get(registrationIn(v1))).toBeDefined();
  });

  it('loses its registration with another provider, and keeps the route', async () => {
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api, { ...said, 'gateway-name': 'edge', 'gateway-namespace': 'gateways' });
    putServer(api, kuadrant);
    const clock = await start(api);
    expect(api.get(registrationIn(v1))).toBeDefined();
    putServer(api, { provider: 'httproute', configRef: 'edge' });
    await clock.advance(2_000);
    expect(api.get(registrationIn(v1))).toBeUndefined();
    expect(api.get(routePath)).toMatchObject({ spec: { parentRefs: [{ name: 'edge', namespace: 'gateways' }] } });
    putServer(api, { provider: 'example.com/edge' });
    await clock.advance(2_000);
    expect(api.get(routePath)).toBeUndefined();
  });

  it('is somebody else’s where the feature is off, and gets no route', async () => {
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api, { ...said, 'gateway-name': 'edge', 'gateway-namespace': 'gateways' });
    putServer(api, kuadrant);
    const clock = await start(api, { features: ['gateway', 'gateway.httpRoute'] });
    expect(api.get(bindingPath)).toBeDefined();
    expect(api.get(routePath)).toBeUndefined();
    await clock.advance(40_000);
    expect(registered(api)).toMatch(/No controller has answered .*set gateway\.kuadrant\.enabled=true/);
  });

  it('is told that the API is missing, and registered once it comes', async () => {
    const api = withApis();
    putGateway(api, v1);
    putConfig(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    expect(registered(api)).toMatch(/^False\/APINotInstalled: .*install the MCP gateway of Kuadrant/);
    api.put(v1, listOf('mcpserverregistrations'));
    await clock.advance(30_000);
    expect(api.get(registrationIn(v1))).toBeDefined();
  });

  it('is routed to no Gateway that a policy does not list, whoever names it', async () => {
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api);
    putServer(api, kuadrant);
    await start(api, { policy: policyWith({ gateways: ['gateways/other'] }) });
    const accepted = statusOf(api).conditions?.find(({ type }) => type === 'Accepted');
    expect(accepted).toMatchObject({ status: 'False', message: expect.stringContaining('gateways/edge') });
    expect([routePath, registrationIn(v1)].map((path) => api.get(path))).toEqual([undefined, undefined]);
  });

  it.each<readonly [string, Offered, RegExp, object | undefined]>([
    [
      'what the gateway offers',
      offering,
      /^True\/GatewayRegistered: Gateway integration is active; the gateway offers 12 of its tools$/,
      { tools: 12, invalidTools: 0 },
    ],
    [
      'that it leaves some out',
      { ...offering, invalidTools: 2 },
      /^True.*offers 12 of its tools, and leaves out 2 that are invalid/,
      { tools: 12, invalidTools: 2 },
    ],
    [
      'that it offers none',
      { ...offering, tools: 0 },
      /^True.*the gateway offers none of its tools/,
      { tools: 0, invalidTools: 0 },
    ],
    [
      'that the gateway cannot use it',
      { ...offering, isReady: false, message: 'no route' },
      /^False\/GatewayNotRegistered: The MCP gateway knows the server and cannot use it: no route/,
      undefined,
    ],
    [
      'that its broker does not know it',
      { state: 'absent' },
      /^False\/GatewayNotRegistered: .* its broker does not know it yet/,
      undefined,
    ],
    [
      'that its broker cannot be asked',
      { state: 'unknown', why: 'it did not answer' },
      /^True.*whether the gateway offers its tools is not known, because its broker cannot be asked: it did not answer/,
      undefined,
    ],
  ])('is told %s, and asked for it again and again', async (_, says, told, counted) => {
    const { api, clock } = await registeredServer();
    broker.says = says;
    await clock.advance(40_000);
    expect(registered(api)).toMatch(told);
    expect(statusOf(api).extensions?.gateway).toEqual(counted);
    expect(new Set(questions)).toEqual(
      new Set(['http://mcp-gateway.mcp-system.svc.cluster.local:8080/mcp/search-gateway-binding']),
    );
    const [writes, asked] = [api.writes.length, questions.length];
    await clock.advance(300_000);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
    expect(questions.length - asked).toBeGreaterThanOrEqual(8);
    expect(questions.length - asked).toBeLessThanOrEqual(12);
  });

  it('keeps the number that was told last while a new leader has not been told any', async () => {
    const { api, clock } = await registeredServer();
    await clock.advance(40_000);
    for (const stop of running.splice(0)) await stop();
    broker.isSilent = true;
    await start(api);
    expect(statusOf(api).extensions?.gateway).toEqual({ tools: 12, invalidTools: 0 });
  });

  it('is written no more often than its broker is asked, which tells another number each time', async () => {
    const { api, clock } = await registeredServer();
    broker.counts = true;
    const [writes, asked] = [api.writes.length, questions.length];
    await clock.advance(300_000);
    const told = questions.length - asked;
    // The condition of its binding says the same.
    for (const path of [serverPath, bindingPath]) {
      const written = api.writes.slice(writes).filter((write) => write.endsWith(`${path}/status`));
      expect(written.length).toBeGreaterThan(4);
      expect(written.length).toBeLessThanOrEqual(told);
    }
  });

  it('is asked about no more without the provider', async () => {
    const { api, clock } = await registeredServer();
    putServer(api, { provider: 'example.com/edge' });
    await clock.advance(2_000);
    const asked = questions.length;
    await clock.advance(120_000);
    expect(questions.length).toBe(asked);
  });

  it('is registered once with a prefix that is longer than any that is kept', async () => {
    const prefix = 'a'.repeat(300);
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api, { ...said, prefix });
    putServer(api, kuadrant);
    const clock = await start(api);
    expect(api.get(registrationIn(v1))).toMatchObject({ spec: { prefix } });
    await clock.advance(120_000);
    expect(api.writes.filter((write) => write === `DELETE ${registrationIn(v1)}`)).toEqual([]);
  });

  it.each(['mcpgatewayextensions', '/gateways/gateways/'])(
    'stays what it is while nobody answers for %s',
    async (what) => {
      const { api, clock } = await registeredServer();
      const before = statusOf(api);
      const [writes, asked] = [api.writes.length, questions.length];
      api.answer(({ method, path }) => method === 'GET' && path.includes(what), 500);
      await clock.advance(400_000);
      expect(statusOf(api)).toEqual(before);
      api.answer(() => false, undefined);
      await clock.advance(400_000);
      expect(statusOf(api)).toEqual(before);
      expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
      expect(questions.length).toBeGreaterThan(asked);
    },
  );

  it('says after another leader came what it said before, until the broker has answered', async () => {
    const { api, clock } = await registeredServer();
    broker.says = { ...offering, isReady: false, message: 'no route' };
    await clock.advance(70_000);
    expect(registered(api)).toMatch(/cannot use it: no route/);
    for (const stop of running.splice(0)) await stop();
    const writes = api.writes.length;
    await start(api);
    expect(registered(api)).toMatch(/cannot use it: no route/);
    expect(api.writes.slice(writes).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('is asked about no more while its ConfigMap names nothing', async () => {
    const { api, clock } = await registeredServer();
    putConfig(api, { 'extension-name': '', 'extension-namespace': '' });
    await clock.advance(2_000);
    const asked = questions.length;
    await clock.advance(120_000);
    expect(questions.length).toBe(asked);
  });

  it('tells no address that a policy does not list, whoever names it', async () => {
    const api = withApis(v1);
    putGateway(api, v1, { publicHost: 'bank.example.com' });
    putConfig(api);
    putServer(api, kuadrant);
    await start(api, { policy: policyWith({ hostnames: ['*.mcp.local'] }) });
    const accepted = statusOf(api).conditions?.find(({ type }) => type === 'Accepted');
    expect(accepted).toMatchObject({ status: 'False', message: expect.stringContaining('bank.example.com') });
    expect(api.get(routePath)).toBeUndefined();
  });

  async function registeredServer(): Promise<{ readonly api: FakeKubeApi; readonly clock: FakeClock }> {
    const api = withApis(v1);
    putGateway(api, v1);
    putConfig(api);
    putServer(api, kuadrant);
    const clock = await start(api);
    acceptRoute(api);
    api.put(registrationIn(v1), { status: { conditions: [condition('Ready', 'True')] } });
    await clock.advance(2_000);
    return { api, clock };
  }
});
