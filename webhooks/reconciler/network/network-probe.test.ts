import { afterEach, describe, expect, it } from '@jest/globals';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../../platform/kube/testing/fake-kube-api.ts';
import { silentLogger } from '../../platform/log.ts';
import { NetworkProbe } from './network-probe.ts';
import { withKubelet } from './testing/with-kubelet.ts';

const configMapPath = '/api/v1/namespaces/system/configmaps/probe';
const podPath = '/api/v1/namespaces/system/pods/probe';
const policyPath = '/apis/networking.k8s.io/v1/namespaces/system/networkpolicies/probe';
const ownPath = '/api/v1/namespaces/system/pods/ours';

const podLabels = { 'app.kubernetes.io/name': 'mcp-lifecycle', 'app.kubernetes.io/instance': 'r' };
const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const own = {
  metadata: { name: 'ours', labels: { ...podLabels, team: 'platform', 'pod-template-hash': 'x' } },
  spec: {
    ...{
      serviceAccountName: 'mcp-lifecycle',
      nodeName: 'n',
      volumes: [{ name: 'token' }],
      tolerations: [{ key: 'a' }],
    },
    ...{ imagePullSecrets: [{ name: 'pull' }], securityContext: { runAsNonRoot: true } },
    containers: [
      { name: 'sidecar', image: 'example.com/mesh:1' },
      { name: 'reconciler', image: 'example.com/us@sha256:1', imagePullPolicy: 'Always', securityContext, env: [{}] },
    ],
  },
};

type Network = 'enforcing' | 'open' | 'closed' | 'never reopening';

interface Cluster {
  readonly api: FakeKubeApi;
  readonly clock: FakeClock;
  readonly random: () => number;
  network: Network;
  /** What a kubelet makes of the pod. */
  status: object;
}

const running = { phase: 'Running', podIP: '10.0.0.9' };
const stopping: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

function cluster(network: Network = 'enforcing', status: object = running): Cluster {
  const api = createFakeKubeApi();
  api.put(ownPath, own);
  api.put(configMapPath, { metadata: { name: 'probe', namespace: 'system', uid: 'u-1' } });
  return { api, clock: createFakeClock(), random: () => 0.5, network, status };
}

/** Begins a term; `changes` counts what servers would be told. */
function lead(
  of: Cluster,
  release = '1',
): { readonly probe: NetworkProbe; changes: () => number; stop: () => Promise<void> } {
  let [changes, wasLimited] = [0, false];
  const probe = new NetworkProbe({
    ...{
      api: withKubelet(of.api, of.status),
      clock: of.clock,
      log: silentLogger,
      random: of.random,
      release,
      podLabels,
    },
    ...{ namespace: 'system', podName: 'ours', name: 'probe' },
    reaches: ({ host, port }) => {
      expect([host, port]).toEqual(['10.0.0.9', 8080]);
      const isLimited = of.api.get(policyPath) !== undefined;
      wasLimited ||= isLimited;
      if (of.api.get(podPath) === undefined || of.network === 'closed') return Promise.resolve(false);
      if (of.network === 'never reopening') return Promise.resolve(!wasLimited);
      return Promise.resolve(of.network === 'open' || !isLimited);
    },
    onChange: () => (changes += 1),
  });
  const term = new AbortController();
  const done = probe.run(term.signal);
  const stop = (): Promise<void> => (term.abort(), done);
  stopping.push(stop);
  return { probe, changes: () => changes, stop };
}

const kept = ({ api }: Cluster): unknown => api.get(configMapPath)?.['data'];
const isClean = ({ api }: Cluster): boolean => api.get(podPath) === undefined && api.get(policyPath) === undefined;
const minute = 60_000;
const hour = 60 * minute;

