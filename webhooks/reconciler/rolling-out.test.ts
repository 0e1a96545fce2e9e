import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { recordAt } from '../platform/kube/object.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const podPath = (name: string): string => `/api/v1/namespaces/mcp/pods/${name}`;

const verified: ProbeResult = {
  state: 'verified',
  era: 'stateless',
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2026-07-28' },
    capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
  },
};
const failed: ProbeResult = { state: 'failed', message: 'answered HTTP 500' };

let api: FakeKubeApi;
let clock: FakeClock;
/** Every status that was written, in order. */
let statuses: MCPServerStatus[];
/** What an endpoint answers. */
let answer: ProbeResult;
/** By the address at which it is asked; unless a test says otherwise, the same at each. */
let answerTo: (url: string) => ProbeResult;
let asked: number;
let stop: () => Promise<void>;

function start(): void {
  const recording: KubeApi = {
    ...api,
    request: (request) => {
      const status = recordAt(request.body, 'status');
      if (request.path === `${serverPath}/status` && status !== undefined) statuses.push(status);
      return api.request(request);
    },
  };
  stop = startLead({
    ...{ api: recording, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: ({ url }) => {
      asked += 1;
      return Promise.resolve(answerTo(url));
    },
  });
}

/** The MCPServer as somebody edits it. */
function change(generation: number, spec: object): void {
  api.put(serverPath, { metadata: { generation }, spec });
}

const image = (tag: number): object => ({
  source: { type: 'ContainerImage', containerImage: { ref: `example.com/search:${tag}` } },
});

/** As its controller writes it, when it has seen the newest one. */
function deploymentIs(status: {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly progress: string;
}): void {
  const { replicas, updated, ready, progress } = status;
  const { metadata } = api.get(deploymentPath) as { metadata: { generation: number } };
  const isLate = progress === 'ProgressDeadlineExceeded';
  api.put(deploymentPath, {
    status: {
      ...{ observedGeneration: metadata.generation, replicas, updatedReplicas: updated, readyReplicas: ready },
      conditions: [
        { type: 'Available', status: ready > 0 ? 'True' : 'False' },
        { type: 'Progressing', status: isLate ? 'False' : 'True', reason: progress, message: `progress: ${progress}` },
      ],
    },
  });
}

const complete = (replicas = 1): void => {
  deploymentIs({ replicas, updated: replicas, ready: replicas, progress: 'NewReplicaSetAvailable' });
};

/** `second`: of its creation. */
function podIs(name: string, template: string, state: object, second = 0): void {
  api.put(podPath(name), {
    metadata: {
      ...{ name, namespace: 'mcp', creationTimestamp: `2026-01-01T00:00:0${second}Z` },
      labels: { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': template },
      ownerReferences: ofReplicaSet('search', template),
    },
    spec: { containers: [{ ports: [{ name: 'mcp', containerPort: 8080 }] }] },
    status: state,
  });
}

const container = { image: 'x', restartCount: 0 };
const readyPod = {
  podIP: '10.0.0.1',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [{ ...container, ready: true, state: { running: {} } }],
};
const starting = {
  containerStatuses: [{ ...container, ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
};
const crashLoop = (moment: object): object => ({
  containerStatuses: [
    { image: 'x', ready: false, restartCount: 2, state: moment, lastState: { terminated: { exitCode: 3 } } },
  ],
});
const crashing = crashLoop({ waiting: { reason: 'CrashLoopBackOff' } });

const status = (): MCPServerStatus => api.get(serverPath)?.['status'] as MCPServerStatus;

/** `Ready: 'True@2'` */
function conditions({ conditions: written = [] } = status()): Readonly<Record<string, string>> {
  return Object.fromEntries(
    written.map(({ type, status: holds, observedGeneration = 0 }) => [type, `${holds}@${observedGeneration}`]),
  );
}

const messageOf = (wanted: string): string | undefined =>
  status().conditions?.find(({ type }) => type === wanted)?.message;

const allOf = (generation: number): Readonly<Record<string, string>> =>
  Object.fromEntries(['Ready', 'Accepted', 'Available', 'Verified'].map((type) => [type, `True@${generation}`]));

const eventReasons = (): readonly unknown[] =>
  api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);

beforeEach(async () => {
  api = createFakeKubeApi();
  clock = createFakeClock();
  statuses = [];
  answer = verified;
  answerTo = () => answer;
  asked = 0;
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    // What is told while new pods come and go, whether or not a candidate has been asked before.
    spec: { ...image(1), config: { port: 8080 }, extensions: { rollout: { verify: 'AfterSwitch' } } },
  });
  start();
  await clock.advance(1_000);
  podIs('old', 'one', readyPod);
  complete();
  await clock.advance(5_000);
  expect(conditions()).toEqual(allOf(1));
  statuses = [];
});

afterEach(() => stop());

describe('a server that is changed', () => {
  it('never loses Ready on the way to its next version, and speaks of that only once it has answered', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    expect(conditions()).toEqual({ ...allOf(1), Accepted: 'True@2', Reconciling: 'True@2' });
    expect(status().observedGeneration).toBe(2);
    podIs('new', 'two', starting, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(1_000);
    podIs('new', 'two', readyPod, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 2, progress: 'ReplicaSetUpdated' });
    await clock.advance(1_000);
    api.remove(podPath('old'));
    complete();
    await clock.advance(10_000);
    expect(conditions()).toEqual(allOf(2));
    expect(statuses.map((written) => conditions(written)['Ready'])).not.toContain('False@2');
    expect(new Set(statuses.map((written) => conditions(written)['Ready']?.slice(0, 4)))).toEqual(new Set(['True']));
    for (const { conditions: written = [] } of statuses)
      expect(written.map(({ message }) => message).join()).not.toMatch(/2 of 1/);
  });

  it('to one that answers with errors is not vouched for by the version before', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    answer = failed;
    api.remove(podPath('old'));
    podIs('new', 'two', readyPod, 5);
    complete();
    await clock.advance(30_000);
    expect(statuses.map((written) => conditions(written)['Verified'])).not.toContain('True@2');
    expect(conditions()).toMatchObject({ Ready: 'False@2', Verified: 'False@2', Available: 'True@2' });
  });

  it.each([
    ['answers at once', verified],
    ['fails first', { ...failed, era: 'handshake' } as const],
  ])('in its image that %s does not have other tools with the image of before', async (_, first) => {
    const one = { digest: 'one', listed: '01234567 11111111 r-- a', truncated: 0 };
    const two = { digest: 'two', listed: '01234567 22222222 r-- a', truncated: 0 };
    answer = { ...verified, offers: { tools: 1 }, tools: one };
    // By then it has been counted again.
    await clock.advance(1_300_000);
    expect(status().extensions?.verification).toMatchObject({ image: 'example.com/search:1' });
    expect(status().extensions?.tools?.digest).toBe('one');
    change(2, image(2));
    await clock.advance(1_000);
    expect(status().extensions?.verification).toMatchObject({ image: 'example.com/search:1' });
    expect(status().extensions?.tools?.digest).toBe('one');
    answer = first === verified ? { ...verified, offers: { tools: 2 }, tools: two } : first;
    api.remove(podPath('old'));
    podIs('new', 'two', readyPod, 5);
    complete();
    await clock.advance(30_000);
    answer = { ...verified, offers: { tools: 2 }, tools: two };
    await clock.advance(120_000);
    expect(status().extensions?.verification).toMatchObject({ image: 'example.com/search:2' });
    expect(status().extensions?.tools?.digest).toBe('two');
    const told = api
      .list('/apis/events.k8s.io/v1/namespaces/mcp/events')
      .filter(({ reason }) => reason === 'ToolsReworded');
    expect(told.map(({ type, note }) => [type, String(note).includes('with another image')])).toEqual([
      ['Normal', true],
    ]);
  });

  it.each([
    ['path', { config: { port: 8080, path: '/new' } }],
    ['scheme', { transport: { tls: { enabled: true } } }],
  ])('in its %s is not said to fail for what its old pods answer to the new question', async (_, spec) => {
    change(2, { ...image(2), ...spec });
    const former = 'http://search.mcp.svc.cluster.local:8080/mcp';
    answerTo = (url) => (url === former ? verified : failed);
    podIs('new', 'two', starting, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(300_000);
    expect(conditions()).toMatchObject({ Ready: 'True@1', Verified: 'True@1', Available: 'True@1' });
    await stop();
    start();
    await clock.advance(300_000);
    expect(conditions()).toMatchObject({ Ready: 'True@1', Verified: 'True@1', Available: 'True@1' });
    expect(status().address).toEqual({ url: former });
    answerTo = () => verified;
    podIs('new', 'two', readyPod, 5);
    api.remove(podPath('old'));
    complete();
    await clock.advance(10_000);
    expect(conditions()).toEqual(allOf(2));
    expect(statuses.map((written) => conditions(written)['Verified']?.slice(0, 4))).not.toContain('Fals');
  });

  it('in its image only goes on being asked while its new pods do not come up', async () => {
    change(2, image(2));
    podIs('new', 'two', starting, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(1_000);
    answer = failed;
    await clock.advance(100_000);
    expect(conditions()).toMatchObject({ Verified: 'False@1', Available: 'True@1' });
  });

  it('in its number of pods only is asked nothing, and moves on', async () => {
    const before = asked;
    change(2, { runtime: { replicas: 3 } });
    await clock.advance(100);
    podIs('more', 'one', readyPod, 5);
    deploymentIs({ replicas: 3, updated: 3, ready: 2, progress: 'NewReplicaSetAvailable' });
    await clock.advance(100);
    expect(conditions()).toEqual(allOf(2));
    change(3, { runtime: { replicas: 1 } });
    await clock.advance(100);
    api.remove(podPath('more'));
    complete();
    await clock.advance(100);
    expect(conditions()).toEqual(allOf(3));
    expect(asked).toBe(before);
    expect(new Set(statuses.map((written) => conditions(written)['Ready']?.slice(0, 4)))).toEqual(new Set(['True']));
  });

  describe.each([
    ['path', { config: { port: 8080, path: '/new' } }],
    ['scheme', { transport: { tls: { enabled: true } } }],
  ])('in its %s only, where its old pods serve on,', (_, spec) => {
    const former = 'http://search.mcp.svc.cluster.local:8080/mcp';

    it('is not Verified or Ready of the new generation before it was asked there', async () => {
      answerTo = (url) => (url === former ? verified : failed);
      change(2, spec);
      await clock.advance(30_000);
      expect(conditions()).toMatchObject({ Available: 'True@2', Verified: 'False@2', Ready: 'False@2' });
      const said = statuses.map((written) => conditions(written));
      expect(said[0]).toMatchObject({
        Available: 'True@2',
        Verified: 'True@1',
        Ready: 'True@1',
        Reconciling: 'True@2',
      });
      for (const { Verified, Ready } of said) expect([Verified, Ready]).not.toContain('True@2');
    });

    it('is not called good by another change or a restart of ours before it was asked there', async () => {
      answerTo = (url) => (url === former ? verified : { state: 'throttled', message: 'later', retryAfterMs: 60_000 });
      change(2, spec);
      await clock.advance(100);
      change(3, { ...spec, runtime: { replicas: 1 } });
      await clock.advance(100);
      await stop();
      start();
      await clock.advance(30_000);
      for (const { Verified, Ready } of statuses.map((written) => conditions(written))) {
        expect(['True@2', 'True@3']).not.toContain(Verified);
        expect(['True@2', 'True@3']).not.toContain(Ready);
      }
    });

    it('is asked there at once, and Verified and Ready of it once it has answered, without a gap', async () => {
      const before = asked;
      change(2, spec);
      await clock.advance(3_000);
      expect(asked).toBeGreaterThan(before);
      expect(conditions()).toEqual(allOf(2));
      for (const { Verified, Ready } of statuses.map((written) => conditions(written)))
        expect([Verified?.slice(0, 4), Ready?.slice(0, 4)]).toEqual(['True', 'True']);
    });
  });

  it('in whose certificates it trusts only, is not Verified of that before it was asked so', async () => {
    change(2, { transport: { tls: { enabled: true, insecureSkipVerify: true } } });
    await clock.advance(10_000);
    expect(conditions()).toEqual(allOf(2));
    answer = failed;
    statuses = [];
    change(3, { transport: { tls: { enabled: true, insecureSkipVerify: false } } });
    await clock.advance(30_000);
    expect(conditions()).toMatchObject({ Verified: 'False@3', Ready: 'False@3' });
    for (const { Verified, Ready } of statuses.map((written) => conditions(written)))
      expect([Verified, Ready]).not.toContain('True@3');
  });

  it('in its path, where it failed, is not said to fail at the new one before it was asked there', async () => {
    answer = failed;
    await clock.advance(100_000);
    expect(conditions()).toMatchObject({ Verified: 'False@1' });
    answer = verified;
    statuses = [];
    change(2, { config: { port: 8080, path: '/new' } });
    await clock.advance(10_000);
    expect(conditions()).toEqual(allOf(2));
    for (const { Verified, Ready } of statuses.map((written) => conditions(written)))
      expect([Verified, Ready]).not.toContain('False@2');
  });

  it('is said to be on its way by nobody once it has arrived, and nothing is written any more', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    podIs('new', 'two', readyPod, 5);
    api.remove(podPath('old'));
    complete();
    await clock.advance(30_000);
    const count = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(count)).toEqual([]);
  });
});

