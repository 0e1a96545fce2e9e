import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { deploymentPath, putSharing, rollOut, serverPath, settingsPath } from './testing/running-servers.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';

const onHostNetwork = { spec: { template: { spec: { hostNetwork: true } } } };
const anotherLabel = { metadata: { labels: { app: 'theirs' } } };
const anotherScale = { spec: { replicas: 7 } };

/** Of ten places, while no owner has changed anything: the last one is for them. */
const most = 9;

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

interface Cluster {
  readonly api: FakeKubeApi;
  readonly clock: FakeClock;
}

/** Servers that run, as the Deployment controller would say. */
async function reconciled(names: readonly string[]): Promise<Cluster> {
  const api = createFakeKubeApi();
  for (const name of names)
    api.put(serverPath(name), {
      ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name, namespace: 'mcp' } },
      spec: { source: { type: 'ContainerImage', containerImage: { ref: 'example.com/x:1' } }, config: { port: 8080 } },
    });
  const clock = createFakeClock();
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
    probe: () => Promise.resolve({ state: 'failed', message: 'not asked' }),
  });
  await clock.advance(1_000);
  for (const name of names) rollOut(api, name);
  await clock.advance(1_000);
  return { api, clock };
}

const isOnHost = (api: FakeKubeApi, name: string): boolean =>
  JSON.stringify(api.get(deploymentPath(name))?.['spec']).includes('"hostNetwork":true');

const statusOf = (api: FakeKubeApi, name: string) =>
  api.get(serverPath(name))?.['status'] as {
    readonly extensions?: {
      readonly foreign?: { readonly fields: readonly StandingField[] };
      readonly rollout?: { readonly phase: string };
    };
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };

interface StandingField {
  readonly kind: string;
  readonly path: string;
  readonly manager?: string;
  readonly state: string;
}

const standing = (api: FakeKubeApi, name = 's0'): readonly string[] =>
  (statusOf(api, name).extensions?.foreign?.fields ?? []).map(({ path, state }) => `${path} ${state}`);

const available = (api: FakeKubeApi, name = 's0'): string | undefined =>
  statusOf(api, name).conditions.find(({ type }) => type === 'Available')?.status;

const writesTo = (api: FakeKubeApi, path: string, from: number): number =>
  api.writes.slice(from).filter((write) => write === `PATCH ${path}`).length;

/** Somebody's controller, which writes again whenever we do; the Deployment controller keeps up with both. */
async function fight({ api, clock }: Cluster, theirs: Record<string, unknown>, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    api.putAs('theirs', deploymentPath('s0'), theirs);
    await clock.advance(1_000);
    rollOut(api, 's0');
    await clock.advance(500);
  }
}