describe('whether NetworkPolicies are enforced', () => {
  it.each<[Network, object]>([
    ['enforcing', { outcome: 'Enforced' }],
    ['open', { outcome: 'NotEnforced' }],
    ['closed', { outcome: 'Unknown', because: expect.stringContaining('10.0.0.9 without a NetworkPolicy of ours') }],
    ['never reopening', { outcome: 'Unknown', because: expect.stringContaining('was not reached any more') }],
  ])('is found out in a network that is %s, and nothing stays', async (network, verdict) => {
    const of = cluster(network);
    const { probe, changes } = lead(of);
    await of.clock.advance(5 * minute);
    expect(kept(of)).toEqual({ ...verdict, release: '1', askedAt: expect.stringMatching(/^2026-01-01T00:0/) });
    expect(probe.outcome).toBe((kept(of) as { outcome: string }).outcome);
    expect(changes()).toBe(1);
    expect(isClean(of)).toBe(true);
  });

  it('is asked with a pod like ours, which belongs to the ConfigMap and which nobody takes for ours', async () => {
    const of = cluster('open');
    lead(of);
    await of.clock.advance(2_000);
    const metadata = {
      ...{ name: 'probe', namespace: 'system' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'probe', uid: 'u-1' }],
    };
    expect(of.api.get(podPath)).toMatchObject({
      metadata: { ...metadata, labels: { team: 'platform', 'app.kubernetes.io/name': 'probe' } },
      spec: {
        ...{ automountServiceAccountToken: false, restartPolicy: 'Never', activeDeadlineSeconds: 600 },
        ...{
          imagePullSecrets: [{ name: 'pull' }],
          securityContext: { runAsNonRoot: true },
          tolerations: [{ key: 'a' }],
        },
        containers: [
          { image: 'example.com/us@sha256:1', imagePullPolicy: 'Always', args: ['network-target'], securityContext },
        ],
      },
    });
    const pod = of.api.get(podPath) as { metadata: { labels: object }; spec: { containers: readonly object[] } };
    expect(Object.keys(pod.metadata.labels).sort()).toEqual(['app.kubernetes.io/name', 'team']);
    for (const field of ['nodeName', 'volumes']) expect(pod.spec).not.toHaveProperty(field);
    expect(pod.spec.containers[0]).not.toHaveProperty('env');
    expect(of.api.get(policyPath)).toMatchObject({
      metadata,
      spec: { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'probe' } }, policyTypes: ['Ingress'] },
    });
  });

  it('is not asked again by the next leader of the same release', async () => {
    const of = cluster();
    const first = lead(of);
    await of.clock.advance(5 * minute);
    await first.stop();
    const before = kept(of);
    of.api.writes.length = 0;
    const { probe } = lead(of);
    await of.clock.advance(hour);
    expect(probe.outcome).toBe('Enforced');
    expect(of.api.writes.filter((write) => !write.startsWith('DELETE'))).toEqual([]);
    expect(kept(of)).toEqual(before);
  });

  it('is asked again by another release, and after a day, when what is told is written', async () => {
    const of = cluster();
    const first = lead(of);
    await of.clock.advance(5 * minute);
    await first.stop();
    of.network = 'open';
    const { probe, changes } = lead(of, '2');
    await of.clock.advance(5 * minute);
    expect(kept(of)).toMatchObject({ outcome: 'NotEnforced', release: '2' });
    of.network = 'enforcing';
    await of.clock.advance(23 * hour);
    expect(probe.outcome).toBe('NotEnforced');
    await of.clock.advance(2 * hour);
    expect(kept(of)).toMatchObject({ outcome: 'Enforced', askedAt: expect.stringMatching(/^2026-01-02/) });
    expect(changes()).toBe(2);
  });

  it('is asked at once where the clock that wrote is ahead of ours, or where somebody wrote something else', async () => {
    for (const data of [
      { outcome: 'NotEnforced', release: '1', askedAt: '2036-01-01T00:00:00Z' },
      { outcome: 'Maybe', release: '1', askedAt: '2026-01-01T00:00:00Z' },
      { outcome: 'NotEnforced', release: '1', askedAt: 'yesterday' },
    ]) {
      const of = cluster();
      of.api.put(configMapPath, { data });
      lead(of);
      await of.clock.advance(minute);
      expect(kept(of)).toMatchObject({ outcome: 'Enforced', askedAt: expect.stringMatching(/^2026-01-01/) });
    }
  });
});

