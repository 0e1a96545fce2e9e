import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { ApiRequest } from '../platform/kube/api.ts';
import { metaOf } from '../platform/kube/object.ts';
import { anInstallation } from '../core/testing/an-installation.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const serverPath = (name = 'search') => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
const deploymentPath = (name = 'search') => `/apis/apps/v1/namespaces/mcp/deployments/${name}`;
const servicePath = '/api/v1/namespaces/mcp/services/search';
const policyPath = '/apis/networking.k8s.io/v1/namespaces/mcp/networkpolicies/search';
const configMapPath = '/api/v1/namespaces/mcp/configmaps/settings';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

interface Reconciler {
  readonly clock: FakeClock;
  readonly registry: Registry;
  stop(): Promise<void>;
}

async function start(
  api: FakeKubeApi,
  probe: () => ProbeResult = () => verified,
  namespaces: readonly string[] = [],
): Promise<Reconciler> {
  const clock = createFakeClock();
  const registry = new Registry();
  const stop = startLead({
    ...{ api, clock, version: '1', namespaces, metrics: createReconcilerMetrics(registry) },
    probe: () => Promise.resolve(probe()),
  });
  running.push(stop);
  await clock.advance(1_000);
  return { clock, registry, stop };
}

function anMCPServer(api: FakeKubeApi, spec: Record<string, unknown> = {}, name = 'search'): void {
  api.put(serverPath(name), {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/search:1' } },
      config: { port: 8080 },
      ...spec,
    },
  });
}

const withConfigMap = {
  config: {
    port: 8080,
    storage: [{ path: '/etc/x', source: { type: 'ConfigMap', configMap: { name: 'settings' } } }],
  },
};

function aConfigMap(api: FakeKubeApi, data: Record<string, string> = { a: '1' }): void {
  api.put(configMapPath, { metadata: { name: 'settings', namespace: 'mcp' }, data });
}

