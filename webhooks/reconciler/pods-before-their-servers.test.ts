import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { KubeApi } from '../platform/kube/api.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { LABELS } from '../core/mcpserver/api.ts';
import { listLatePods } from './list-late-pods.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { PodCache } from './pod-cache.ts';
import { ofReplicaSet } from './testing/replica-set.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const serverKey = (name: string): string => `MCPServer/mcp/${name}`;
const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;
const podPath = (server: string): string => `/api/v1/namespaces/mcp/pods/${server}-x`;
const names = Array.from({ length: 200 }, (_, index) => `server-${index}`);
const { signal } = new AbortController();

const aPod = (server: string) => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: {
    ...{ name: `${server}-x`, namespace: 'mcp', creationTimestamp: '2026-01-01T00:00:00Z' },
    labels: { app: 'mcp-server', 'mcp-server': server, 'pod-template-hash': 'one' },
    ownerReferences: ofReplicaSet(server, 'one'),
  },
  spec: { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] },
  status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
});

const aServer = (name: string) => ({
  ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
  spec: {
    source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } },
    config: { port: 8080 },
  },
});

let api: FakeKubeApi;

beforeEach(() => {
  api = createFakeKubeApi();
  for (const name of names) api.put(podPath(name), aPod(name));
});

describe('the pods of 200 servers that come after them', () => {
  let servers: Set<string>;
  let pods: PodCache;
  let candidatePods: PodCache;

  beforeEach(() => {
    servers = new Set();
    const exists = (key: string): boolean => servers.has(key);
    pods = new PodCache(LABELS.server, undefined, exists);
    candidatePods = new PodCache(LABELS.candidateOf, LABELS.candidateTemplate, exists);
    for (const name of names) pods.put(aPod(name));
  });

  const come = (...some: readonly string[]): void => {
    for (const name of some) {
      for (const cache of [pods, candidatePods]) cache.noteServer(serverKey(name));
      servers.add(serverKey(name));
    }
  };
  const list = (name: string, from: KubeApi = api) =>
    listLatePods(serverKey(name), { api: from, pods, candidatePods }, signal);
  const known = (): readonly string[] => names.filter((name) => pods.servingOf(serverKey(name)).length > 0);

  it('are all known (they were of 50, for up to an hour), by one list for each', async () => {
    come(...names);
    expect(known()).toEqual([]);
    for (const name of [...names, ...names]) expect(await list(name)).toBeUndefined();
    expect(known()).toHaveLength(200);
    expect(api.reads).toHaveLength(200);
  });

  it('are not listed for a server that had none', async () => {
    come('of-no-pod');
    await list('of-no-pod');
    expect(api.reads).toEqual([]);
  });

  it('are as the watch says where it tells of them while they are listed', async () => {
    come('server-0', 'server-1');
    const meanwhile: KubeApi = {
      watch: api.watch.bind(api),
      async request(request) {
        const answer = await api.request(request);
        pods.remove(aPod('server-0'));
        return answer;
      },
    };
    await list('server-0', meanwhile);
    await list('server-1', meanwhile);
    expect(known()).toContain('server-1');
    expect(known()).not.toContain('server-0');
  });

  it('are listed again after a failure that may pass, and not where we may not read them', async () => {
    come('server-0', 'server-1');
    api.answer(() => true, 503);
    expect(await list('server-0')).toMatchObject({ status: 503 });
    api.answer(() => true, 403);
    expect(await list('server-1')).toBeUndefined();
    api.answer(() => true, undefined);
    await list('server-0');
    await list('server-1');
    expect(known()).toContain('server-0');
    expect(known()).not.toContain('server-1');
  });

  it('are kept no more when all those servers are gone and their pods stay, and known again when they come back', async () => {
    come(...names);
    for (const name of names) await list(name);
    servers.clear();
    for (const name of names) pods.forget(serverKey(name));
    expect(known()).toEqual([]);
    come('server-0');
    await list('server-0');
    expect(known()).toEqual(['server-0']);
  });

  it('stay known while their server is on its way out', async () => {
    come('server-0');
    await list('server-0');
    pods.forget(serverKey('server-0'));
    expect(known()).toEqual(['server-0']);
  });

  it('are a bounded number, of whoever has thousands', async () => {
    for (let index = 0; index < 1_000; index += 1) {
      const { metadata, ...rest } = aPod('server-0');
      api.put(`${podPath('server-0')}-${index}`, { ...rest, metadata: { ...metadata, name: `server-0-x-${index}` } });
    }
    come('server-0');
    await list('server-0');
    expect(api.reads).toHaveLength(4);
    expect(pods.servingOf(serverKey('server-0'))).toHaveLength(64);
  });
});

describe('a server that comes after its pods', () => {
  let stop: () => Promise<void>;
  afterEach(() => stop());

  it('has them listed once, whatever comes then', async () => {
    const clock = createFakeClock();
    stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
    await clock.advance(1_000);
    const lists = (): number => api.reads.filter((read) => read === 'GET /api/v1/namespaces/mcp/pods').length;
    expect(lists()).toBe(0);
    for (const name of ['server-0', 'of-no-pod']) api.put(serverPath(name), aServer(name));
    await clock.advance(1_000);
    expect(lists()).toBe(1);
    api.put(serverPath('server-0'), { metadata: { generation: 2 }, spec: { config: { port: 8081 } } });
    await clock.advance(600_000);
    expect(lists()).toBe(1);
  });
});