describe('a hundred servers to clean after an upgrade', () => {
  const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const cleaned = (api: FakeKubeApi): readonly string[] => names.filter((name) => !isOnHost(api, name));

  it('do not all restart within the first second: the old rollout, complete before our apply, is not the new one', async () => {
    const { api, clock } = await reconciled(names);
    for (const name of names) api.putAs('kubectl-patch', deploymentPath(name), onHostNetwork);
    await clock.advance(1_000);
    expect(cleaned(api)).toHaveLength(most);
    await clock.advance(60_000);
    expect(cleaned(api)).toHaveLength(most);
    const [first = ''] = cleaned(api);
    const waiting = names.find((name) => isOnHost(api, name)) ?? '';
    expect(standing(api, waiting)).toEqual(['spec.template.spec.hostNetwork Waiting']);
    rollOut(api, first);
    await clock.advance(15_000);
    expect(cleaned(api)).toHaveLength(most + 1);
  });

  it('do not wait for those whose apply is refused', async () => {
    const { api, clock } = await reconciled(names.slice(0, 10 + most));
    const isOfTheFirst = (path: string): boolean => names.slice(0, 10).some((name) => path === deploymentPath(name));
    api.answer(
      ({ method, path, contentType }) =>
        method === 'PATCH' && isOfTheFirst(path) && contentType !== 'application/json-patch+json',
      403,
    );
    for (const name of names.slice(0, 10 + most)) api.putAs('kubectl-patch', deploymentPath(name), onHostNetwork);
    await clock.advance(30_000);
    expect(names.slice(10, 10 + most).filter((name) => isOnHost(api, name))).toEqual([]);
  });

  it('that are refused and then wait for another turn are not Available meanwhile', async () => {
    const { api, clock } = await reconciled(names.slice(0, 11));
    api.answer(({ method, path }) => method === 'PATCH' && path === deploymentPath('s0'), 403);
    for (const name of names.slice(0, 11)) api.putAs('kubectl-patch', deploymentPath(name), onHostNetwork);
    await clock.advance(30_000);
    expect(available(api)).toBe('False');
    api.put(deploymentPath('s0'), { status: { readyReplicas: 2 } });
    await clock.advance(1_000);
    expect(standing(api)).toEqual(['spec.template.spec.hostNetwork Waiting']);
    expect(available(api)).toBe('False');
  });

  it('do not restart at once, past their turn, when a webhook that was down comes back', async () => {
    const { api, clock } = await reconciled(names);
    api.answer(
      ({ path, contentType }) => path.includes('/deployments/') && contentType === 'application/apply-patch+yaml',
      500,
    );
    for (const name of names) api.putAs('kubectl-patch', deploymentPath(name), onHostNetwork);
    await clock.advance(30_000);
    expect(cleaned(api)).toEqual([]);
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect(cleaned(api)).toHaveLength(most);
  });
});

describe('a fight about a field of ours', () => {
  it('is told as ComesBack and not as Waiting, with what else the other one writes', async () => {
    const cluster = await reconciled(['s0']);
    await fight(
      cluster,
      {
        ...anotherScale,
        spec: { replicas: 7, template: { metadata: { labels: { app: 'theirs' } }, spec: { hostNetwork: true } } },
      },
      22,
    );
    expect(standing(cluster.api)).toEqual(
      expect.arrayContaining(['spec.template.spec.hostNetwork ComesBack', 'spec.replicas ComesBack']),
    );
    expect(standing(cluster.api).join()).not.toMatch(/Waiting|FromAdmission/);
  });

  it('about the scale alone is told too, all the time and not on and off, until it ends', async () => {
    const cluster = await reconciled(['s0']);
    await fight(cluster, anotherScale, 22);
    expect(standing(cluster.api)).toEqual(['spec.replicas ComesBack']);
    const from = cluster.api.writes.length;
    const told = new Set<string>();
    const watching = new AbortController();
    const { signal } = watching;
    void cluster.api.watch({ path: '/apis/mcp.x-k8s.io/v1beta1/mcpservers', idleTimeoutMs: 1e9, signal }, () => {
      told.add(standing(cluster.api).join());
    });
    await fight(cluster, anotherScale, 60);
    expect(writesTo(cluster.api, deploymentPath('s0'), from)).toBeGreaterThanOrEqual(2);
    watching.abort();
    expect([...told]).toEqual(['spec.replicas ComesBack']);
    await cluster.clock.advance(90_000);
    expect(standing(cluster.api)).toEqual([]);
  });

  it('does not make a write that fails look as if it had succeeded: Available stays False', async () => {
    const { api, clock } = await reconciled(['s0']);
    api.answer(({ method, path }) => method === 'PATCH' && path === deploymentPath('s0'), 500);
    api.putAs('theirs', deploymentPath('s0'), anotherScale);
    const said = new Set<string | undefined>();
    await clock.advance(30_000);
    for (let second = 0; second < 1_800; second += 5) {
      // Whatever else happens to the server lets it be looked at again.
      api.put(deploymentPath('s0'), { status: { readyReplicas: 1 + (second % 2) } });
      await clock.advance(5_000);
      said.add(available(api));
    }
    expect([...said]).toEqual(['False']);
  });

  it('that restarts nothing takes no fields of others along: two rollouts, not one for each round', async () => {
    const cluster = await reconciled(['s0']);
    const { api } = cluster;
    let rollouts = 0;
    for (let round = 0; round < 25; round += 1) {
      await fight(cluster, { ...anotherLabel, ...onHostNetwork }, 1);
      if (!isOnHost(api, 's0')) rollouts += 1;
    }
    expect(rollouts).toBe(2);
    expect(standing(api)).toContain('spec.template.spec.hostNetwork ComesBack');
  });

  it('counts the annotation of ours as a field of ours: writing that takes no fields along either', async () => {
    const cluster = await reconciled(['s0']);
    const { api } = cluster;
    let rollouts = 0;
    const theirs = { metadata: { annotations: { 'mcp-lifecycle/applied-hash': 'theirs' } }, ...onHostNetwork };
    for (let round = 0; round < 25; round += 1) {
      await fight(cluster, theirs, 1);
      if (!isOnHost(api, 's0')) rollouts += 1;
    }
    expect(rollouts).toBe(2);
  });
});