function becomesAvailable(api: FakeKubeApi): void {
  const { metadata } = api.get(deploymentPath()) as { metadata: { generation: number } };
  api.put(deploymentPath(), {
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
}

function conditions(api: FakeKubeApi, name = 'search'): Record<string, string> {
  const status = api.get(serverPath(name))?.['status'] as {
    conditions?: { type: string; status: string; reason: string }[];
  };
  return Object.fromEntries((status.conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]));
}

const messageOf = (api: FakeKubeApi, wanted: string): string | undefined => {
  const status = api.get(serverPath())?.['status'] as { conditions: { type: string; message: string }[] };
  return status.conditions.find(({ type }) => type === wanted)?.message;
};

const notes = (api: FakeKubeApi): number => api.writes.filter((write) => write.endsWith('/events')).length;

const eventReasons = (api: FakeKubeApi): readonly unknown[] => {
  const list = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events');
  return list.map(({ reason }) => reason);
};

const writesSince = (api: FakeKubeApi, count: number): readonly string[] =>
  api.writes.slice(count).filter((write) => !write.endsWith('/events'));

/** As somebody else who applies, by the name in `query`. */
function applyAs(api: FakeKubeApi, request: Pick<ApiRequest, 'path' | 'query' | 'body'>): Promise<unknown> {
  return api.request({ method: 'PATCH', contentType: 'application/apply-patch+yaml', ...request });
}

it('pods that cannot be listed delay the first reconcile by ten seconds, and no longer', async () => {
  const api = createFakeKubeApi();
  anMCPServer(api);
  api.answer(({ path }) => path === '/api/v1/pods', 500);
  const { clock } = await start(api);
  await clock.advance(7_000);
  expect(api.writes).toEqual([]);
  await clock.advance(4_000);
  expect(api.get(deploymentPath())).toBeDefined();
  becomesAvailable(api);
  await clock.advance(5_000);
  expect(conditions(api)).toMatchObject({ Ready: 'True/Available' });
});

describe('the reconciler', () => {
  it('gives nobody beside it its own account, whoever let that in', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, { runtime: { security: { serviceAccountName: 'ours' } } });
    const clock = createFakeClock();
    const installation = anInstallation({ namespace: 'mcp', serviceAccounts: ['ours'] });
    const stop = startLead({
      ...{ api, clock, installation, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
    running.push(stop);
    await clock.advance(1_000);
    expect(conditions(api)).toMatchObject({ Accepted: 'False/Invalid' });
    expect(api.get(deploymentPath())).toBeUndefined();
  });

  it('expands a server, reports it, verifies it', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    expect([deploymentPath(), servicePath, policyPath].map((path) => api.get(path) !== undefined)).toEqual([
      true,
      true,
      true,
    ]);
    expect(conditions(api)).toEqual({
      Ready: 'Unknown/Initializing',
      Accepted: 'True/Valid',
      Available: 'Unknown/Initializing',
      Verified: 'Unknown/NotVerified',
      Reconciling: 'True/RollingOut',
    });
    becomesAvailable(api);
    await clock.advance(1_000);
    expect(conditions(api)).toMatchObject({ Ready: 'True/Available', Verified: 'True/Verified' });
    expect(notes(api)).toBeGreaterThanOrEqual(2);
  });

  it('takes what a Deployment controller writes in pieces together: one round, not one for each', async () => {
    const api = createFakeKubeApi();
    const { clock, registry } = await start(api);
    const rounds = async (): Promise<number> => {
      const found = /^mcp_lifecycle_reconcile_duration_seconds_count\{.*\} (\d+)$/m.exec(await registry.metrics());
      return Number(found?.[1] ?? 0);
    };
    anMCPServer(api, { runtime: { replicas: 0 } });
    await clock.advance(10);
    expect(await rounds()).toBe(1);
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated' }];
    const complete = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
    for (const status of [{ observedGeneration: 1 }, { conditions }, { conditions: complete }]) {
      api.put(deploymentPath(), { status });
      await clock.advance(20);
    }
    await clock.advance(1_000);
    expect(await rounds()).toBe(2);
  });

  it('writes nothing while nothing happens, nor when it is started again', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    const first = await start(api);
    becomesAvailable(api);
    await first.clock.advance(1_000);
    const count = api.writes.length;
    const reads = api.reads.length;
    await first.clock.advance(600_000);
    expect(api.reads.slice(reads)).toEqual([]);
    await first.stop();
    const second = await start(api);
    await second.clock.advance(600_000);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('believes a failed verification, too, until it has asked itself', async () => {
    const api = createFakeKubeApi();
    const failed: ProbeResult = {
      state: 'failed',
      message: 'answered HTTP 404 with text/html: is spec.config.path right?',
    };
    anMCPServer(api);
    const first = await start(api, () => failed);
    becomesAvailable(api);
    await first.clock.advance(5_000);
    expect(conditions(api)).toMatchObject({ Verified: 'False/EndpointUnavailable' });
    await first.stop();
    const count = api.writes.length;
    const second = await start(api, () => failed);
    // Later it writes again, a few times: when the number of failures has doubled.
    await second.clock.advance(4_000);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it.each([
    [
      'a changed field',
      (api: FakeKubeApi) => {
        api.put(deploymentPath(), { spec: { replicas: 7 } });
      },
    ],
    [
      'a deleted child',
      (api: FakeKubeApi) => {
        api.remove(deploymentPath());
      },
    ],
    [
      'a removed label',
      (api: FakeKubeApi) => {
        api.put(deploymentPath(), { metadata: { labels: { app: 'other' } } });
      },
    ],
  ])('repairs %s', async (_, damage) => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    damage(api);
    await clock.advance(2_000);
    expect(api.get(deploymentPath())).toMatchObject({
      spec: { replicas: 1 },
      metadata: { labels: { app: 'mcp-server' } },
    });
  });

  it('leaves what others added alone', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    const count = api.writes.length;
    api.put(deploymentPath(), { metadata: { annotations: { theirs: 'yes' } } });
    await clock.advance(2_000);
    expect(writesSince(api, count)).toEqual([]);
    expect(api.get(deploymentPath())).toMatchObject({ metadata: { annotations: { theirs: 'yes' } } });
  });

  it('follows the spec', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    api.put(serverPath(), { metadata: { generation: 2 }, spec: { runtime: { replicas: 3 } } });
    await clock.advance(1_000);
    expect(api.get(deploymentPath())).toMatchObject({ spec: { replicas: 3 } });
  });

  it('waits for a missing ConfigMap without polling, and starts when it comes', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    const { clock } = await start(api);
    expect(conditions(api)).toMatchObject({ Accepted: 'False/Invalid', Available: 'False/ConfigurationInvalid' });
    expect(api.get(deploymentPath())).toBeUndefined();
    const reads = api.reads.length;
    await clock.advance(300_000);
    expect(api.reads.length).toBe(reads);
    aConfigMap(api);
    await clock.advance(1_000);
    expect(conditions(api)).toMatchObject({ Accepted: 'True/Valid' });
    expect(api.get(deploymentPath())).toBeDefined();
  });

  it('leaves the pods of a server alone whose ConfigMap has gone, and counts them', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    const { clock } = await start(api);
    becomesAvailable(api);
    await clock.advance(1_000);
    expect(conditions(api)).toMatchObject({ Ready: 'True/Available' });
    const deployment = api.get(deploymentPath());
    api.remove(configMapPath);
    await clock.advance(1_000);
    expect(conditions(api)).toMatchObject({
      ...{ Accepted: 'False/Invalid', Available: 'False/ConfigurationInvalid', Verified: 'Unknown/NotVerified' },
    });
    const status = api.get(serverPath())?.['status'];
    expect(status).toMatchObject({ phase: 'Failed', readyReplicas: 1 });
    expect(status).not.toHaveProperty('address');
    expect(api.get(deploymentPath())).toEqual(deployment);
  });

  it('changes the configuration hash when a referenced ConfigMap changes', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    const hash = (): unknown =>
      (api.get(deploymentPath()) as { spec: { template: { metadata: { annotations: Record<string, string> } } } }).spec
        .template.metadata.annotations['mcp.x-k8s.io/config-hash'];
    const { clock } = await start(api);
    const before = hash();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    aConfigMap(api, { a: '2' });
    await clock.advance(1_000);
    expect(hash()).not.toBe(before);
  });

  it('says that a server was not checked, and creates nothing, when its reference could never be read', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    api.answer(({ path }) => path === configMapPath, 403);
    const { clock } = await start(api);
    expect(conditions(api)).toEqual({
      Ready: 'Unknown/Initializing',
      Accepted: 'Unknown/NotChecked',
      Available: 'Unknown/Initializing',
      Verified: 'Unknown/NotVerified',
    });
    expect(messageOf(api, 'Accepted')).toContain("ConfigMap 'settings' not checked: we are not allowed to read it");
    expect(eventReasons(api)).toEqual(['ReferenceNotChecked']);
    expect(api.get(deploymentPath())).toBeUndefined();
    const count = api.writes.length;
    await clock.advance(300_000);
    expect(api.writes.slice(count)).toEqual([]);
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect(conditions(api)).toMatchObject({ Accepted: 'True/Valid' });
  });

  it('leaves what status and children say alone while a reference cannot be read, and tells it once', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    const { clock } = await start(api);
    const before = conditions(api);
    const count = api.writes.length;
    api.answer(({ path }) => path === configMapPath, 403);
    aConfigMap(api, { a: '2' });
    await clock.advance(300_000);
    expect(conditions(api)).toEqual(before);
    expect(writesSince(api, count)).toEqual([]);
    expect(eventReasons(api).filter((reason) => reason === 'ReferenceNotChecked')).toHaveLength(1);
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect(writesSince(api, count)).toEqual([`PATCH ${deploymentPath()}`]);
  });

  it('tells it again when there is another reason', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    api.answer(({ path }) => path === configMapPath, 403);
    const { clock } = await start(api);
    api.answer(({ path }) => path === configMapPath, 503);
    await clock.advance(300_000);
    expect(eventReasons(api)).toEqual(['ReferenceNotChecked', 'ReferenceNotChecked']);
  });

  it('tells it no second time after a restart, in whatever words an earlier release said it', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    aConfigMap(api);
    api.answer(({ path }) => path === configMapPath, 403);
    const before = await start(api);
    await before.stop();
    const { status } = api.get(serverPath()) as { status: { conditions: readonly object[] } };
    const reworded = status.conditions.map((condition) => ({ ...condition, message: 'said otherwise' }));
    api.put(serverPath(), { status: { ...status, conditions: reworded } });
    await start(api);
    expect(messageOf(api, 'Accepted')).toContain('we are not allowed to read it');
    expect(eventReasons(api)).toEqual(['ReferenceNotChecked']);
  });

  it('does not tell the owner that a reference was not checked when it is us who stop', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, withConfigMap);
    let isAsked = false;
    const silent: FakeKubeApi = {
      ...api,
      request: (request) => {
        if (request.path !== configMapPath) return api.request(request);
        isAsked = true;
        return new Promise((resolve) => {
          const error = { status: 0, reason: 'Aborted', message: 'given up', retry: true };
          request.signal?.addEventListener('abort', () => {
            resolve({ ok: false, error });
          });
        });
      },
    };
    const reconciler = await start(silent);
    expect(isAsked).toBe(true);
    await reconciler.stop();
    expect(api.writes).toEqual([]);
  });

  it.each([
    ['that contradicts ours', { selector: { app: 'theirs' } }],
    ['without a selector, into which ours could be merged', { clusterIP: 'None' }],
  ])('does not touch a foreign object %s, says so, and takes over when it is gone', async (_, spec) => {
    const api = createFakeKubeApi();
    const foreign = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'search', namespace: 'mcp' }, spec };
    const query = { fieldManager: 'theirs', force: 'false' };
    await applyAs(api, { path: servicePath, query, body: foreign });
    const before = api.get(servicePath);
    anMCPServer(api);
    const { clock } = await start(api);
    expect(api.get(servicePath)).toEqual(before);
    expect(api.get(servicePath)).not.toHaveProperty('metadata.ownerReferences');
    expect(conditions(api)).toMatchObject({ Available: 'False/ServiceUnavailable' });
    expect(messageOf(api, 'Available')).toContain('exists but has no controller owner');
    expect(api.get(deploymentPath())).toBeDefined();
    const count = api.writes.length;
    await clock.advance(300_000);
    expect(writesSince(api, count)).toEqual([]);
    api.remove(servicePath);
    await clock.advance(61_000);
    expect(api.get(servicePath)).toHaveProperty('metadata.ownerReferences');
  });

  it('creates neither Service nor NetworkPolicy beside a Deployment of somebody else, and all once that is gone', async () => {
    const api = createFakeKubeApi();
    // Without our label, as our own Deployment is: no watch tells of it.
    const foreign = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'search', namespace: 'mcp' } };
    await applyAs(api, { path: deploymentPath(), query: { fieldManager: 'helm' }, body: foreign });
    const before = api.get(deploymentPath());
    anMCPServer(api);
    const { clock } = await start(api);
    await clock.advance(300_000);
    expect(messageOf(api, 'Available')).toContain('Deployment search exists but has no controller owner');
    expect(api.get(deploymentPath())).toEqual(before);
    expect([servicePath, policyPath].map((path) => api.get(path))).toEqual([undefined, undefined]);
    expect(api.writes.filter((write) => write.endsWith('/search') && !write.includes('mcpservers'))).toHaveLength(2);
    api.remove(deploymentPath());
    await clock.advance(61_000);
    for (const path of [deploymentPath(), servicePath, policyPath])
      expect(api.get(path)).toHaveProperty('metadata.ownerReferences');
  });

  it('creates without looking first, also where the version of what does not exist is compared', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const children = [deploymentPath(), servicePath, policyPath];
    const expectsVersion = ({ body }: ApiRequest): boolean => metaOf(body).resourceVersion !== '';
    api.answer((request) => request.path === servicePath && expectsVersion(request), 409);
    await start(api);
    expect(children.filter((path) => api.get(path) === undefined)).toEqual([]);
    expect(api.reads.filter((read) => children.some((path) => read.endsWith(path)))).toEqual([`GET ${servicePath}`]);
  });

  it('does not take a foreign object with it when the server is deleted', async () => {
    const api = createFakeKubeApi();
    const metadata = { name: 'search', namespace: 'mcp' };
    const body = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None' } };
    await applyAs(api, { path: servicePath, query: { fieldManager: 'theirs' }, body });
    anMCPServer(api);
    await start(api);
    api.remove(serverPath());
    expect(api.get(deploymentPath())).toBeUndefined();
    expect(api.get(servicePath)).toBeDefined();
  });

  it('does not stop at a child that is refused, and says which', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(({ path, method }) => path === deploymentPath() && method === 'PATCH', 422);
    const { clock } = await start(api);
    expect(api.get(servicePath)).toBeDefined();
    expect(conditions(api)).toMatchObject({ Available: 'False/DeploymentUnavailable' });
    api.answer(() => false, undefined);
    await clock.advance(301_000);
    expect(api.get(deploymentPath())).toBeDefined();
  });

  it('tries again when the API server fails, without writing that into status', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(({ path, method }) => path === deploymentPath() && method === 'PATCH', 500);
    const { clock } = await start(api);
    expect(api.get(serverPath())).not.toHaveProperty('status');
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(conditions(api)).toMatchObject({ Accepted: 'True/Valid' });
  });

  it('tries the status again when it could not be written', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(({ path }) => path.endsWith('/status'), 503);
    const { clock } = await start(api);
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect(conditions(api)).toMatchObject({ Accepted: 'True/Valid' });
  });

  it('does nothing for a server that is being deleted', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.put(serverPath(), { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const { clock } = await start(api);
    await clock.advance(10_000);
    expect(api.writes).toEqual([]);
  });

  it('forgets a deleted server: its children go with it, and nobody asks its endpoint any more', async () => {
    const api = createFakeKubeApi();
    let asked = 0;
    anMCPServer(api);
    const { clock } = await start(api, () => {
      asked += 1;
      return verified;
    });
    becomesAvailable(api);
    await clock.advance(1_000);
    api.remove(serverPath());
    await clock.advance(1_000);
    const [count, writes] = [asked, api.writes.length];
    await clock.advance(600_000);
    expect(asked).toBe(count);
    expect(api.writes).toHaveLength(writes);
    expect(api.get(deploymentPath())).toBeUndefined();
  });

  it('works on all other servers beside one that it cannot handle, and tells its owner', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, { config: { port: 'not a port' } }, 'poison');
    anMCPServer(api);
    const { clock, registry } = await start(api);
    expect(conditions(api)).toMatchObject({ Accepted: 'True/Valid' });
    await clock.advance(10_000);
    expect(api.writes.some((write) => write.endsWith('/events'))).toBe(true);
    expect(conditions(api, 'poison')).toEqual({ Ready: 'Unknown/ReconcileError', Accepted: 'Unknown/ReconcileError' });
    expect(await registry.metrics()).toMatch(/mcp_lifecycle_quarantined_servers 1/);
    const count = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes).toHaveLength(count);
    api.remove(serverPath('poison'));
    await clock.advance(1_000);
    expect(await registry.metrics()).toMatch(/mcp_lifecycle_quarantined_servers 0/);
  });

  it('tells the owner of a server of which server-side apply cannot read the stored object', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, { config: { port: 'not a port' } }, 'poison');
    api.answer(
      ({ contentType, path }) => contentType === 'application/apply-patch+yaml' && path.includes('poison'),
      500,
    );
    const { clock } = await start(api);
    await clock.advance(10_000);
    expect(conditions(api, 'poison')).toEqual({ Ready: 'Unknown/ReconcileError', Accepted: 'Unknown/ReconcileError' });
  });

  it('tells the owner of a server that it cannot handle as soon as that can be written, once (it was tried once)', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api, { config: { port: 'not a port' } }, 'poison');
    api.answer(({ path }) => path.includes('poison/status'), 503);
    const { clock } = await start(api);
    await clock.advance(60_000);
    expect(api.get(serverPath('poison'))?.['status']).toBeUndefined();
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect(conditions(api, 'poison')).toEqual({ Ready: 'Unknown/ReconcileError', Accepted: 'Unknown/ReconcileError' });
    expect(notes(api)).toBe(1);
    const count = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes).toHaveLength(count);
  });

  it('shows as a metric that an event could not be handled', async () => {
    const api = createFakeKubeApi();
    const { clock, registry } = await start(api);
    const failed = /mcp_lifecycle_watch_failed_events_total\{watch="mcpservers".*\} 1$/m;
    expect(await registry.metrics()).not.toMatch(failed);
    // Whatever no answer of an API server can hold.
    anMCPServer(api, { config: { port: 1n } });
    await clock.advance(1_000);
    expect(await registry.metrics()).toMatch(failed);
  });

  it('shows each condition as a metric', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { registry } = await start(api);
    const metrics = await registry.metrics();
    expect(metrics).toContain(
      'mcpserver_condition_info{namespace="mcp",name="search",type="Accepted",status="True",reason="Valid"} 1',
    );
    expect(metrics).toContain('mcp_lifecycle_leader 1');
  });

  it('shows what a verified server lists, in status and as a metric', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock, registry } = await start(api, () => ({ ...verified, offers: { tools: 7 } }));
    becomesAvailable(api);
    await clock.advance(1_000);
    expect(api.get(serverPath())).toMatchObject({ status: { extensions: { verification: { toolCount: 7 } } } });
    expect(await registry.metrics()).toMatch(/mcp_lifecycle_server_offers\{.*kind="tool".*\} 7/);
  });

  it('takes another period of verification over with nothing written but the generation', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    let asked = 0;
    const { clock } = await start(api, () => {
      asked += 1;
      return verified;
    });
    becomesAvailable(api);
    await clock.advance(1_000);
    const [before, count] = [asked, api.writes.length];
    await clock.advance(50_000);
    expect(asked).toBe(before);
    const extensions = { verification: { periodSeconds: 5 } };
    api.put(serverPath(), { metadata: { generation: 2 }, spec: { extensions } });
    await clock.advance(60_000);
    expect(asked - before).toBeGreaterThan(9);
    expect(api.writes.slice(count)).toEqual([expect.stringMatching(/^PATCH .*\/mcpservers\/search\/status$/)]);
    expect(conditions(api)).toMatchObject({ Verified: 'True/Verified' });
  });

  it('says why a pod does not start, and says it once', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    const pod = (restartCount: number) => ({
      metadata: {
        ...{ name: 'search-1', namespace: 'mcp' },
        labels: { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': 'x' },
        ownerReferences: ofReplicaSet('search', 'x'),
      },
      status: {
        containerStatuses: [
          {
            ...{ image: 'x', ready: false, restartCount },
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 3 } },
          },
        ],
      },
    });
    api.put(deploymentPath(), {
      status: { observedGeneration: 1, conditions: [{ type: 'Progressing', status: 'True' }] },
    });
    api.put('/api/v1/namespaces/mcp/pods/search-1', pod(64));
    await clock.advance(1_000);
    expect(messageOf(api, 'Available')).toContain('Container crashing: exit code 3');
    const count = api.writes.length;
    for (let restarts = 65; restarts < 72; restarts += 1)
      api.put('/api/v1/namespaces/mcp/pods/search-1', pod(restarts));
    await clock.advance(1_000);
    expect(writesSince(api, count)).toEqual([]);
  });

  it('says after a while that a pod runs and is not ready, without anything happening', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    const { clock } = await start(api);
    api.put(deploymentPath(), {
      status: { observedGeneration: 1, conditions: [{ type: 'Progressing', status: 'True' }] },
    });
    api.put('/api/v1/namespaces/mcp/pods/search-1', {
      metadata: {
        ...{ name: 'search-1', namespace: 'mcp' },
        labels: { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': 'x' },
        ownerReferences: ofReplicaSet('search', 'x'),
      },
      status: {
        containerStatuses: [
          { image: 'x', ready: false, restartCount: 0, state: { running: { startedAt: clock.now().toISOString() } } },
        ],
      },
    });
    await clock.advance(19_000);
    expect(messageOf(api, 'Available')).toBe('Waiting for instances to become healthy');
    await clock.advance(11_000);
    expect(messageOf(api, 'Available')).toMatch(
      /^Waiting for instances to become healthy; nothing accepts connections/,
    );
    await clock.advance(31_000);
    expect(messageOf(api, 'Available')).toBe(
      'Container not passing health checks: not ready 60 seconds after its start; nothing accepts connections on port 8080 (spec.config.port): does the server listen on another one, or on 127.0.0.1 only? (pod: search-1)',
    );
    const count = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(count)).toEqual([]);
  });
});

