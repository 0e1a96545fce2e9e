import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createFakeClock, type FakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import type { Json } from '../../platform/kube/testing/object-store.ts';
import { createReconcilerMetrics } from '../metrics.ts';
import { startLead } from '../testing/start-lead.ts';
import { verified } from '../testing/verified.ts';

const ours = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const theirs = '/apis/mcp.v2dy.io/v1/namespaces/mcp/mcpservers/search';
const deployment = '/apis/apps/v1/namespaces/mcp/deployments/search';

const jsonPatch = 'application/json-patch+json';

const running: (() => Promise<void>)[] = [];
let registry = new Registry();

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

async function start(
  api: FakeKubeApi,
  options: { readonly features?: readonly string[]; readonly namespaces?: readonly string[] } = {},
): Promise<FakeClock> {
  const { features = ['v2dy'], namespaces = [] } = options;
  const clock = createFakeClock();
  registry = new Registry();
  const metrics = createReconcilerMetrics(registry);
  const probe = () => Promise.resolve(verified);
  running.push(startLead({ api, clock, metrics, probe, features, namespaces, version: '1' }));
  await clock.advance(1_000);
  return clock;
}

/** Each spec is another generation, as the API server counts. */
function write(api: FakeKubeApi, spec: object = {}, { generation = 1, ...metadata }: Json = {}): void {
  api.put(theirs, {
    ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer' },
    metadata: { name: 'search', namespace: 'mcp', generation, ...metadata },
    spec: { image: 'example.com/search:1', port: 3000, protocol: 'http', replicas: 1, ...spec },
  });
}

