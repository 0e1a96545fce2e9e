import { describe, expect, it } from '@jest/globals';

import { API } from '../core/mcpserver/api.ts';
import { ChildCache } from './child-cache.ts';
import { PodCache } from './pod-cache.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const keyOf = (name: string): string => `MCPServer/mcp/${name}`;

const aService = (name: string, version: number) => ({
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { name, namespace: 'mcp', uid: `uid-${name}`, resourceVersion: String(version), generation: 1 },
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
    const cache = new ChildCache('Service', undefined, API, exists);
    let version = 100;
    for (const name of [...servers, ...names]) cache.put(aService(name, (version += 1)));
    expect(cache.size).toBe(2_000);
    expect([...servers].filter((name) => cache.get(keyOf(name)) === undefined)).toEqual([]);
    expect(cache.get(keyOf('foreign-19999'))).toBeDefined();
  });

  it('are few among the pods that are kept, also those of one name', () => {
    const pods = new PodCache(undefined, undefined, () => false);
    for (const name of names) pods.put(aFailingPod(name, name));
    expect(names.filter((name) => pods.of(keyOf(name)).length > 0)).toHaveLength(50);
    for (const name of names) pods.put(aFailingPod(name, 'one'));
    expect(pods.of(keyOf('one'))).toHaveLength(64);
  });

  it('stay where a server comes for them before they have to go', () => {
    const servers = new Set<string>();
    const cache = new ChildCache('Service', undefined, API, (key) => servers.has(key));
    cache.put(aService('restored', 1));
    servers.add(keyOf('restored'));
    for (const [index, name] of names.entries()) cache.put(aService(name, 100 + index));
    expect(cache.get(keyOf('restored'))).toBeDefined();
  });
});