describe('a ConfigMap that a hundred servers share', () => {
  const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const configHashOf = (api: FakeKubeApi, name: string): string | undefined =>
    /"mcp.x-k8s.io\/config-hash":"(\w+)"/.exec(JSON.stringify(api.get(deploymentPath(name))?.['spec']))?.[1];

  /** Servers that are verified and read the ConfigMap. */
  async function sharing(
    verify?: 'Candidate' | 'AfterSwitch',
  ): Promise<Cluster & { readonly replaced: () => readonly string[] }> {
    const api = createFakeKubeApi();
    putSharing(api, names, { level: 'info' }, verify);
    const clock = createFakeClock();
    stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
    await clock.advance(1_000);
    for (const name of names) rollOut(api, name);
    await clock.advance(60_000);
    const before = new Map(names.map((name) => [name, configHashOf(api, name)]));
    return {
      ...{ api, clock },
      replaced: () => names.filter((name) => configHashOf(api, name) !== before.get(name)),
    };
  }

  const conditionsOf = (api: FakeKubeApi, name: string): readonly string[] =>
    statusOf(api, name).conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`);

  it('replaces the pods of nine at a time when it changes; the others say RolloutQueued and stay as they are', async () => {
    const { api, clock, replaced } = await sharing();
    api.put(settingsPath, { data: { level: 'debug' } });
    await clock.advance(60_000);
    expect(replaced()).toHaveLength(most);
    const waiting = names.find((name) => !replaced().includes(name)) ?? '';
    expect(conditionsOf(api, waiting)).toEqual(
      expect.arrayContaining(['Verified=True/Verified', 'Ready=True/Available', 'Reconciling=True/RolloutQueued']),
    );
    expect(statusOf(api, waiting).extensions?.foreign).toBeUndefined();
    const [first = ''] = replaced();
    rollOut(api, first);
    await clock.advance(1_000);
    expect(replaced()).toHaveLength(most + 1);
  });

  it('replaces no more than nine at a time though another of us leads meanwhile (there were as many more each time)', async () => {
    const { api, clock, replaced } = await sharing();
    api.put(settingsPath, { data: { level: 'debug' } });
    for (let leaders = 0; leaders < 4; leaders += 1) {
      await clock.advance(10_000);
      expect(replaced()).toHaveLength(most);
      await stop?.();
      stop = startLead({
        ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
        probe: () => Promise.resolve(verified),
      });
    }
    await clock.advance(10_000);
    rollOut(api, replaced()[0] ?? '');
    await clock.advance(1_000);
    expect(replaced()).toHaveLength(most + 1);
    await clock.advance(360_000);
    expect(replaced().length).toBeGreaterThanOrEqual(2 * most);
  });

  it('and that breaks the pods of all holds up nobody for ever: the next nine after five minutes', async () => {
    const { api, clock, replaced } = await sharing();
    api.put(settingsPath, { data: { level: 'debug' } });
    await clock.advance(420_000);
    expect(replaced()).toHaveLength(2 * most);
  });

  it('has nine of them proven at a time, the next nine after five minutes at the latest; an owner waits for none of them', async () => {
    const { api, clock, replaced } = await sharing('Candidate');
    const proven = (): number =>
      names.filter((name) => api.get(`${deploymentPath(name)}-candidate`) !== undefined).length;
    api.put(settingsPath, { data: { level: 'debug' } });
    await clock.advance(60_000);
    expect([proven(), replaced().length]).toEqual([most, 0]);
    const waiting = names.findLast((name) => api.get(`${deploymentPath(name)}-candidate`) === undefined) ?? '';
    expect(conditionsOf(api, waiting)).toContain('Reconciling=True/RolloutQueued');
    api.put(serverPath(waiting), {
      metadata: { generation: 2 },
      spec: { source: { containerImage: { ref: 'example.com/x:2' } } },
    });
    await clock.advance(1_000);
    expect(proven()).toBe(most + 1);
    // Rejected by then, because nobody starts them: what is known to fail has no place.
    await clock.advance(260_000);
    expect(replaced()).toEqual([]);
    expect(statusOf(api, 's0').extensions?.rollout?.phase).toBe('Rejected');
    expect(proven()).toBe(most + 1);
  });

  it('writes nothing of those that wait, but once that they do', async () => {
    const { api, clock, replaced } = await sharing();
    api.put(settingsPath, { data: { level: 'debug' } });
    await clock.advance(60_000);
    const from = api.writes.length;
    await clock.advance(120_000);
    expect(replaced()).toHaveLength(most);
    expect(api.writes.slice(from).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('has no more than nine of them proven at a time though another of us leads meanwhile', async () => {
    const { api, clock } = await sharing('Candidate');
    const proven = (): number =>
      names.filter((name) => api.get(`${deploymentPath(name)}-candidate`) !== undefined).length;
    api.put(settingsPath, { data: { level: 'debug' } });
    for (let leaders = 0; leaders < 3; leaders += 1) {
      await clock.advance(10_000);
      expect(proven()).toBe(most);
      await stop?.();
      stop = startLead({
        ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
        probe: () => Promise.resolve(verified),
      });
    }
    await clock.advance(10_000);
    expect(proven()).toBe(most);
  });

  async function queued(): Promise<Cluster & { readonly name: string }> {
    const { api, clock, replaced } = await sharing();
    api.put(settingsPath, { data: { level: 'debug' } });
    await clock.advance(10_000);
    return { api, clock, name: names.findLast((name) => !replaced().includes(name)) ?? '' };
  }

  const containerOf = (api: FakeKubeApi, name: string): unknown => {
    const { spec } = api.get(deploymentPath(name)) as { spec: { template: { spec: { containers: unknown[] } } } };
    return spec.template.spec.containers[0];
  };

  it('keeps no owner waiting: another port is in the Deployment as soon as in its NetworkPolicy and address', async () => {
    const { api, clock, name } = await queued();
    api.put(serverPath(name), { metadata: { generation: 2 }, spec: { config: { port: 9090 } } });
    await clock.advance(1_000);
    const policy = api.get(`/apis/networking.k8s.io/v1/namespaces/mcp/networkpolicies/${name}`);
    expect(JSON.stringify(policy?.['spec'])).toContain('9090');
    expect(containerOf(api, name)).toMatchObject({ ports: [{ containerPort: 9090 }] });
    expect(conditionsOf(api, name).join()).not.toContain('RolloutQueued');
  });

  it('keeps no owner waiting who scales', async () => {
    const { api, clock, name } = await queued();
    api.put(serverPath(name), { metadata: { generation: 2 }, spec: { runtime: { replicas: 3 } } });
    await clock.advance(1_000);
    expect(api.get(deploymentPath(name))).toHaveProperty('spec.replicas', 3);
  });

  it.each<[string, Record<string, unknown>, (api: FakeKubeApi, name: string) => boolean]>([
    ['the network of the node', onHostNetwork, (api, name) => !isOnHost(api, name)],
    [
      'another scale',
      anotherScale,
      (api, name) => JSON.stringify(api.get(deploymentPath(name))?.['spec']).includes('"replicas":1'),
    ],
  ])('leaves nobody who writes into a Deployment that waits: %s', async (_, theirs, isPutBack) => {
    const { api, clock, name } = await queued();
    api.putAs('kubectl-patch', deploymentPath(name), theirs);
    expect(isPutBack(api, name)).toBe(false);
    await clock.advance(5_000);
    expect(isPutBack(api, name)).toBe(true);
  });
});

describe('two hundred servers that their owners change at once', () => {
  const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
  const candidatePath = (name: string): string => `${deploymentPath(name)}-candidate`;

  /** They are verified, and the spec of each is another one. */
  async function changed(
    verify: 'Candidate' | 'AfterSwitch' = 'Candidate',
    spec: Readonly<Record<string, unknown>> = { source: { containerImage: { ref: 'example.com/x:2' } } },
  ): Promise<Cluster & { readonly begun: () => readonly string[] }> {
    const api = createFakeKubeApi();
    putSharing(api, names, { level: 'info' }, verify);
    const clock = createFakeClock();
    stop = startLead({
      ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(new Registry()) },
      probe: () => Promise.resolve(verified),
    });
    await clock.advance(1_000);
    for (const name of names) rollOut(api, name);
    await clock.advance(60_000);
    for (const name of names) api.put(serverPath(name), { metadata: { generation: 2 }, spec });
    await clock.advance(10_000);
    return {
      ...{ api, clock },
      begun: () =>
        names.filter((name) =>
          verify === 'Candidate'
            ? api.get(candidatePath(name)) !== undefined
            : statusOf(api, name).extensions?.rollout !== undefined,
        ),
    };
  }

  const saysQueued = (api: FakeKubeApi, name: string): boolean =>
    statusOf(api, name).conditions.some(({ reason }) => reason === 'RolloutQueued');

  it.each(['Candidate', 'AfterSwitch'] as const)(
    'have ten at a time roll out, the others say RolloutQueued (all two hundred began at once): %s',
    async (verify) => {
      const { api, begun } = await changed(verify);
      expect(begun()).toHaveLength(10);
      expect(names.filter((name) => saysQueued(api, name))).toHaveLength(190);
    },
  );

  it('write nothing while they wait, but once that they do', async () => {
    const { api, clock } = await changed();
    await clock.advance(30_000);
    const from = api.writes.length;
    await clock.advance(120_000);
    expect(api.writes.slice(from).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('are scaled while they wait, and keep the pods that they have: load does not wait', async () => {
    const { api, clock, begun } = await changed();
    const waiting = names.find((name) => !begun().includes(name)) ?? '';
    api.put(serverPath(waiting), { metadata: { generation: 3 }, spec: { runtime: { replicas: 3 } } });
    await clock.advance(1_000);
    expect(api.get(deploymentPath(waiting))).toHaveProperty('spec.replicas', 3);
    expect(JSON.stringify(api.get(deploymentPath(waiting))?.['spec'])).toContain('example.com/x:1');
    expect([saysQueued(api, waiting), begun().length]).toEqual([true, 10]);
    const from = api.writes.length;
    await clock.advance(60_000);
    expect(writesTo(api, deploymentPath(waiting), from)).toBe(0);
  });

  it('of which one does not serve well are not waited for by that one: it may be repaired', async () => {
    const { api, clock, begun } = await changed();
    const waiting = names.findLast((name) => !begun().includes(name)) ?? '';
    api.put(deploymentPath(waiting), { status: { readyReplicas: 0, availableReplicas: 0 } });
    await clock.advance(10_000);
    expect(JSON.stringify(api.get(deploymentPath(waiting))?.['spec'])).toContain('example.com/x:2');
  });
});