describe('a release that does not come up behind pods that serve', () => {
  beforeEach(async () => {
    change(2, image(2));
    await clock.advance(1_000);
    podIs('new', 'two', crashing, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(1_000);
  });

  it('is told while it happens, with why and what goes on serving', () => {
    expect(conditions()).toEqual({ ...allOf(1), Accepted: 'True@2', Progressing: 'False@2', Stalled: 'True@2' });
    const message = messageOf('Progressing') ?? '';
    expect(message.startsWith('New pods do not come up: Container crashing: exit code 3, restarts: 2+')).toBe(true);
    expect(message.endsWith(' (pod: new); those of generation 1 go on serving')).toBe(true);
    expect(status().phase).toBe('Running');
    expect(eventReasons().filter((reason) => reason === 'PodsFailing')).toHaveLength(1);
  });

  it('costs nothing more while it goes on failing, nor when we are started again', async () => {
    const count = api.writes.length;
    for (const moment of [
      { running: {} },
      { terminated: { exitCode: 3 } },
      { waiting: { reason: 'CrashLoopBackOff' } },
    ]) {
      podIs('new', 'two', crashLoop(moment), 5);
      await clock.advance(1_000);
    }
    await stop();
    podIs('new', 'two', crashLoop({ running: {} }), 5);
    start();
    await clock.advance(100_000);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('is told once more when its deadline has passed, and put back', async () => {
    const { template } = (api.get(deploymentPath) as { spec: { template: unknown } }).spec;
    const before: unknown = JSON.parse(JSON.stringify(template).replace('search:2', 'search:1'));
    api.put('/apis/apps/v1/namespaces/mcp/replicasets/search-one', { spec: { template: before } });
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ProgressDeadlineExceeded' });
    await clock.advance(1_000);
    expect(status().conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe('ProgressDeadlineExceeded');
    // One event with the cause in it, and not a second one of the condition with the same words.
    expect(eventReasons().filter((reason) => reason === 'RolledBack')).toHaveLength(1);
    expect(eventReasons()).not.toContain('ProgressDeadlineExceeded');
    expect(status().extensions?.rollout?.phase).toBe('RolledBack');
    expect(JSON.stringify(api.get(deploymentPath)?.['spec'])).toContain('search:1');
    expect(messageOf('Stalled')).toMatch(/Container crashing: .*; those of generation 1 go on serving$/);
  });

  it('is forgotten when it comes up', async () => {
    podIs('new', 'two', readyPod, 5);
    api.remove(podPath('old'));
    complete();
    await clock.advance(10_000);
    expect(conditions()).toEqual(allOf(2));
    expect(status().extensions).not.toHaveProperty('podFailure');
  });
});

it('a repair is not told as a failure of the pod that it replaces', async () => {
  podIs('old', 'one', crashing);
  deploymentIs({ replicas: 1, updated: 1, ready: 0, progress: 'NewReplicaSetAvailable' });
  await clock.advance(1_000);
  expect(messageOf('Available')).toMatch(/^Container crashing/);
  change(2, image(2));
  await clock.advance(1_000);
  podIs('new', 'two', starting, 5);
  deploymentIs({ replicas: 2, updated: 1, ready: 0, progress: 'ReplicaSetUpdated' });
  await clock.advance(1_000);
  expect(conditions()).toMatchObject({ Available: 'False@2', Reconciling: 'True@2' });
  expect(conditions()).not.toHaveProperty('Stalled');
  expect(messageOf('Available')).toBe('Waiting for instances to become healthy');
});

describe('a status of the release before', () => {
  /** What that one knew nothing of. */
  const asBefore = (): void => {
    const { policy, verification } = status().extensions ?? {};
    const { conditions: written = [] } = status();
    api.put(serverPath, {
      status: {
        extensions: undefined,
        conditions: written.filter(({ type }) => !['Progressing', 'Reconciling', 'Stalled'].includes(type)),
      },
    });
    api.put(serverPath, { status: { extensions: { policy, verification } } });
  };

  it('of a server that serves is read, and nothing is written', async () => {
    await stop();
    asBefore();
    const count = api.writes.length;
    start();
    await clock.advance(600_000);
    expect(api.writes.slice(count)).toEqual([]);
  });

  it('in the middle of a stuck roll-out vouches for the generation before, and not for what comes up later', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    podIs('new', 'two', crashing, 5);
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(1_000);
    await stop();
    asBefore();
    // That one wrote the newest generation into each condition.
    const { conditions: written = [] } = status();
    api.put(serverPath, { status: { conditions: written.map((one) => ({ ...one, observedGeneration: 2 })) } });
    expect(conditions()).toEqual(allOf(2));
    start();
    await clock.advance(10_000);
    expect(conditions()).toEqual({ ...allOf(1), Accepted: 'True@2', Progressing: 'False@2', Stalled: 'True@2' });
    expect(messageOf('Progressing')).toMatch(/those of generation 1 go on serving$/);
    const count = api.writes.length;
    await stop();
    start();
    await clock.advance(600_000);
    expect(api.writes.slice(count)).toEqual([]);
    answer = failed;
    podIs('new', 'two', readyPod, 5);
    api.remove(podPath('old'));
    complete();
    await clock.advance(10_000);
    expect(conditions()).toMatchObject({ Available: 'True@2', Verified: 'False@2', Ready: 'False@2' });
    expect(statuses.map((written) => conditions(written)['Verified'])).not.toContain('True@2');
  });

  it('of a server that has no generation before its first one is not said to serve an older one', async () => {
    await stop();
    asBefore();
    start();
    deploymentIs({ replicas: 2, updated: 1, ready: 1, progress: 'ReplicaSetUpdated' });
    await clock.advance(10_000);
    expect(conditions()).toMatchObject(allOf(1));
  });

  it('of a server whose pod crashes is read whatever moment it is seen in, and told again to nobody', async () => {
    podIs('old', 'one', crashing);
    deploymentIs({ replicas: 1, updated: 1, ready: 0, progress: 'NewReplicaSetAvailable' });
    await clock.advance(1_000);
    await stop();
    asBefore();
    const [said, events] = [status().conditions, eventReasons().length];
    podIs('old', 'one', crashLoop({ running: {} }));
    start();
    await clock.advance(10_000);
    expect(status().conditions).toEqual(said);
    expect(eventReasons()).toHaveLength(events);
  });
});
