import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { API } from '../core/mcpserver/api.ts';
import { everyChildName } from '../core/mcpserver/names.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { metricPrefix } from '../platform/metrics.ts';
import { ChildCache } from './child-cache.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { PodCache } from './pod-cache.ts';
import { ofReplicaSet } from './testing/replica-set.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const keyOf = (name: string): string => `MCPServer/mcp/${name}`;

const aService = (name: string, version: number) => ({
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { name, namespace: 'mcp', uid: `uid-${name}`, resourceVersion: String(version), generation: 1 },
});

const controlledBy = (server: string, { metadata, ...service }: ReturnType<typeof aService>) => ({
  ...service,
  metadata: {
    ...metadata,
    ownerReferences: [{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: API.kind, name: server, uid: 'u', controller: true }],
  },
});

const aFailingPod = (name: string, server: string) => ({
  metadata: {
    ...{ name, namespace: 'mcp', uid: name, labels: { 'mcp-server': server, 'pod-template-hash': 'theirs' } },
    ownerReferences: ofReplicaSet(server, 'theirs'),
  },
  status: {
    containerStatuses: [
      {
        ...{ name: 'mcp-server', ready: false, restartCount: 7 },
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'x' } },
      },
    ],
  },
});

describe('twenty thousand objects with our labels for which there is no server', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `foreign-${index}`);

  it('are a thousand in the cache of a kind, and those of servers all stay (the reconciler ran out of memory)', () => {
    const servers = new Set(Array.from({ length: 1_000 }, (_, index) => `server-${index}`));
    const exists = (key: string): boolean => servers.has(key.slice('MCPServer/mcp/'.length));
    const cache = new ChildCache('Service', undefined, API, { exists });
    let version = 100;
    for (const name of [...servers, ...names]) cache.put(aService(name, (version += 1)));
    expect(cache.size).toBe(2_000);
    expect([...servers].filter((name) => cache.get(keyOf(name)) === undefined)).toEqual([]);
    expect([cache.get(keyOf('foreign-0')), cache.get(keyOf('foreign-19999'))]).toEqual([expect.anything(), undefined]);
  });

  it('are none among the pods that are kept, and of a server 64', () => {
    const pods = new PodCache(undefined, undefined, (server) => server === keyOf('one'));
    for (const name of names) pods.put(aFailingPod(name, name));
    expect(names.filter((name) => pods.of(keyOf(name)).length > 0)).toEqual([]);
    for (const name of names) pods.put(aFailingPod(name, 'one'));
    expect(pods.of(keyOf('one'))).toHaveLength(64);
  });

  it('stay where a server comes for them before they have to go', () => {
    const servers = new Set<string>();
    const cache = new ChildCache('Service', undefined, API, { exists: (key) => servers.has(key) });
    cache.put(aService('restored', 1));
    servers.add(keyOf('restored'));
    for (const [index, name] of names.entries()) cache.put(aService(name, 100 + index));
    expect(cache.get(keyOf('restored'))).toBeDefined();
  });

  it('hold no place of a server, whose objects come after them or are read for it', () => {
    const servers = new Set<string>();
    const cache = new ChildCache('Service', undefined, API, { exists: (key) => servers.has(key) });
    for (const [index, name] of names.entries()) cache.put(aService(name, 100 + index));
    servers.add(keyOf('late'));
    cache.put(aService('late', 30_000));
    cache.put(aService('foreign-19999', 30_001), undefined, keyOf('foreign-19999'));
    expect([cache.get(keyOf('late')), cache.get(keyOf('foreign-19999'))]).toEqual([
      expect.anything(),
      expect.anything(),
    ]);
    expect(cache.size).toBe(1_001);
  });
});

