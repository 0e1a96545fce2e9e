import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { ApiRequest, KubeApi, WatchEnd } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { silentLogger } from '../platform/log.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const discoveryPath = '/apis/monitoring.coreos.com/v1';
const serverPath = (name = 'search') => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
const deploymentPath = (name = 'search') => `/apis/apps/v1/namespaces/mcp/deployments/${name}`;
const monitorPath = (name = 'search') => `${discoveryPath}/namespaces/mcp/podmonitors/${name}`;
/** Longer than an API can come or go unnoticed. */
const noticedMs = 65_000;

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const surroundings = (clock: FakeClock) => ({
  ...{ clock, features: ['monitoring'], namespaces: [], version: '1' },
  metrics: createReconcilerMetrics(new Registry()),
  probe: () => Promise.resolve(verified),
});

interface Started {
  readonly clock: FakeClock;
  stop(): Promise<void>;
}

async function start(
  api: FakeKubeApi,
  { features = ['monitoring'], namespaces = [] }: { readonly features?: string[]; readonly namespaces?: string[] } = {},
): Promise<Started> {
  const clock = createFakeClock();
  const stop = startLead({ ...surroundings(clock), api, features, namespaces });
  running.push(stop);
  await clock.advance(1_000);
  return { clock, stop };
}

function anMCPServer(
  api: FakeKubeApi,
  extensions: Record<string, unknown> = { metrics: { port: 'mcp' } },
  name = 'search',
) {
  api.put(serverPath(name), {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      ...{ config: { port: 8080 }, extensions },
    },
  });
}

