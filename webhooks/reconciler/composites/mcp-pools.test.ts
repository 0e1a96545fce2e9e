import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../platform/log.ts';
import type { CompositeKind } from '../../core/composites/composite-kind.ts';
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
/** Events. */
const recorded: object[] = [];

afterEach(async () => {
  recorded.length = 0;
  for (const stop of running.splice(0)) await stop();
});

/** The loop alone: the reconciler of servers is played by {@link settle}. */
async function start(api: FakeKubeApi, of: CompositeKind = mcpPool): Promise<FakeClock> {
  const clock = createFakeClock();
  const stopping = new AbortController();
  const events = { record: (event: object) => void recorded.push(event) };
  const loop = new CompositeLoop(of, { api, clock, log: silentLogger, random: () => 1, namespaces: [], events });
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
      conditions: ['Accepted', 'Ready'].map((type) => ({
        ...{ type, observedGeneration: generation, reason: 'R', message: 'm' },
        status: type === 'Accepted' ? 'True' : status,
      })),
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

  it('brings the number of pods back of a server whose change waits, and nothing else of it (it stayed, beyond the limit)', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(2), 2);
    await clock.advance(1_000);
    settle(api, 'a', false);
    await clock.advance(1_000);
    const events = recorded.length;
    api.putAs('kubectl', serverPath('b'), { spec: { runtime: { replicas: 7 } } });
    await clock.advance(1_000);
    expect(api.get(serverPath('b'))).toMatchObject({ spec: { runtime: { replicas: 1 } } });
    expect(atVersion(api, 2)).toEqual(['a']);
    expect(recorded.slice(events)).toEqual([expect.objectContaining({ reason: 'BroughtBack' })]);
    expect(statusOf(api)).toMatchObject({ holdingUp: 'a', conditions: [{ reason: 'HeldUp' }] });
    const before = api.writes.length;
    await clock.advance(3_600_000);
    expect(api.writes.slice(before)).toEqual([]);
    // In its turn it comes whole, and the number of pods is what the pool applies again.
    settle(api, 'a');
    await clock.advance(5_000);
    expect(atVersion(api, 2)).toEqual(['a', 'b']);
    api.put(serverPath('b'), { spec: { runtime: { replicas: 9 } } });
    await clock.advance(1_000);
    expect(api.get(serverPath('b'))).toMatchObject({ spec: { runtime: { replicas: 1 } } });
  });

  it('leaves a server that begins to autoscale as many pods as it has (it had one until the autoscaler came)', async () => {
    const api = createFakeKubeApi();
    // Whichever fields a release knows.
    const clock = await start(api, { ...mcpPool, expand: (object) => ({ ...mcpPool.expand(object), violations: [] }) });
    const withPods = (more: object): object => ({ ...templateOf(1), runtime: { replicas: 3 }, ...more });
    write(api, { ...poolOf(1, [{ name: 'a' }]), template: withPods({}) }, 2);
    await clock.advance(1_000);
    expect(api.get(serverPath('a'))).toMatchObject({ spec: { runtime: { replicas: 3 } } });
    settle(api, 'a');
    write(
      api,
      { ...poolOf(1, [{ name: 'a' }]), template: withPods({ extensions: { autoscaling: { maxReplicas: 9 } } }) },
      3,
    );
    await clock.advance(1_000);
    expect(api.get(serverPath('a'))).toMatchObject({
      spec: { runtime: { replicas: 3 }, extensions: { autoscaling: { maxReplicas: 9 } } },
    });
    // The autoscaler has the say from then on.
    api.putAs('kube-controller-manager', serverPath('a'), { spec: { runtime: { replicas: 7 } } });
    await clock.advance(60_000);
    expect(api.get(serverPath('a'))).toMatchObject({ spec: { runtime: { replicas: 7 } } });
  });

  it('rests from that where somebody never gives in', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    write(api, poolOf(2), 2);
    await clock.advance(1_000);
    settle(api, 'a', false);
    await clock.advance(1_000);
    const patches = (): number => api.writes.filter((one) => one === `PATCH ${serverPath('b')}`).length;
    const before = patches();
    for (let time = 0; time < 100; time += 1) {
      api.put(serverPath('b'), { spec: { runtime: { replicas: 9 } } });
      await clock.advance(200);
    }
    expect(patches() - before).toBe(20);
    await clock.advance(31_000);
    expect(api.get(serverPath('b'))).toMatchObject({ spec: { runtime: { replicas: 1 } } });
  });

  it('leaves a new number of pods to the turn of its server, and what an autoscaler made of it alone', async () => {
    const api = createFakeKubeApi();
    const clock = await fiveServers(api);
    const template = { ...templateOf(2), runtime: { replicas: 2 } };
    api.putAs('kubectl', serverPath('c'), { spec: { extensions: { autoscaling: { maxReplicas: 9 } } } });
    api.put(serverPath('c'), { spec: { runtime: { replicas: 5 } } });
    write(api, { ...poolOf(2), template }, 2);
    await clock.advance(1_000);
    settle(api, 'a', false);
    await clock.advance(5_000);
    expect(api.get(serverPath('a'))).toMatchObject({ spec: { runtime: { replicas: 2 } } });
    expect(api.get(serverPath('b'))).toMatchObject({ spec: { runtime: { replicas: 1 } } });
    expect(api.get(serverPath('c'))).toMatchObject({ spec: { runtime: { replicas: 5 } } });
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
    // It said to delete it.
    const message = expect.stringContaining('MCPServer a exists and nobody owns it: set adopt: true');
    expect(statusOf(api)).toMatchObject({ conditions: [{ reason: 'NotOurs', message }] });
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