describe('a reconciler of some namespaces', () => {
  const isIn = (namespace: string) => (request: { readonly path: string }) =>
    request.path.includes(`/namespaces/${namespace}/`);
  const elsewhere = (namespace: string, path: string): string => path.replace('/mcp/', `/${namespace}/`);
  const anotherServer = (api: FakeKubeApi, namespace: string): void => {
    anMCPServer(api);
    const server = api.get(serverPath());
    api.put(elsewhere(namespace, serverPath()), { ...server, metadata: { name: 'search', namespace } });
  };

  it('asks for nothing outside of them', async () => {
    const api = createFakeKubeApi();
    anotherServer(api, 'other');
    await start(api, () => verified, ['mcp']);
    expect(api.get(deploymentPath())).toBeDefined();
    expect(api.get(elsewhere('other', deploymentPath()))).toBeUndefined();
    expect([...api.reads, ...api.writes].filter((request) => !request.includes('/namespaces/mcp/'))).toEqual([]);
  });

  it('serves all of them, and a new list of one is no news about another', async () => {
    const api = createFakeKubeApi();
    anotherServer(api, 'other');
    const { clock } = await start(api, () => verified, ['mcp', 'other']);
    expect(api.get(elsewhere('other', deploymentPath()))).toBeDefined();
    const before = api.writes.length;
    api.endWatches({ why: 'failed', error: { status: 410, reason: 'Expired', message: 'gone', retry: false } });
    await clock.advance(60_000);
    expect(writesSince(api, before)).toEqual([]);
    // Both are still known: a change of either arrives.
    anMCPServer(api, { runtime: { replicas: 2 } });
    api.remove(elsewhere('other', deploymentPath()));
    await clock.advance(1_000);
    expect(api.get(deploymentPath())).toMatchObject({ spec: { replicas: 2 } });
    expect(api.get(elsewhere('other', deploymentPath()))).toBeDefined();
  });

  it.each([
    ['works where pods may not be read', 403, true],
    ['decides nothing before it knows which pods serve, where they may be', 503, false],
  ])('%s', async (_, status, isDecided) => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(({ path }) => path.endsWith('/pods'), status);
    await start(api, () => verified, ['mcp']);
    expect(api.get(deploymentPath()) !== undefined).toBe(isDecided);
  });

  it('is not stopped by one of them that it may no longer read', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(isIn('gone'), 403);
    await start(api, () => verified, ['mcp', 'gone']);
    expect(api.get(deploymentPath())).toBeDefined();
  });

  it('waits where the servers can be read and what they were expanded into cannot', async () => {
    const api = createFakeKubeApi();
    anMCPServer(api);
    api.answer(({ path }) => path.endsWith('/namespaces/mcp/deployments'), 403);
    await start(api, () => verified, ['mcp']);
    expect(writesSince(api, 0)).toEqual([]);
  });
});