function becomesAvailable(api: FakeKubeApi, name = 'search'): void {
  api.put(deploymentPath(name), {
    status: {
      ...{ observedGeneration: 99, replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
}

const install = (api: FakeKubeApi): void => {
  api.put(discoveryPath, { kind: 'APIResourceList', resources: [{ name: 'podmonitors' }] });
};

/** As API servers do: whatever there was of it goes, too. */
const uninstall = (api: FakeKubeApi): void => {
  api.remove(discoveryPath);
  api.remove(monitorPath());
};

const monitored = (api: FakeKubeApi, name = 'search'): string | undefined => condition(api, 'Monitored', name);

function condition(api: FakeKubeApi, wanted: string, name = 'search'): string | undefined {
  const status = api.get(serverPath(name))?.['status'] as
    { readonly conditions?: { type: string; status: string; reason: string }[] } | undefined;
  const found = status?.conditions?.find(({ type }) => type === wanted);
  return found === undefined ? undefined : `${found.status}/${found.reason}`;
}

const eventReasons = (api: FakeKubeApi): readonly unknown[] =>
  api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);

describe.each([
  ['in every namespace', []],
  ['in some namespaces', ['mcp', 'other']],
])('an optional API, %s', (_, namespaces) => {
  it('that comes after us, goes and comes again is used while it is there, and holds nothing up', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api, { namespaces });
    becomesAvailable(api);
    await clock.advance(1_000);
    expect([monitored(api), condition(api, 'Ready'), condition(api, 'Verified')]).toEqual([
      ...['False/APINotInstalled', 'True/Available', 'True/Verified'],
    ]);
    expect(eventReasons(api)).toContain('APINotInstalled');

    for (let time = 0; time < 2; time += 1) {
      install(api);
      await clock.advance(noticedMs);
      expect(api.get(monitorPath())).toMatchObject({ spec: { podMetricsEndpoints: [{ port: 'mcp' }] } });
      expect(monitored(api)).toBe('True/Applied');

      uninstall(api);
      anMCPServer(api, {}, `meanwhile-${time}`);
      await clock.advance(1_000);
      expect(api.get(deploymentPath(`meanwhile-${time}`))).toBeDefined();
      await clock.advance(noticedMs);
      expect([monitored(api), condition(api, 'Ready')]).toEqual(['False/APINotInstalled', 'True/Available']);
    }
  });
});

it('an API that goes is noticed by its own watch, within seconds and with one warning', async () => {
  const api = createFakeKubeApi();
  install(api);
  anMCPServer(api);
  const clock = createFakeClock();
  const warnings: unknown[] = [];
  const log = {
    ...silentLogger,
    warn: (_: string, fields?: Readonly<Record<string, unknown>>) => void warnings.push(fields?.['watch']),
  };
  let end: (how: WatchEnd) => void = () => undefined;
  const ending: KubeApi = {
    request: (request) => api.request(request),
    watch: (request, onEvent) => {
      const watching = api.watch(request, onEvent);
      if (!request.path.endsWith('/podmonitors')) return watching;
      return Promise.race([watching, new Promise<WatchEnd>((resolve) => (end = resolve))]);
    },
  };
  running.push(startLead({ ...surroundings(clock), api: ending, log }));
  await clock.advance(20_000);
  expect(monitored(api)).toBe('True/Applied');
  const asked = (): number => api.reads.filter((read) => read === `GET ${discoveryPath}`).length;
  const before = asked();
  uninstall(api);
  api.answer(({ path }) => path.startsWith(discoveryPath), 404);
  end({ why: 'failed', error: { status: 404, reason: 'NotFound', message: 'no such API', retry: false } });
  await clock.advance(5_000);
  expect(monitored(api)).toBe('False/APINotInstalled');
  expect(warnings).toEqual(['podmonitors']);
  expect(asked() - before).toBeLessThanOrEqual(3);
});

it('an API that its own watch does not find, and discovery does, is asked for again and again, and warned of once', async () => {
  const api = createFakeKubeApi();
  install(api);
  anMCPServer(api);
  const clock = createFakeClock();
  const warnings: unknown[] = [];
  const log = {
    ...silentLogger,
    warn: (_: string, fields?: Readonly<Record<string, unknown>>) => void warnings.push(fields?.['watch']),
  };
  api.answer(({ path }) => path === `${discoveryPath}/podmonitors`, 404);
  running.push(startLead({ ...surroundings(clock), api, log }));
  await clock.advance(60_000);
  expect(monitored(api)).toBe('Unknown/NotChecked');
  expect(warnings).toEqual(['podmonitors']);
  expect(api.reads.filter((read) => read === `GET ${discoveryPath}`).length).toBeLessThanOrEqual(12);
  api.answer(() => false, undefined);
  await clock.advance(60_000);
  expect(monitored(api)).toBe('True/Applied');
});

describe('while discovery fails', () => {
  it('what was known of an API stays: changes are applied, nothing is pruned, status says the same', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const { clock } = await start(api);
    becomesAvailable(api);
    await clock.advance(5_000);
    const status = api.get(serverPath())?.['status'];
    api.answer(({ path }) => path === discoveryPath, 503);
    await clock.advance(600_000);
    expect(api.get(monitorPath())).toBeDefined();
    expect(api.get(serverPath())?.['status']).toEqual(status);
    anMCPServer(api, { metrics: { port: 'mcp', path: '/stats' } });
    await clock.advance(1_000);
    expect(api.get(monitorPath())).toMatchObject({ spec: { podMetricsEndpoints: [{ path: '/stats' }] } });
  });

  it('from the start, nothing is made, changed or pruned, and nothing but that waits', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const first = await start(api);
    expect(monitored(api)).toBe('True/Applied');
    await first.stop();

    anMCPServer(api, { metrics: { port: 'mcp', kind: 'ServiceMonitor' } });
    anMCPServer(api, { metrics: { port: 'mcp' } }, 'new');
    api.answer(({ path }) => path === discoveryPath, 503);
    const { clock } = await start(api);
    await clock.advance(600_000);
    expect(api.get(monitorPath())).toBeDefined();
    expect(api.get(monitorPath('new'))).toBeUndefined();
    expect(monitored(api, 'new')).toBe('Unknown/NotChecked');
    expect(api.get(deploymentPath('new'))).toBeDefined();

    api.answer(() => false, undefined);
    await clock.advance(noticedMs);
    expect(api.get(monitorPath())).toBeUndefined();
    expect(monitored(api, 'new')).toBe('True/Applied');
  });
});