function becomesAvailable(api: FakeKubeApi): void {
  api.put(deployment, {
    status: {
      ...{ observedGeneration: 99, replicas: 1, readyReplicas: 1, updatedReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
}

/** What its status says in one word, and of Ready. */
function toldBy(api: FakeKubeApi): unknown {
  const status = api.get(theirs)?.['status'] as
    { readonly phase: string; readonly conditions: readonly Json[] } | undefined;
  const [ready] = status?.conditions ?? [];
  return { phase: status?.phase, ready: ready?.['status'], reason: ready?.['reason'] };
}

const writesOf = (api: FakeKubeApi): readonly string[] => api.writes.filter((write) => !write.includes('/events'));

describe('an MCPServer of mcp.v2dy.io', () => {
  it('becomes one of ours that it owns, and says what becomes of that', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    expect(api.get(ours)).toMatchObject({
      metadata: { ownerReferences: [{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPServer', controller: true }] },
      spec: { source: { containerImage: { ref: 'example.com/search:1' } }, config: { port: 3000, path: '/mcp' } },
    });
    expect(toldBy(api)).toEqual({ phase: 'Pending', ready: 'Unknown', reason: 'Initializing' });
    becomesAvailable(api);
    await clock.advance(5_000);
    expect(toldBy(api)).toEqual({ phase: 'Running', ready: 'True', reason: 'Available' });
    expect(api.get(theirs)?.['status']).toMatchObject({
      ...{ observedGeneration: 1, replicas: 1, readyReplicas: 1, selector: 'mcp-server=search' },
      address: { url: 'http://search.mcp.svc.cluster.local:3000/mcp' },
    });
  });

  it('is counted by its condition Ready, and no more when it is gone or nobody leads (no metric knew of it)', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    const counted = async (): Promise<string> =>
      (await registry.metrics())
        .split('\n')
        .filter((line) => /^mcp_lifecycle_composites.*[1-9]$/.test(line))
        .join();
    await clock.advance(1_000);
    expect(await counted()).toBe('mcp_lifecycle_composites{kind="MCPServer.mcp.v2dy.io",ready="Unknown"} 1');
    becomesAvailable(api);
    await clock.advance(5_000);
    expect(await counted()).toBe('mcp_lifecycle_composites{kind="MCPServer.mcp.v2dy.io",ready="True"} 1');
    expect(await registry.metrics()).toContain('mcp_lifecycle_quarantined_composites{kind="MCPServer.mcp.v2dy.io"} 0');
    api.remove(theirs);
    await clock.advance(1_000);
    expect(await counted()).toBe('');
    for (const stop of running.splice(0)) await stop();
    expect(await registry.metrics()).not.toContain('mcp_lifecycle_composites{');
  });

  it('writes nothing when nothing happens, nor by the next leader', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    becomesAvailable(api);
    await clock.advance(10_000);
    const before = writesOf(api).length;
    await clock.advance(3_600_000);
    for (const stop of running.splice(0)) await stop();
    await start(api).then((next) => next.advance(60_000));
    expect(
      writesOf(api)
        .slice(before)
        .filter((one) => one.includes('mcp.v2dy.io') || one.endsWith('mcpservers/search')),
    ).toEqual([]);
  });

  it('is followed by ours when it is scaled, and brings ours back when that is', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    write(api, { replicas: 3 }, { generation: 2 });
    await clock.advance(1_000);
    expect(api.get(ours)).toMatchObject({ spec: { runtime: { replicas: 3 } } });
    api.put(ours, { spec: { runtime: { replicas: 9 } } });
    await clock.advance(1_000);
    expect(api.get(ours)).toMatchObject({ spec: { runtime: { replicas: 3 } } });
  });

  it('brings ours back at once, tells whose it is, and rests where somebody never gives in', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    const applied = (): number => api.writes.filter((one) => one === `PATCH ${ours}`).length;
    const before = applied();
    for (let time = 0; time < 100; time += 1) {
      api.put(ours, { spec: { runtime: { replicas: 9 } } });
      await clock.advance(200);
    }
    // A hundred changes within twenty seconds.
    expect(applied() - before).toBe(20);
    await clock.advance(31_000);
    expect(api.get(ours)).toMatchObject({ spec: { runtime: { replicas: 1 } } });
    const events = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events');
    expect(events).toContainEqual(
      expect.objectContaining({
        reason: 'BroughtBack',
        regarding: expect.objectContaining({ apiVersion: 'mcp.v2dy.io/v1', name: 'search' }),
      }),
    );
  });

  it('leaves what others wrote into ours beside it', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    api.putAs('kubectl', ours, { spec: { runtime: { security: { serviceAccountName: 'a' } } } });
    write(api, { replicas: 2 }, { generation: 2 });
    await clock.advance(1_000);
    expect(api.get(ours)).toMatchObject({
      spec: { runtime: { replicas: 2, security: { serviceAccountName: 'a' } } },
    });
  });

  it('leaves an MCPServer of somebody else alone, says so, and takes its name when it is gone', async () => {
    const api = createFakeKubeApi();
    const foreign = {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
      spec: { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/other:1' } }, config: { port: 1 } },
    };
    api.put(ours, foreign);
    const clock = await start(api);
    write(api);
    await clock.advance(2_000);
    expect(toldBy(api)).toEqual({ phase: 'Failed', ready: 'False', reason: 'NotOurs' });
    // It said to delete the other one alone, which may be what this one was converted to.
    expect(JSON.stringify(api.get(theirs)?.['status'])).toContain('delete this object where that one was made of it');
    expect(api.get(ours)).toMatchObject({ spec: foreign.spec });
    expect(api.writes.filter((one) => one.includes('/events')).length).toBeGreaterThan(0);
    const before = writesOf(api).length;
    await clock.advance(600_000);
    expect(
      writesOf(api)
        .slice(before)
        .filter((one) => one.includes('v2dy')),
    ).toEqual([]);
    api.remove(ours);
    await clock.advance(61_000);
    expect(api.get(ours)).toMatchObject({ spec: { source: { containerImage: { ref: 'example.com/search:1' } } } });
  });

  it('that is deleted without ours lets go of it: its label, its digest, and what we own of its fields (they stayed)', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api, { env: [{ name: 'A', value: '1' }] });
    await clock.advance(1_000);
    const spec = api.get(ours)?.['spec'];
    // As kubectl delete --cascade=orphan, and an apply by hand.
    api.put(ours, { metadata: { ownerReferences: [] } });
    api.remove(theirs);
    await clock.advance(1_000);
    const left = api.get(ours);
    expect(left?.['spec']).toEqual(spec);
    expect(JSON.stringify(left?.['metadata'])).not.toMatch(/mcp-lifecycle\/|"manager":"mcp-lifecycle",/);
    // Somebody has our label in a manifest of his own.
    api.putAs('argocd', ours, { metadata: { labels: { 'mcp-lifecycle/expanded-from': 'MCPServer.mcp.v2dy.io' } } });
    const before = writesOf(api).length;
    await clock.advance(600_000);
    expect(
      writesOf(api)
        .slice(before)
        .filter((one) => one === `PATCH ${ours}`),
    ).toEqual([]);
  });

  it('that is deleted without ours, which may not be written, is told once, and not tried again without news (it was, for ever)', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    api.answer(
      ({ method, path, contentType }) => method === 'PATCH' && path === ours && contentType === jsonPatch,
      403,
    );
    api.put(ours, { metadata: { ownerReferences: [] } });
    api.remove(theirs);
    await clock.advance(1_000);
    const tries = (): number => api.writes.filter((one) => one === `PATCH ${ours}`).length;
    const before = tries();
    await clock.advance(600_000);
    expect(tries()).toBe(before);
    const events = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events');
    expect(events.filter(({ reason }) => reason === 'FieldsNotReleased')).toMatchObject([
      { regarding: { apiVersion: 'mcp.x-k8s.io/v1beta1', name: 'search' }, note: expect.stringContaining('403') },
    ]);
    api.answer(() => false, undefined);
    api.put(ours, { metadata: { annotations: { news: '1' } } });
    await clock.advance(1_000);
    expect(JSON.stringify(api.get(ours)?.['metadata'])).not.toContain('"manager":"mcp-lifecycle",');
  });

  it('is created anew when somebody deletes ours', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    api.remove(ours);
    await clock.advance(1_000);
    expect(api.get(ours)).toBeDefined();
  });

  it('that speaks stdio without a command becomes nothing, and says why; what ran goes on', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    const before = api.get(ours);
    write(api, { protocol: 'stdio', image: 'example.com/search:2' }, { generation: 2 });
    await clock.advance(1_000);
    expect(toldBy(api)).toMatchObject({ ready: 'False', reason: expect.stringMatching(/^Stdio/) });
    expect(api.get(ours)?.['spec']).toEqual(before?.['spec']);
  });

  it('is looked at again for a new annotation, which makes no new generation', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api, { protocol: 'stdio' });
    await clock.advance(1_000);
    const before = api.reads.length;
    api.put(theirs, { metadata: { annotations: { 'mcp-lifecycle/stdio-command': '["a"]' } } });
    await clock.advance(1_000);
    expect(api.reads.length).toBeGreaterThan(before);
  });

  it('says what the API server refuses, and tries again without a hurry', async () => {
    const api = createFakeKubeApi();
    api.answer(({ method, path }) => method === 'PATCH' && path === ours, 422);
    const clock = await start(api);
    write(api);
    await clock.advance(2_000);
    expect(toldBy(api)).toEqual({ phase: 'Failed', ready: 'False', reason: 'MCPServerUnavailable' });
    const tries = (): number => api.writes.filter((one) => one === `PATCH ${ours}`).length;
    const before = tries();
    await clock.advance(600_000);
    expect(tries() - before).toBeLessThanOrEqual(10);
    api.answer(() => false, undefined);
    await clock.advance(61_000);
    expect(api.get(ours)).toBeDefined();
  });

  it('is neither followed nor expanded where the feature is off', async () => {
    const api = createFakeKubeApi();
    write(api);
    const clock = await start(api, { features: [] });
    await clock.advance(60_000);
    expect(api.get(ours)).toBeUndefined();
    expect(api.reads.filter((read) => read.includes('v2dy'))).toEqual([]);
  });

  it('is left alone in a namespace that is not watched', async () => {
    const api = createFakeKubeApi();
    write(api);
    await (await start(api, { namespaces: ['other'] })).advance(10_000);
    expect(api.get(ours)).toBeUndefined();
    const inWatched = createFakeKubeApi();
    write(inWatched);
    await (await start(inWatched, { namespaces: ['other', 'mcp'] })).advance(10_000);
    expect(inWatched.get(ours)).toBeDefined();
  });

  it('whose end has begun is not expanded any more', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    write(api);
    await clock.advance(1_000);
    write(api, { replicas: 5 }, { generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' });
    await clock.advance(1_000);
    expect(api.get(ours)).toMatchObject({ spec: { runtime: { replicas: 1 } } });
  });
});