describe('twenty thousand objects that name servers as their controllers', () => {
  const count = 20_000;

  it('are a bounded number of one server, beside its own children (each of its rounds gathered all of them)', () => {
    const cache = new ChildCache('Service', undefined, API, {
      exists: (key) => key === keyOf('search'),
      childNames: everyChildName,
    });
    for (const [index, name] of everyChildName('search').entries())
      cache.put(controlledBy('search', aService(name, 1 + index)));
    for (let index = 0; index < count; index += 1)
      cache.put(controlledBy('search', aService(`foreign-${index}`, 100 + index)));
    const names = cache.of(keyOf('search')).map(({ child }) => child.name);
    expect(names.filter((name) => !name.startsWith('foreign-'))).toEqual([...everyChildName('search')]);
    expect(names).toHaveLength(20 + everyChildName('search').length);
    expect(names.at(-1)).toBe('foreign-19999');
    expect(cache.size).toBe(20 + everyChildName('search').length);
  });

  it('push nothing out that has the name of a server, whoever is said to control it', () => {
    const servers = Array.from({ length: 100 }, (_, index) => `server-${index}`);
    const existing = new Set(['search', ...servers].map(keyOf));
    const cache = new ChildCache('Service', undefined, API, {
      exists: (key) => existing.has(key),
      childNames: everyChildName,
    });
    for (const [index, name] of servers.entries()) cache.put(controlledBy('search', aService(name, 1 + index)));
    for (let index = 0; index < 2_000; index += 1)
      cache.put(controlledBy('search', aService(`foreign-${index}`, 200 + index)));
    expect(servers.filter((name) => cache.get(keyOf(name)) === undefined)).toEqual([]);
    expect(cache.size).toBe(120);
  });

  it('are a thousand of all servers together, beside what is theirs', () => {
    const servers = Array.from({ length: 1_000 }, (_, index) => `server-${index}`);
    const existing = new Set(servers.map(keyOf));
    const cache = new ChildCache('Service', undefined, API, {
      exists: (key) => existing.has(key),
      childNames: everyChildName,
    });
    let version = 1;
    for (const name of servers) cache.put(controlledBy(name, aService(name, (version += 1))));
    for (let index = 0; index < count; index += 1)
      cache.put(controlledBy(`server-${index % 1_000}`, aService(`foreign-${index}`, (version += 1))));
    expect(cache.size).toBe(2_000);
    expect(servers.filter((name) => cache.get(keyOf(name)) === undefined)).toEqual([]);
  });

  it('are as few when the servers whose children they were are gone, and they stay', () => {
    const existing = new Set(Array.from({ length: 3_000 }, (_, index) => keyOf(`server-${index}`)));
    const servers = [...existing];
    const cache = new ChildCache('Service', undefined, API, {
      exists: (key) => existing.has(key),
      childNames: everyChildName,
    });
    for (let index = 0; index < 3_000; index += 1)
      cache.put(controlledBy(`server-${index}`, aService(`server-${index}`, 1 + index)));
    expect(cache.size).toBe(3_000);
    existing.clear();
    for (const server of servers) cache.forget(server);
    expect(cache.size).toBe(1_000);
  });
});

describe('objects with our labels for which there is no server', () => {
  const labels = { app: 'mcp-server', 'mcp-server': 'theirs' };
  const rounds = async (registry: Registry): Promise<number> => {
    const counts = (await registry.metrics()).matchAll(
      new RegExp(`^${metricPrefix}reconcile_duration_seconds_count(?:\\{.*\\})? (\\d+)$`, 'gm'),
    );
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it('are reconciled by nobody, neither those that are listed nor those that come (20,000 kept the first change waiting)', async () => {
    const [api, clock, registry] = [createFakeKubeApi(), createFakeClock(), new Registry()];
    const put = (name: string): void => {
      const { metadata, ...service } = aService(name, 1);
      api.put(`/api/v1/namespaces/mcp/services/${name}`, { ...service, metadata: { ...metadata, labels } });
      const { metadata: ofPod, ...pod } = aFailingPod(`${name}-x`, 'theirs');
      api.put(`/api/v1/namespaces/mcp/pods/${name}-x`, {
        ...pod,
        metadata: { ...ofPod, labels: { ...ofPod.labels, ...labels } },
      });
    };
    put('listed');
    const metrics = createReconcilerMetrics(registry);
    const stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics },
      probe: () => Promise.resolve(verified),
    });
    await clock.advance(1_000);
    put('later');
    await clock.advance(10_000);
    expect(await rounds(registry)).toBe(0);
    const server = {
      apiVersion: 'mcp.x-k8s.io/v1beta1',
      kind: 'MCPServer',
      metadata: { name: 'theirs', namespace: 'mcp' },
    };
    const spec = {
      source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } },
      config: { port: 8080 },
    };
    api.put('/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/theirs', { ...server, spec });
    await clock.advance(1_000);
    expect(await rounds(registry)).toBeGreaterThan(0);
    await stop();
  });
});
