import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../platform/log.ts';
import { mcpPool } from '../../core/composites/mcp-pool.ts';
import { createFakeClock, type FakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import type { Json } from '../../platform/kube/testing/object-store.ts';
import { metaOf } from '../../platform/kube/object.ts';
import { CompositeLoop } from './composite-loop.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const poolPath = '/apis/mcp.v2dy.io/v1/namespaces/mcp/mcppools/team';
const serverPath = (name: string): string => `/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/${name}`;

const running: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** The loop alone: the reconciler of servers is played by {@link settle}. */
async function start(api: FakeKubeApi): Promise<FakeClock> {
  const clock = createFakeClock();
  const stopping = new AbortController();
  const events = { record: () => undefined };
  const loop = new CompositeLoop(mcpPool, { api, clock, log: silentLogger, random: () => 1, namespaces: [], events });
  const done = loop.run(stopping.signal);
  running.push(() => (stopping.abort(), done));
  await clock.advance(1_000);
  return clock;
}

function write(api: FakeKubeApi, spec: object, generation = 1): void {
  api.put(poolPath, {
    ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', metadata: { name: 'team', namespace: 'mcp', generation } },
    spec,
  });
}

const templateOf = (version: number): object => ({
  source: { type: 'ContainerImage', containerImage: { ref: `example.com/search:${version}` } },
  config: { port: 8080 },
});

const poolOf = (version: number, servers: readonly object[] = names.map((name) => ({ name }))): object => ({
  template: templateOf(version),
  servers,
});

/** The server is ready, or not, as it is now. */
function settle(api: FakeKubeApi, name: string, isGood = true): void {
  const { generation } = metaOf(api.get(serverPath(name)));
  const status = isGood ? 'True' : 'False';
  api.put(serverPath(name), {
    status: {
      phase: isGood ? 'Running' : 'Failed',
      conditions: [{ type: 'Ready', status, observedGeneration: generation, reason: 'R', message: 'm' }],
    },
  });
}

const imageOf = (api: FakeKubeApi, name: string): unknown =>
  ((api.get(serverPath(name))?.['spec'] as Json | undefined)?.['source'] as Json | undefined)?.['containerImage'];

const atVersion = (api: FakeKubeApi, version: number): readonly string[] =>
  names.filter(
    (name) => JSON.stringify(imageOf(api, name)) === JSON.stringify({ ref: `example.com/search:${version}` }),
  );

const statusOf = (api: FakeKubeApi): Json => (api.get(poolPath)?.['status'] ?? {}) as Json;

async function fiveServers(api: FakeKubeApi): Promise<FakeClock> {
  const clock = await start(api);
  write(api, poolOf(1));
  await clock.advance(1_000);
  for (const name of names) settle(api, name);
  await clock.advance(1_000);
  return clock;
}

describe('a pool of five servers', () => {
  it('creates all of them at once, and is ready when they are', async () => {
    const api = createFakeKubeApi();
    await fiveServers(api);
    expect(atVersion(api, 1)).toEqual(names);
    expect(statusOf(api)).toMatchObject({
      ...{ phase: 'Running', servers: 5, readyServers: 5 },
      conditions: [{ type: 'Ready', status: 'True', reason: 'AllReady' }],
    });
  });

  it('changes one after the other, each when the one before is ready', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(2), 2);
    for (let done = 1; done <= names.length; done += 1) {
      await clock.advance(5_000);
      expect(atVersion(api, 2)).toEqual(names.slice(0, done));
      settle(api, names[done - 1] ?? '');
    }
    await clock.advance(1_000);
    expect(statusOf(api)).toMatchObject({ readyServers: 5, conditions: [{ status: 'True' }] });
  });

  it('stops at the first that does not become ready, says which, and goes on when that is mended', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(2), 2);
    await clock.advance(1_000);
    settle(api, 'a', false);
    await clock.advance(600_000);
    expect(atVersion(api, 2)).toEqual(['a']);
    expect(statusOf(api)).toMatchObject({
      ...{ holdingUp: 'a', readyServers: 4 },
      conditions: [{ status: 'False', reason: 'HeldUp', observedGeneration: 2 }],
    });
    write(api, poolOf(3), 3);
    await clock.advance(1_000);
    expect(atVersion(api, 3)).toEqual(['a']);
    settle(api, 'a');
    await clock.advance(1_000);
    expect(atVersion(api, 3)).toEqual(['a', 'b']);
  });

  it('deletes the server that is taken from the list, and no other', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(1, [{ name: 'a' }, { name: 'c' }, { name: 'd' }, { name: 'e' }]), 2);
    await clock.advance(1_000);
    expect(names.filter((name) => api.get(serverPath(name)) !== undefined)).toEqual(['a', 'c', 'd', 'e']);
  });

  it('brings the number of pods of a server back', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    api.put(serverPath('b'), { spec: { runtime: { replicas: 7 } } });
    await clock.advance(1_000);
    expect(api.get(serverPath('b'))).toMatchObject({ spec: { runtime: { replicas: 1 } } });
  });

  it('brings no new version out of turn to a server whose digest somebody took away', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(2), 2);
    await clock.advance(1_000);
    api.put(serverPath('c'), { metadata: { annotations: { 'mcp-lifecycle/applied-hash': 'gone' } } });
    await clock.advance(60_000);
    expect(atVersion(api, 2)).toEqual(['a']);
  });

  it.each<[string, object]>([
    ['a name that no label can have', { name: 'x'.repeat(64) }],
    ['a member whose name is none', { name: 'team', member: 'a,b' }],
  ])('with %s is told so, though the API server refuses to look for such names', async (_name, of) => {
    const { name, member } = { member: 'a', ...of } as { readonly name: string; readonly member: string };
    const api = createFakeKubeApi();
    // As an API server reads selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
    api.answer(({ query }) => {
      const label = query?.['labelSelector']?.split('=')[1] ?? '';
      return label.length > 63 || /[^\\],/.test(query?.['fieldSelector'] ?? '');
    }, 400);
    const clock = await start(api);
    const path = poolPath.replace(/team$/, name);
    api.put(path, {
      ...{ apiVersion: 'mcp.v2dy.io/v1', kind: 'MCPPool', metadata: { name, namespace: 'mcp', generation: 1 } },
      spec: poolOf(1, [{ name: member }]),
    });
    await clock.advance(5_000);
    expect(api.get(path)).toMatchObject({ status: { conditions: [{ status: 'False', reason: 'Invalid' }] } });
  });

  it('that is too large is told so, and its servers are left as they are', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    const template = { ...templateOf(2), extraAnnotations: { a: 'x'.repeat(60_000) } };
    write(api, { ...poolOf(2), template }, 2);
    await clock.advance(1_000);
    expect(atVersion(api, 1)).toEqual(names);
    expect(statusOf(api)).toMatchObject({ conditions: [{ status: 'False', reason: 'TooLarge' }] });
  });

  it('applies nothing beyond its limits', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, { ...poolOf(2), limits: { servers: 4 } }, 2);
    await clock.advance(1_000);
    expect(atVersion(api, 1)).toEqual(names);
    expect(statusOf(api)).toMatchObject({ conditions: [{ status: 'False', reason: 'LimitExceeded' }] });
  });

  it('takes over an existing server only where it is asked to', async () => {
    const api = createFakeKubeApi();
    const clock = await start(api);
    const existing = { ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer' }, spec: templateOf(0) };
    api.put(serverPath('a'), { ...existing, metadata: { name: 'a', namespace: 'mcp' } });
    api.put(serverPath('b'), { ...existing, metadata: { name: 'b', namespace: 'mcp' } });
    write(api, poolOf(1, [{ name: 'a' }, { name: 'b', adopt: true }]));
    await clock.advance(120_000);
    expect(imageOf(api, 'a')).toEqual({ ref: 'example.com/search:0' });
    expect(statusOf(api)).toMatchObject({ conditions: [{ reason: 'NotOurs' }] });
    api.remove(serverPath('a'));
    await clock.advance(61_000);
    settle(api, 'a');
    await clock.advance(61_000);
    expect(atVersion(api, 1)).toEqual(['a', 'b']);
    expect(api.get(serverPath('b'))).toMatchObject({ metadata: { ownerReferences: [{ kind: 'MCPPool' }] } });
  });

  it('writes nothing when nothing happens', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    const before = api.writes.length;
    await clock.advance(3_600_000);
    expect(api.writes.slice(before)).toEqual([]);
  });
});