describe('where it cannot be found out', () => {
  it('is unknown in the words of who refuses the pod, asked again every hour, and written once', async () => {
    const of = cluster();
    of.api.answer(({ method, path }) => method === 'POST' && path.endsWith('/pods'), 403);
    const { probe } = lead(of);
    await of.clock.advance(minute);
    expect(kept(of)).toMatchObject({
      outcome: 'Unknown',
      because: expect.stringContaining('POST /api/v1/namespaces/system/pods'),
    });
    of.api.writes.length = 0;
    await of.clock.advance(3 * hour);
    expect(of.api.writes.filter((write) => write.startsWith('POST')).length).toBeGreaterThanOrEqual(2);
    expect(of.api.writes.filter((write) => write.startsWith('PATCH'))).toEqual([]);
    of.api.answer(() => false, undefined);
    await of.clock.advance(2 * hour);
    expect(probe.outcome).toBe('Enforced');
    expect(kept(of)).not.toHaveProperty('because');
  });

  it.each<[string, object, string]>([
    [
      'cannot be scheduled',
      { phase: 'Pending', conditions: [{ status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] },
      'its pod did not run after 120 s: Unschedulable, 0/3 nodes',
    ],
    [
      'cannot be pulled',
      { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'no' } } }] },
      'its pod did not run after 120 s: ImagePullBackOff, no',
    ],
    ['was evicted', { phase: 'Failed', reason: 'Evicted', message: 'low on memory' }, 'its pod ended: Evicted, low on'],
  ])('is unknown with a pod that %s', async (_, status, because) => {
    const of = cluster('enforcing', status);
    lead(of);
    await of.clock.advance(5 * minute);
    expect(kept(of)).toMatchObject({ outcome: 'Unknown', because: expect.stringContaining(because) });
    expect(isClean(of)).toBe(true);
  });

  it('is as it was while the API server fails, and asked again soon', async () => {
    const of = cluster();
    of.api.put(configMapPath, { data: { outcome: 'NotEnforced', release: '0', askedAt: '2026-01-01T00:00:00Z' } });
    of.api.answer(({ method, path }) => method === 'POST' && path.endsWith('/networkpolicies'), 500);
    const { probe } = lead(of);
    await of.clock.advance(4 * minute);
    expect(probe.outcome).toBe('NotEnforced');
    expect(kept(of)).toMatchObject({ release: '0' });
    of.api.answer(() => false, undefined);
    await of.clock.advance(4 * minute);
    expect(probe.outcome).toBe('Enforced');
  });

  it.each([
    ['for a moment, what is kept is told then', 10_000, 'NotEnforced'],
    ['for long, nothing is known, and nobody waits', 40_000, undefined],
  ])('and the API server fails at the start %s', async (_, failsMs, outcome) => {
    const of = cluster('open');
    of.api.put(configMapPath, { data: { outcome: 'NotEnforced', release: '1', askedAt: '2026-01-01T00:00:00Z' } });
    of.api.answer(({ path }) => path === configMapPath, 500);
    const { probe, changes } = lead(of);
    await of.clock.advance(5_000);
    expect(probe.isSettled).toBe(false);
    await of.clock.advance(failsMs - 5_000);
    of.api.answer(() => false, undefined);
    await of.clock.advance(2_000);
    expect(probe.isSettled).toBe(true);
    expect(probe.outcome).toBe(outcome);
    expect(changes()).toBe(0);
  });

  it('creates nothing without the ConfigMap, which would own it', async () => {
    const of = cluster();
    of.api.remove(configMapPath);
    const { probe } = lead(of);
    await of.clock.advance(hour);
    expect(probe.isSettled).toBe(true);
    expect(probe.outcome).toBeUndefined();
    expect(of.api.writes.filter((write) => !write.startsWith('DELETE'))).toEqual([]);
  });
});

describe('an attempt that does not come to its end', () => {
  it('leaves nothing when the term ends in the middle of it, and no verdict', async () => {
    const of = cluster('open');
    const { stop } = lead(of);
    await of.clock.advance(2_000);
    expect(of.api.get(policyPath)).toBeDefined();
    await stop();
    expect(isClean(of)).toBe(true);
    expect(kept(of)).toBeUndefined();
  });

  it('leaves a pod and a policy when the process is killed, which the next leader takes away before anything else', async () => {
    const of = cluster();
    of.api.put(configMapPath, { data: { outcome: 'Enforced', release: '1', askedAt: '2026-01-01T00:00:00Z' } });
    of.api.put(podPath, { metadata: { name: 'probe' }, status: running });
    of.api.put(policyPath, { metadata: { name: 'probe' } });
    lead(of);
    await of.clock.advance(1_000);
    expect(isClean(of)).toBe(true);
  });
});