describe('an object of an optional kind', () => {
  it('is deleted when the server does not ask for it any more, and only then', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const { clock } = await start(api);
    expect(monitored(api)).toBe('True/Applied');
    anMCPServer(api, { metrics: { port: 'mcp', kind: 'ServiceMonitor' } });
    await clock.advance(1_000);
    expect(api.get(monitorPath())).toBeUndefined();
    expect(monitored(api)).toBe('False/APINotInstalled');
    const { apiVersion, kind, metadata } = api.get(serverPath()) ?? {};
    const spec = { source: { type: 'ContainerImage', containerImage: { ref: 'x' } }, config: { port: 1 } };
    api.remove(serverPath());
    api.put(serverPath(), { apiVersion, kind, metadata, spec });
    await clock.advance(1_000);
    expect(monitored(api)).toBeUndefined();
  });

  it('stays when the feature is switched off, and the server says which value switches it on', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const first = await start(api);
    await first.stop();
    const { clock } = await start(api, { features: [] });
    await clock.advance(noticedMs);
    expect(api.get(monitorPath())).toBeDefined();
    expect(monitored(api)).toBe('False/FeatureDisabled');
    expect(api.reads.filter((read) => read.includes('podmonitors')).length).toBeLessThanOrEqual(1);
  });

  it('is said to be missing as it is missing now, also of a server that is not accepted', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const first = await start(api);
    expect(monitored(api)).toBe('False/APINotInstalled');
    await first.stop();
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'not-there', key: 'token' } } }];
    api.put(serverPath(), { spec: { config: { env } } });
    const second = await start(api, { features: [] });
    await second.clock.advance(noticedMs);
    expect([condition(api, 'Accepted'), monitored(api)]).toEqual(['False/Invalid', 'False/FeatureDisabled']);
    await second.stop();
    install(api);
    const third = await start(api);
    await third.clock.advance(noticedMs);
    expect([condition(api, 'Accepted'), monitored(api)]).toEqual(['False/Invalid', 'Unknown/Initializing']);
    const writes = api.writes.length;
    await third.clock.advance(600_000);
    expect(api.writes.slice(writes).filter((write) => write.includes('/status'))).toEqual([]);
  });

  it('of somebody else is left alone and named', async () => {
    const api = createFakeKubeApi();
    install(api);
    api.put(monitorPath(), {
      ...{ apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor' },
      ...{ metadata: { name: 'search', namespace: 'mcp' }, spec: { podMetricsEndpoints: [] } },
    });
    anMCPServer(api);
    const { clock } = await start(api);
    await clock.advance(5_000);
    expect(monitored(api)).toBe('False/PodMonitorUnavailable');
    expect(condition(api, 'Available')).toBe('Unknown/Initializing');
    expect(api.get(monitorPath())).toMatchObject({ spec: { podMetricsEndpoints: [] } });
  });

  it('that cannot be written delays no status: the rest is told at once', async () => {
    const api = createFakeKubeApi();
    install(api);
    api.answer(({ method, path }) => method === 'PATCH' && path === monitorPath(), 500);
    anMCPServer(api);
    const { clock } = await start(api);
    expect([condition(api, 'Accepted'), monitored(api)]).toEqual(['True/Valid', 'Unknown/Initializing']);
    await clock.advance(30_000);
    expect(monitored(api)).toBe('False/PodMonitorUnavailable');
    api.answer(() => false, undefined);
    await clock.advance(300_000);
    expect(monitored(api)).toBe('True/Applied');
  });

  it('that cannot be written for one server is written for all others', async () => {
    const api = createFakeKubeApi();
    install(api);
    api.answer(({ method, path }) => method === 'PATCH' && path === monitorPath(), 404);
    anMCPServer(api);
    anMCPServer(api, { metrics: { port: 'mcp' } }, 'other');
    const clock = createFakeClock();
    const registry = new Registry();
    running.push(startLead({ ...surroundings(clock), api, metrics: createReconcilerMetrics(registry) }));
    await clock.advance(1_000);
    expect(monitored(api, 'other')).toBe('True/Applied');
    await clock.advance(120_000);
    expect(monitored(api)).toBe('False/PodMonitorUnavailable');
    const counted = await registry.metrics();
    expect(counted).toContain('servers_with_failing_writes{what="PodMonitor"} 1');
    anMCPServer(api, { metrics: { port: 'mcp', path: '/stats' } }, 'other');
    anMCPServer(api, { metrics: { port: 'mcp' } }, 'third');
    await clock.advance(1_000);
    expect(api.get(monitorPath('other'))).toMatchObject({ spec: { podMetricsEndpoints: [{ path: '/stats' }] } });
    expect(['other', 'third'].map((name) => monitored(api, name))).toEqual(['True/Applied', 'True/Applied']);
  });

  it('whose writes hang is tried seldom, and holds the status up for seconds at most', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const clock = createFakeClock();
    const isOfMonitor = ({ method, path }: ApiRequest): boolean => method === 'PATCH' && path === monitorPath();
    let hung = 0;
    const hanging: KubeApi = {
      watch: (request, onEvent) => api.watch(request, onEvent),
      request: async (request) => {
        if (!isOfMonitor(request)) return api.request(request);
        hung += 1;
        await clock.sleep(request.timeoutMs ?? 10_000, request.signal);
        return { ok: false, error: { status: 0, reason: 'Timeout', message: 'PATCH: no answer', retry: true } };
      },
    };
    running.push(startLead({ ...surroundings(clock), api: hanging }));
    await clock.advance(5_000);
    expect(condition(api, 'Accepted')).toBe('True/Valid');
    becomesAvailable(api);
    await clock.advance(60_000);
    expect([monitored(api), condition(api, 'Ready')]).toEqual(['False/PodMonitorUnavailable', 'True/Available']);
    const before = hung;
    await clock.advance(1_500_000);
    expect(hung - before).toBeLessThanOrEqual(6);
    expect(hung - before).toBeGreaterThanOrEqual(4);
  });

  it('that is too long to be remembered and cannot be read stops nothing but that kind', async () => {
    const api = createFakeKubeApi();
    install(api);
    const extraLabels = Object.fromEntries(
      Array.from({ length: 1_200 }, (_, at) => [`example.com/label-${at}-${'x'.repeat(40)}`, 'x']),
    );
    anMCPServer(api);
    api.put(serverPath(), { spec: { extraLabels } });
    const { clock } = await start(api);
    expect(monitored(api)).toBe('True/Applied');
    let refused = 0;
    api.answer(({ method, path }) => {
      const isOfMonitor = method === 'GET' && path === monitorPath();
      refused += isOfMonitor ? 1 : 0;
      return isOfMonitor;
    }, 500);
    api.put(serverPath(), { spec: { config: { port: 9090 } } });
    await clock.advance(1_000);
    expect(refused).toBeGreaterThan(0);
    expect(api.get(deploymentPath())).toHaveProperty('spec.template.spec.containers.0.ports.0.containerPort', 9090);
    expect(monitored(api)).toBe('True/Applied');
    anMCPServer(api, { metrics: { port: 'mcp', path: '/stats' } });
    await clock.advance(1_000);
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(api.get(monitorPath())).toMatchObject({ spec: { podMetricsEndpoints: [{ path: '/stats' }] } });
  });

  it('costs no write while nothing happens, nor when we start again', async () => {
    const api = createFakeKubeApi();
    install(api);
    anMCPServer(api);
    const first = await start(api);
    becomesAvailable(api);
    await first.clock.advance(200_000);
    const before = api.writes.length;
    await first.clock.advance(600_000);
    await first.stop();
    const { clock } = await start(api);
    await clock.advance(200_000);
    expect(api.writes.slice(before)).toEqual([]);
  });
});
