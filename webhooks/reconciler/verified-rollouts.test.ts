import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';

import { writeListed } from '../core/contract/listed-tools.ts';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { errorFromAnswer } from '../platform/kube/api-error.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import type { ProbeResult } from '../platform/mcp/probe.ts';
import { createReconcilerMetrics } from './metrics.ts';
import { startLead } from './testing/start-lead.ts';
import { verified } from './testing/verified.ts';
import { ofReplicaSet } from './testing/replica-set.ts';

const serverPath = '/apis/mcp.x-k8s.io/v1beta1/namespaces/mcp/mcpservers/search';
const deploymentPath = '/apis/apps/v1/namespaces/mcp/deployments/search';
const candidatePath = `${deploymentPath}-candidate`;
const policyPath = '/apis/networking.k8s.io/v1/namespaces/mcp/networkpolicies/search-candidate';
const podPath = (name: string): string => `/api/v1/namespaces/mcp/pods/${name}`;

let api: FakeKubeApi;
let clock: FakeClock;
/** What the candidate answers at its own address. */
let answer: ProbeResult;
/** What serves answers. */
let serves: ProbeResult;
let stop: () => Promise<void>;
/** Of whoever leads now. */
let registry: Registry;

function start(): void {
  registry = new Registry();
  stop = startLead({
    ...{ api, clock, version: '1', namespaces: [], metrics: createReconcilerMetrics(registry) },
    probe: ({ at }) => Promise.resolve(at?.host === '10.0.0.9' ? answer : serves),
  });
}

const image = (tag: number): object => ({
  source: { type: 'ContainerImage', containerImage: { ref: `example.com/search:${tag}` } },
});

function change(generation: number, spec: object): void {
  api.put(serverPath, { metadata: { generation }, spec });
}

/** Complete, as its controller writes it. */
function deploymentIs(path: string, more: object = {}): void {
  const { metadata } = api.get(path) as { metadata: { generation: number } };
  api.put(path, {
    status: {
      ...{ observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
      ...more,
    },
  });
}

interface Labels extends Readonly<Record<string, string>> {
  readonly 'pod-template-hash': string;
}

function podIs(name: string, labels: Labels, address: string, containerPort = 8080): void {
  const deployment = 'mcp-server' in labels ? 'search' : 'search-candidate';
  api.put(podPath(name), {
    metadata: {
      ...{ name, namespace: 'mcp', creationTimestamp: '2026-01-01T00:00:00Z', labels },
      ownerReferences: ofReplicaSet(deployment, labels['pod-template-hash']),
    },
    spec: { containers: [{ ports: [{ name: 'mcp', containerPort }] }] },
    status: {
      podIP: address,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ image: 'x', restartCount: 0, ready: true, state: { running: {} } }],
    },
  });
}

const servingPod = (name: string, template: string, port?: number): void => {
  podIs(name, { app: 'mcp-server', 'mcp-server': 'search', 'pod-template-hash': template }, '10.0.0.1', port);
};
const candidateRuns = (): void => {
  const { template = '' } = status().extensions?.rollout?.target ?? {};
  const ofCandidate = { 'mcp-lifecycle/candidate-of': 'search', 'mcp-lifecycle/candidate-template': template };
  podIs('candidate', { ...ofCandidate, 'pod-template-hash': 'nine' }, '10.0.0.9');
  deploymentIs(candidatePath);
};

const status = (): MCPServerStatus => api.get(serverPath)?.['status'] as MCPServerStatus;
const phase = (): string | undefined => status().extensions?.rollout?.phase;
const imageIn = (path: string): string | undefined =>
  /example\.com\/search:\d/.exec(JSON.stringify(api.get(path)?.['spec'] ?? ''))?.[0];
const generationOf = (path: string): unknown => (api.get(path)?.['metadata'] as { generation?: number }).generation;
const conditions = (): readonly string[] =>
  (status().conditions ?? []).map(({ type, status: holds, reason }) => `${type}=${holds}/${reason}`);
const events = (): readonly unknown[] =>
  api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ reason }) => reason);

beforeEach(async () => {
  api = createFakeKubeApi();
  clock = createFakeClock();
  answer = verified;
  serves = verified;
  api.put(serverPath, {
    ...{ apiVersion: 'mcp.x-k8s.io/v1beta1', kind: 'MCPServer', metadata: { name: 'search', namespace: 'mcp' } },
    spec: { ...image(1), config: { port: 8080 } },
  });
  start();
  await clock.advance(1_000);
  servingPod('old', 'one');
  deploymentIs(deploymentPath);
  await clock.advance(5_000);
  expect(conditions()).toContain('Verified=True/Verified');
});

afterEach(() => stop());

describe('a new version of a server that is verified', () => {
  it('is proven beside what serves, with a policy of its own, and replaces it only then', async () => {
    const generation = generationOf(deploymentPath);
    change(2, image(2));
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath), imageIn(candidatePath)]).toEqual([
      ...['Proving', 'example.com/search:1', 'example.com/search:2'],
    ]);
    expect(api.get(policyPath)).toBeDefined();
    expect(conditions()).toEqual(expect.arrayContaining(['Ready=True/Available', 'Reconciling=True/Proving']));
    expect(generationOf(deploymentPath)).toBe(generation);
    candidateRuns();
    await clock.advance(3_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
    expect([api.get(candidatePath), api.get(policyPath)]).toEqual([undefined, undefined]);
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect(phase()).toBeUndefined();
    expect(conditions()).toEqual([
      ...['Ready=True/Available', 'Accepted=True/Valid', 'Available=True/Available', 'Verified=True/Verified'],
    ]);
    expect(events()).toEqual(expect.arrayContaining(['RolloutProving', 'RolloutStarted', 'RolloutComplete']));
  });

  it('that wants credentials replaces it, and no event says that it speaks MCP', async () => {
    answer = serves = { state: 'auth-required', statusCode: 401 };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
    const notes = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ note }) => String(note));
    expect(notes.filter((note) => note.includes('answers HTTP 401'))).toHaveLength(2);
    expect(notes.filter((note) => note.includes('speaks MCP') && !note.includes('is not known'))).toEqual([]);
  });

  it('that never listens names the port, however short its deadline is', async () => {
    change(2, { ...image(2), extensions: { rollout: { deadlineSeconds: 20 } } });
    await clock.advance(1_000);
    candidateRuns();
    const pod = api.get(podPath('candidate'));
    const running = { image: 'x', restartCount: 0, ready: false, state: { running: {} } };
    api.put(podPath('candidate'), { ...pod, status: { conditions: [], containerStatuses: [running] } });
    deploymentIs(candidatePath, { readyReplicas: 0 });
    await clock.advance(25_000);
    expect([phase(), status().extensions?.rollout?.reason]).toEqual(['Rejected', 'CandidateNotReady']);
    expect(status().extensions?.rollout?.message).toMatch(
      /^The candidate was not ready within 20 s: nothing accepts connections on port 8080 \(spec\.config\.port\).*its pod is gone/,
    );
  });

  it('that does not speak MCP is rejected, once and for all, and what serves is not touched', async () => {
    const generation = generationOf(deploymentPath);
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(20_000);
    expect([phase(), imageIn(deploymentPath), api.get(candidatePath)]).toEqual([
      ...['Rejected', 'example.com/search:1', undefined],
    ]);
    expect(conditions()).toEqual(
      expect.arrayContaining(['Ready=True/Available', 'Verified=True/Verified', 'Stalled=True/CandidateNotVerified']),
    );
    await stop();
    start();
    await clock.advance(600_000);
    expect([phase(), imageIn(deploymentPath), generationOf(deploymentPath)]).toEqual([
      ...['Rejected', 'example.com/search:1', generation],
    ]);
    expect(events().filter((reason) => reason === 'RolloutRejected')).toHaveLength(1);
  });

  it('is counted once, by how it ends and why, with the time of each phase', async () => {
    const counted = async (): Promise<readonly string[]> =>
      [
        ...(await registry.metrics()).matchAll(
          /^mcp_lifecycle_(rollouts_total.*|rollout_phase_duration_seconds_count.*)$/gm,
        ),
      ].map(([, series = '']) => series);
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(60_000);
    expect(await counted()).toEqual([
      'rollout_phase_duration_seconds_count{phase="Proving"} 1',
      'rollouts_total{result="Rejected",reason="CandidateNotVerified"} 1',
    ]);
    answer = verified;
    change(3, image(3));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    expect(await counted()).toEqual([
      'rollout_phase_duration_seconds_count{phase="Proving"} 2',
      'rollout_phase_duration_seconds_count{phase="Rolling"} 1',
      'rollouts_total{result="Rejected",reason="CandidateNotVerified"} 1',
      'rollouts_total{result="Complete",reason="Proven"} 1',
    ]);
  });

  it('that was rejected does not keep the server from being scaled', async () => {
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(20_000);
    change(3, { ...image(2), runtime: { replicas: 3 } });
    await clock.advance(1_000);
    const { spec } = api.get(deploymentPath) as { spec: { replicas: number } };
    expect([spec.replicas, imageIn(deploymentPath), phase()]).toEqual([3, 'example.com/search:1', 'Rejected']);
  });

  it('is rejected with what its pod fails of when it does not become ready in time', async () => {
    change(2, { ...image(2), extensions: { rollout: { deadlineSeconds: 60 } } });
    await clock.advance(61_000);
    expect(phase()).toBe('Rejected');
    expect(status().extensions?.rollout?.reason).toBe('CandidateNotReady');
    expect(imageIn(deploymentPath)).toBe('example.com/search:1');
  });

  it('is blocked by a quota, says what to do, and goes on when there is room', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    const refused = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: pods' };
    deploymentIs(candidatePath, { replicas: 0, updatedReplicas: 0, readyReplicas: 0, conditions: [refused] });
    await clock.advance(1_000);
    expect(phase()).toBe('Blocked');
    expect(status().extensions?.rollout?.message).toMatch(/exceeded quota: pods.*Make room for one more pod.*Recreate/);
    candidateRuns();
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('is blocked while the API server does not take its candidate, with its words, and goes on when it does', async () => {
    api.answer(({ path, method }) => method === 'PATCH' && path === candidatePath, 500);
    change(2, image(2));
    await clock.advance(400_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Blocked', 'example.com/search:1']);
    expect(conditions()).toContain('Stalled=True/CandidateNotCreated');
    expect(status().extensions?.rollout?.message).toContain('HTTP500');
    const count = api.writes.length;
    await clock.advance(600_000);
    expect(api.writes.slice(count).filter((write) => write.includes('/mcpservers/'))).toEqual([]);
    api.answer(() => false, undefined);
    await clock.advance(300_000);
    candidateRuns();
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('is blocked while somebody deletes each candidate, which is created ever more rarely, and goes on when that ends', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    const count = api.writes.length;
    for (let time = 0; time < 600; time += 1) {
      await clock.advance(500);
      if (api.get(candidatePath) !== undefined) api.remove(candidatePath);
    }
    const made = api.writes.slice(count).filter((write) => write === `PATCH ${candidatePath}`);
    expect(made.length).toBeGreaterThan(4);
    expect(made.length).toBeLessThan(15);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Blocked', 'example.com/search:1']);
    expect(conditions()).toContain('Stalled=True/CandidateNotCreated');
    expect(status().extensions?.rollout?.message).toContain('somebody deletes it again and again');
    await clock.advance(300_000);
    candidateRuns();
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('is tried at once each time that somebody asks for it: no candidate was taken away', async () => {
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    for (let time = 0; time < 8; time += 1) {
      api.put(serverPath, { metadata: { annotations: { 'mcp-lifecycle/retry': `${time}` } } });
      await clock.advance(1_000);
      expect([phase(), imageIn(candidatePath)]).toEqual(['Proving', 'example.com/search:2']);
      candidateRuns();
      await clock.advance(20_000);
      expect([phase(), api.get(candidatePath)]).toEqual(['Rejected', undefined]);
    }
  });

  const oldPodEnds = async (): Promise<void> => {
    api.remove(podPath('old'));
    deploymentIs(deploymentPath, { readyReplicas: 0 });
    await clock.advance(1_000);
  };

  it('replaces at once what does not serve well: a repair is never held up', async () => {
    await oldPodEnds();
    change(2, image(2));
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
  });

  it('that is known to be bad is not let through by one restart of the only pod that serves', async () => {
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(5_000);
    await oldPodEnds();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    servingPod('old', 'one');
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
  });

  it('that is not ready yet when what serves ends repairs it once it speaks MCP, and knows what to put back', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    await oldPodEnds();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    candidateRuns();
    await clock.advance(3_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
    expect(status().extensions?.rollout?.stable?.replicaSet).toBe('one');
  });

  it('is proven by whoever leads next, whenever the one before it dies', async () => {
    change(2, image(2));
    for (let step = 0; step < 8; step += 1) {
      await clock.advance(100);
      await stop();
      start();
      if (step === 3) candidateRuns();
    }
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath), api.get(candidatePath)]).toEqual([
      ...['Rolling', 'example.com/search:2', undefined],
    ]);
  });

  it('is not taken to be proven by the answer of the candidate before, which is known for a moment longer', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    change(3, image(3));
    await clock.advance(100);
    // Its Deployment is of the newest template by now, and who tells of pods is late.
    deploymentIs(candidatePath);
    await clock.advance(20_000);
    expect([phase(), imageIn(candidatePath), imageIn(deploymentPath)]).toEqual([
      ...['Proving', 'example.com/search:3', 'example.com/search:1'],
    ]);
  });

  it('is told to fail while its candidate does, with why', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    api.put(podPath('candidate'), {
      metadata: {
        ...{ name: 'candidate', namespace: 'mcp' },
        labels: { 'mcp-lifecycle/candidate-of': 'search', 'pod-template-hash': 'nine' },
        ownerReferences: ofReplicaSet('search-candidate', 'nine'),
      },
      status: {
        containerStatuses: [
          {
            ...{ image: 'example.com/search:2', restartCount: 0, ready: false },
            state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } },
          },
        ],
      },
    });
    await clock.advance(1_000);
    expect(conditions()).toEqual(expect.arrayContaining(['Stalled=True/PodsFailing', 'Ready=True/Available']));
    const { message = '' } = status().conditions?.find(({ type }) => type === 'Stalled') ?? {};
    expect(message).toMatch(/^The candidate of the new version does not come up: .*example\.com\/search:2/);
    const count = api.writes.length;
    await clock.advance(100_000);
    expect(api.writes.slice(count).filter((write) => !write.includes('/leases/'))).toEqual([]);
    await clock.advance(200_000);
    expect(status().extensions?.rollout?.message).toMatch(/not ready within 300 s: .*example\.com\/search:2/);
  });

  it('whose spec turns invalid is not proven any more, and begins its time anew when that is corrected', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    expect(api.get(candidatePath)).toBeDefined();
    change(3, { ...image(2), config: { port: 8080, envFrom: [{ configMapRef: { name: 'missing' } }] } });
    await clock.advance(1_000);
    expect([api.get(candidatePath), api.get(policyPath)]).toEqual([undefined, undefined]);
    expect(imageIn(deploymentPath)).toBe('example.com/search:1');
    await clock.advance(3_600_000);
    change(4, { ...image(2), config: { port: 8080, envFrom: [] } });
    await clock.advance(1_000);
    expect([phase(), imageIn(candidatePath)]).toEqual(['Proving', 'example.com/search:2']);
  });

  it('whose ConfigMap comes after it is proven all the same: what serves was verified before', async () => {
    change(2, { ...image(2), config: { port: 8080, envFrom: [{ configMapRef: { name: 'late' } }] } });
    await clock.advance(60_000);
    expect(conditions()).toEqual(expect.arrayContaining(['Accepted=False/Invalid', 'Verified=Unknown/NotVerified']));
    await stop();
    start();
    await clock.advance(1_000);
    api.put('/api/v1/namespaces/mcp/configmaps/late', { metadata: { name: 'late', namespace: 'mcp' } });
    await clock.advance(120_000);
    expect([phase(), imageIn(deploymentPath), imageIn(candidatePath)]).toEqual([
      ...['Proving', 'example.com/search:1', 'example.com/search:2'],
    ]);
    expect(status().extensions?.rollout?.stable?.generation).toBe(1);
    expect(status().extensions?.verification?.verifiedGeneration).toBeUndefined();
    candidateRuns();
    await clock.advance(3_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('of configuration that is rejected and then corrected has pods started anew that took it meanwhile (they served broken for good)', async () => {
    const configurationIs = async (mode: string, ms: number): Promise<void> => {
      api.put('/api/v1/namespaces/mcp/configmaps/set', {
        metadata: { name: 'set', namespace: 'mcp' },
        data: { mode },
      });
      await clock.advance(ms);
    };
    const restartedAt = (): string | undefined =>
      /restartedAt":"([^"]*)"/.exec(JSON.stringify(api.get(deploymentPath)?.['spec'] ?? ''))?.[1];
    await configurationIs('good', 0);
    change(2, { ...image(1), config: { port: 8080, envFrom: [{ configMapRef: { name: 'set' } }] } });
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(20_000);
    expect([phase(), conditions().includes('Verified=True/Verified')]).toEqual([undefined, true]);

    answer = { state: 'failed', message: 'answered HTTP 500' };
    await configurationIs('bad', 20_000);
    candidateRuns();
    await clock.advance(20_000);
    expect(phase()).toBe('Rejected');
    const since = status().extensions?.rollout?.target.since;
    await configurationIs('good', 20_000);
    expect([phase(), restartedAt()]).toEqual([undefined, undefined]);

    await configurationIs('bad', 20_000);
    candidateRuns();
    await clock.advance(20_000);
    expect(phase()).toBe('Rejected');
    serves = answer;
    api.remove(podPath('new'));
    servingPod('newer', 'two');
    await clock.advance(120_000);
    expect([phase(), conditions().includes('Verified=False/EndpointUnavailable')]).toEqual(['Rejected', true]);
    const rejectedAt = status().extensions?.rollout?.target.since;
    expect(status().conditions?.find(({ type }) => type === 'Stalled')?.message).toMatch(
      /^The candidate does not speak MCP: .*; the pods before them do not serve well either: MCP endpoint .*; a pod that starts anew reads ConfigMaps and Secrets as they are now/,
    );
    expect(rejectedAt).not.toBe(since);
    api.answer(({ method, path }) => method === 'PATCH' && path === deploymentPath, 503);
    await configurationIs('good', 5_000);
    expect([phase(), restartedAt()]).toEqual(['Rejected', undefined]);
    api.answer(() => false, undefined);
    await clock.advance(60_000);
    expect([phase(), restartedAt()]).toEqual([undefined, rejectedAt]);
    expect(events().filter((reason) => reason === 'RolloutStarted')).toHaveLength(2);
    const count = api.writes.length;
    await clock.advance(300_000);
    expect(api.writes.slice(count).filter((write) => write.includes('deployments'))).toEqual([]);
  });

  it('is proven also while a Service is refused, which nobody can ask through: what serves was verified before', async () => {
    const service = '/api/v1/namespaces/mcp/services/search';
    api.answer(({ path, method }) => method !== 'GET' && path === service, 403);
    api.remove(service);
    await clock.advance(20_000);
    expect(conditions()).toEqual(
      expect.arrayContaining(['Available=False/ServiceUnavailable', 'Verified=Unknown/NotVerified']),
    );
    change(2, image(2));
    await clock.advance(20_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    api.answer(() => false, undefined);
    candidateRuns();
    await clock.advance(400_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('is rolled out at once when what was verified has ended until its ConfigMap came: this may be its repair', async () => {
    change(2, { ...image(2), config: { port: 8080, envFrom: [{ configMapRef: { name: 'late' } }] } });
    await clock.advance(1_000);
    api.remove(podPath('old'));
    deploymentIs(deploymentPath, { readyReplicas: 0 });
    await clock.advance(1_000);
    api.put('/api/v1/namespaces/mcp/configmaps/late', { metadata: { name: 'late', namespace: 'mcp' } });
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
  });

  it('that is blocked stays so, and is not rolled out unproven, when its spec is not valid for a second', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    const refused = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota: pods' };
    const isFull = (): void => {
      deploymentIs(candidatePath, { replicas: 0, updatedReplicas: 0, readyReplicas: 0, conditions: [refused] });
    };
    isFull();
    await clock.advance(1_000);
    expect(phase()).toBe('Blocked');
    change(3, { ...image(2), config: { port: 8080, envFrom: [{ configMapRef: { name: 'missing' } }] } });
    await clock.advance(1_000);
    change(4, { ...image(2), config: { port: 8080, envFrom: [] } });
    await clock.advance(1_000);
    expect(['Proving', 'Blocked']).toContain(phase());
    isFull();
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Blocked', 'example.com/search:1']);
  });

  it('for which no node has room is rejected at its deadline, in the words of the scheduler', async () => {
    change(2, { ...image(2), extensions: { rollout: { deadlineSeconds: 60 } } });
    await clock.advance(1_000);
    api.put(podPath('candidate'), {
      metadata: {
        ...{ name: 'candidate', namespace: 'mcp', creationTimestamp: '2026-01-01T00:00:00Z' },
        labels: { 'mcp-lifecycle/candidate-of': 'search', 'pod-template-hash': 'nine' },
        ownerReferences: ofReplicaSet('search-candidate', 'nine'),
      },
      status: {
        conditions: [
          {
            ...{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
            message: '0/3 nodes are available: 3 Insufficient cpu.',
          },
        ],
      },
    });
    await clock.advance(70_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
    expect(status().extensions?.rollout).toMatchObject({
      ...{ reason: 'CandidateNotReady', message: expect.stringMatching(/not ready within 60 s: .*3 Insufficient cpu/) },
    });
  });

  it('that is taken back within a second leaves no candidate, and what serves is not touched', async () => {
    const generation = generationOf(deploymentPath);
    change(2, image(2));
    await clock.advance(500);
    expect(api.get(candidatePath)).toBeDefined();
    change(3, image(1));
    await clock.advance(10_000);
    expect([phase(), api.get(candidatePath), api.get(policyPath)]).toEqual([undefined, undefined, undefined]);
    expect([imageIn(deploymentPath), generationOf(deploymentPath)]).toEqual(['example.com/search:1', generation]);
    expect(conditions()).toEqual([
      ...['Ready=True/Available', 'Accepted=True/Valid', 'Available=True/Available', 'Verified=True/Verified'],
    ]);
  });

  it('is proven by the next pod of its candidate when the first is drained, within the same time', async () => {
    answer = { state: 'failed', message: 'no answer in time', isUnanswered: true };
    change(2, image(2));
    await clock.advance(1_000);
    const since = status().extensions?.rollout?.target.since;
    candidateRuns();
    await clock.advance(30_000);
    api.remove(podPath('candidate'));
    deploymentIs(candidatePath, { readyReplicas: 0 });
    await clock.advance(30_000);
    expect([phase(), status().extensions?.rollout?.target.since]).toEqual(['Proving', since]);
    answer = verified;
    candidateRuns();
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('is blocked by a Deployment of somebody else with the name of its candidate, which stays as it is', async () => {
    api.put(candidatePath, {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'search-candidate', namespace: 'mcp' } },
      spec: { replicas: 7 },
    });
    change(2, image(2));
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Blocked', 'example.com/search:1']);
    expect(conditions()).toEqual(expect.arrayContaining(['Ready=True/Available', 'Stalled=True/CandidateRefused']));
    expect(api.get(candidatePath)?.['spec']).toEqual({ replicas: 7 });
  });

  it('comes back when somebody undoes it by hand: the MCPServer decides', async () => {
    const { spec: before } = api.get(deploymentPath) as { spec: { template: object } };
    const former = JSON.parse(JSON.stringify(before.template)) as object;
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect(phase()).toBeUndefined();
    api.putAs('kubectl-rollout', deploymentPath, { spec: { template: former } });
    await clock.advance(5_000);
    expect([imageIn(deploymentPath), phase()]).toEqual(['example.com/search:2', undefined]);
  });

  it('that asks not to be asked from then on is rolled out within 15 minutes, and not verified', async () => {
    change(2, { ...image(2), config: { port: 9090 } });
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    expect(phase()).toBe('Rolling');
    serves = { state: 'throttled', message: 'answered HTTP 429' };
    answer = serves;
    api.remove(podPath('old'));
    servingPod('new', 'two', 9090);
    deploymentIs(deploymentPath);
    await clock.advance(600_000);
    expect(phase()).toBe('Rolling');
    await clock.advance(600_000);
    expect(phase()).toBeUndefined();
    expect(conditions()).toEqual(expect.arrayContaining(['Available=True/Available', 'Verified=Unknown/NotVerified']));
    expect(status().address?.url).toContain(':9090/');
    expect(events()).toContain('RolloutComplete');
    expect(await registry.metrics()).toContain('rollouts_total{result="Complete",reason="Proven"} 1');
  });

  it('that nobody can ask, neither its candidate nor its pods, serves without being proven, which is told (it was put back)', async () => {
    change(2, { ...image(2), extensions: { rollout: { deadlineSeconds: 60 } } });
    answer = { state: 'failed', message: 'no answer in time', isUnanswered: true };
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(30_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    await clock.advance(60_000);
    expect([phase(), status().extensions?.rollout?.proof]).toEqual(['Rolling', 'NotProven']);
    serves = answer;
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(600_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
    await clock.advance(600_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
    expect(conditions()).toContain('Verified=False/EndpointUnavailable');
    expect(events()).not.toContain('RolledBack');
    const notes = api.list('/apis/events.k8s.io/v1/namespaces/mcp/events').map(({ note }) => note);
    expect(notes).toContain('The new version serves; it is not proven: it could not be asked: no answer in time');
    expect(await registry.metrics()).toContain('rollouts_total{result="Complete",reason="NotProven"} 1');
  });

  it('that was rejected replaces what serves once an older CRD has made us forget it, and status says that', async () => {
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(20_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
    const request = api.request.bind(api);
    const message =
      'failed to create typed patch object (mcp/search; mcp.x-k8s.io/v1beta1, Kind=MCPServer): .status.extensions: field not declared in schema';
    api.request = (asked) => {
      const isRefused = asked.path === `${serverPath}/status` && JSON.stringify(asked.body).includes('"extensions"');
      if (!isRefused) return request(asked);
      const error = errorFromAnswer({ request: 'PATCH', status: 500, body: { message } });
      return Promise.resolve({ ok: false, error });
    };
    api.put(serverPath, { status: { extensions: undefined } });
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
    const ready = status().conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toContain('new versions replace what serves at once, also one that was rejected before');
    expect(events()).toContain('StatusNotWritten');
  });

  it('that failed, and is all that is left, is blocked until it speaks MCP after all', async () => {
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    serves = { state: 'failed', message: 'answered HTTP 500' };
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    // There is no ReplicaSet of the pods before.
    expect(conditions()).toContain('Stalled=True/NothingToPutBack');
    serves = verified;
    await clock.advance(120_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual([undefined, 'example.com/search:2']);
    expect(conditions()).toEqual([
      ...['Ready=True/Available', 'Accepted=True/Valid', 'Available=True/Available', 'Verified=True/Verified'],
    ]);
    expect(events().filter((reason) => reason === 'RolledBack')).toHaveLength(1);
  });

  it('at another port keeps the former one open, in Service and policy, until the last old pod has gone', async () => {
    const portsOf = (path: string): string =>
      JSON.stringify(api.get(path)?.['spec'])
        .match(/"port":\d+/g)
        ?.join() ?? '';
    const policy = '/apis/networking.k8s.io/v1/namespaces/mcp/networkpolicies/search';
    const service = '/api/v1/namespaces/mcp/services/search';
    change(2, { ...image(2), config: { port: 9090 } });
    await clock.advance(1_000);
    const both = ['"port":9090,"port":8080', '"port":8080,"port":9090'];
    expect([portsOf(policy), portsOf(service)]).toEqual(both);
    expect(status().address?.url).toContain(':8080/');
    candidateRuns();
    await clock.advance(3_000);
    expect([phase(), portsOf(policy), portsOf(service)]).toEqual(['Rolling', ...both]);
    // It sleeps before it ends, because nodes lead to it until they have heard that it goes.
    api.put(podPath('old'), { metadata: { deletionTimestamp: '2026-01-01T00:10:00Z' } });
    servingPod('new', 'two', 9090);
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect(status().address?.url).toContain(':9090/');
    expect([phase(), portsOf(policy), portsOf(service)]).toEqual([undefined, ...both]);
    api.remove(podPath('old'));
    await clock.advance(1_000);
    expect([portsOf(policy), portsOf(service)]).toEqual(['"port":9090', '"port":9090']);
    expect(conditions()).not.toContain('Reconciling');
    const count = api.writes.length;
    await clock.advance(300_000);
    expect(api.writes.slice(count).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });

  it('at a third port keeps both former ones open until the last pod at each has gone (the first was cut off)', async () => {
    const policy = '/apis/networking.k8s.io/v1/namespaces/mcp/networkpolicies/search';
    const service = '/api/v1/namespaces/mcp/services/search';
    const portsOf = (path: string): readonly number[] =>
      [...JSON.stringify(api.get(path)?.['spec']).matchAll(/"port":(\d+)/g)].map(([, port]) => Number(port)).sort();
    const leaves = (name: string): void => {
      api.put(podPath(name), { metadata: { deletionTimestamp: '2026-01-01T00:10:00Z' } });
    };
    const moveTo = async (generation: number, port: number): Promise<void> => {
      change(generation, { ...image(2), config: { port } });
      await clock.advance(1_000);
      candidateRuns();
      await clock.advance(3_000);
    };
    await moveTo(2, 9090);
    leaves('old');
    servingPod('new', 'two', 9090);
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect(phase()).toBeUndefined();
    await moveTo(3, 9191);
    const all = [8080, 9090, 9191];
    expect([portsOf(policy), portsOf(service)]).toEqual([all, all]);
    leaves('new');
    servingPod('newer', 'three', 9191);
    deploymentIs(deploymentPath);
    await clock.advance(10_000);
    expect([phase(), portsOf(policy), portsOf(service)]).toEqual([undefined, all, all]);
    api.remove(podPath('old'));
    await clock.advance(1_000);
    expect([portsOf(policy), portsOf(service)]).toEqual([
      [9090, 9191],
      [9090, 9191],
    ]);
    api.remove(podPath('new'));
    await clock.advance(1_000);
    expect([portsOf(policy), portsOf(service)]).toEqual([[9191], [9191]]);
  });
});

describe('what serves while its template is not the newest', () => {
  const replicaSetPath = `/apis/apps/v1/namespaces/mcp/replicasets/search-one`;
  const replicas = (): unknown => (api.get(deploymentPath) as { spec: { replicas?: number } }).spec.replicas;
  const unavailable = async (path: string, ms: number): Promise<void> => {
    api.answer((request) => request.method === 'GET' && request.path === path, 503);
    await clock.advance(ms);
    api.answer(() => false, undefined);
  };
  const reject = async (): Promise<void> => {
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(20_000);
    expect(phase()).toBe('Rejected');
  };
  /** Its new pods do not come up. */
  const rollOutLate = async (): Promise<void> => {
    const { spec } = api.get(deploymentPath) as { spec: { template: object } };
    api.put(replicaSetPath, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'search-one', namespace: 'mcp' } },
      spec: { template: spec.template },
    });
    change(2, image(2));
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
    expect(phase()).toBe('Rolling');
    const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };
    deploymentIs(deploymentPath, {
      ...{ replicas: 2, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }, late],
    });
  };

  it('is put back again when what failed is tried again before it is back (the broken version served on, for good)', async () => {
    const extensions = { rollout: { verify: 'AfterSwitch' } };
    const { spec } = api.get(deploymentPath) as { spec: { template: object } };
    api.put(replicaSetPath, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'search-one', namespace: 'mcp' } },
      spec: { template: spec.template },
    });
    change(2, { ...image(2), extensions });
    await clock.advance(1_000);
    serves = { state: 'failed', message: 'it speaks the HTTP+SSE transport' };
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
    await clock.advance(20_000);
    // The new pod still serves: none of the version before is ready yet.
    deploymentIs(deploymentPath, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
    await clock.advance(2_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    expect(conditions()).toContain('Verified=False/EndpointUnavailable');
    api.put(serverPath, { metadata: { annotations: { 'mcp-lifecycle/retry': '1' } } });
    await clock.advance(1_000);
    expect([phase(), status().extensions?.rollout?.stable?.replicaSet]).toEqual(['Rolling', 'one']);
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    expect(status().extensions?.rollout?.failed).toEqual([expect.objectContaining({ retry: '1' })]);
    serves = verified;
    api.remove(podPath('new'));
    servingPod('old', 'one');
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    expect(conditions()).toContain('Verified=True/Verified');
  });

  /** A version without a candidate that does not speak MCP serves, and is about to be put back. */
  const rollOutBad = async (): Promise<void> => {
    const { spec } = api.get(deploymentPath) as { spec: { template: object } };
    api.put(replicaSetPath, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'search-one', namespace: 'mcp' } },
      spec: { template: spec.template },
    });
    change(2, { ...image(2), extensions: { rollout: { verify: 'AfterSwitch' } } });
    await clock.advance(1_000);
    serves = { state: 'failed', message: 'it speaks the HTTP+SSE transport' };
    api.remove(podPath('old'));
    servingPod('new', 'two');
    deploymentIs(deploymentPath);
  };
  const generationSaid = (type: string): unknown =>
    status().conditions?.find((one) => one.type === type)?.observedGeneration;
  const isBack = async (): Promise<void> => {
    serves = verified;
    api.remove(podPath('new'));
    servingPod('old', 'one');
    deploymentIs(deploymentPath);
    await clock.advance(20_000);
  };

  it('is told to serve when it does, and not before (the version before it was named while it was put back)', async () => {
    await rollOutBad();
    await clock.advance(20_000);
    deploymentIs(deploymentPath, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
    await clock.advance(2_000);
    expect([phase(), generationSaid('Available'), generationSaid('Verified')]).toEqual(['RolledBack', 2, 2]);
    const { message = '' } = status().conditions?.find(({ type }) => type === 'Stalled') ?? {};
    expect(message).toMatch(/; they serve until those of generation 1, which are put back, are ready$/);
    await isBack();
    expect([generationSaid('Available'), generationSaid('Verified')]).toEqual([1, 1]);
    expect(conditions()).toContain('Verified=True/Verified');
  });

  it('comes back although the spec changes again meanwhile, and that change is proven first (it replaced the pods, and nothing could be put back)', async () => {
    await rollOutBad();
    await clock.advance(20_000);
    deploymentIs(deploymentPath, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
    await clock.advance(2_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    answer = { state: 'failed', message: 'answered HTTP 500' };
    change(3, { ...image(3), extensions: { rollout: { verify: 'Candidate' } } });
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath), imageIn(candidatePath)]).toEqual([
      ...['Proving', 'example.com/search:1', 'example.com/search:3'],
    ]);
    expect(status().extensions?.rollout?.stable?.replicaSet).toBe('one');
    await isBack();
    expect(conditions()).toContain('Verified=True/Verified');
    expect(generationSaid('Verified')).toBe(1);
    candidateRuns();
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
  });

  it('comes back also when the spec changes before anything of that was applied', async () => {
    await rollOutBad();
    api.answer((request) => request.method === 'GET' && request.path === replicaSetPath, 503);
    await clock.advance(20_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:2']);
    change(3, { ...image(3), extensions: { rollout: { verify: 'Candidate' } } });
    await clock.advance(1_000);
    api.answer(() => false, undefined);
    await clock.advance(120_000);
    expect([phase(), imageIn(deploymentPath), imageIn(candidatePath)]).toEqual([
      ...['Proving', 'example.com/search:1', 'example.com/search:3'],
    ]);
  });

  it('is put back also when two versions in a row fail, the second one before the first was given up (it was forgotten)', async () => {
    await rollOutBad();
    // One of the version before is on its way out.
    deploymentIs(deploymentPath, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });
    await clock.advance(5_000);
    expect([phase(), conditions().includes('Verified=False/EndpointUnavailable')]).toEqual(['Rolling', true]);
    change(3, { ...image(3), extensions: { rollout: { verify: 'AfterSwitch' } } });
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:3']);
    expect(status().extensions?.rollout?.stable?.replicaSet).toBe('one');
    api.remove(podPath('new'));
    servingPod('newer', 'three');
    deploymentIs(deploymentPath);
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
  });

  it('is put back although its ReplicaSet could not be read for a moment', async () => {
    await rollOutLate();
    await unavailable(replicaSetPath, 5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:2']);
    const count = api.reads.length;
    await clock.advance(600_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    expect(api.reads.slice(count).filter((read) => read.endsWith(replicaSetPath)).length).toBeLessThan(10);
  });

  it('is scaled although the Deployment could not be read for a moment', async () => {
    await reject();
    change(3, { ...image(2), runtime: { replicas: 3 } });
    await unavailable(deploymentPath, 5_000);
    expect(replicas()).toBe(1);
    await clock.advance(600_000);
    expect([replicas(), imageIn(deploymentPath)]).toEqual([3, 'example.com/search:1']);
  });

  it('is what comes back after a scale to zero, and not the version that was rejected', async () => {
    await reject();
    const scaleTo = async (generation: number, count: number): Promise<void> => {
      change(generation, { ...image(2), runtime: { replicas: count } });
      await clock.advance(5_000);
      expect([replicas(), imageIn(deploymentPath), phase()]).toEqual([count, 'example.com/search:1', 'Rejected']);
    };
    await scaleTo(3, 0);
    expect(conditions()).toContain('Available=True/ScaledToZero');
    await scaleTo(4, 1);
    expect(conditions()).toEqual(expect.arrayContaining(['Ready=True/Available', 'Stalled=True/CandidateNotVerified']));
  });

  it('goes on serving when somebody writes a strategy into the Deployment after a version was rejected', async () => {
    await reject();
    api.putAs('kubectl-edit', deploymentPath, { spec: { strategy: { type: 'Recreate' } } });
    await clock.advance(60_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
  });

  it('follows the spec in its replicas also when the ReplicaSet that was put back is gone', async () => {
    await rollOutLate();
    // As the API server completes it: it is not what was applied under its digest.
    api.put(replicaSetPath, { spec: { template: { spec: { dnsPolicy: 'ClusterFirst' } } } });
    await clock.advance(5_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    api.remove(replicaSetPath);
    change(3, { ...image(2), runtime: { replicas: 3 } });
    await clock.advance(5_000);
    expect([replicas(), imageIn(deploymentPath), phase()]).toEqual([3, 'example.com/search:1', 'RolledBack']);
    const count = api.writes.length;
    await clock.advance(300_000);
    expect(api.writes.slice(count).filter((write) => !write.includes('/leases/'))).toEqual([]);
  });
});

describe('the tools of a new version', () => {
  const tool = { interface: '01234567', wording: '89abcdef', readOnly: true, destructive: false, openWorld: false };
  const capabilities = { tools: true, resources: false, prompts: false, logging: false, completions: false };
  const lists = (digit: string, ...names: readonly string[]): ProbeResult => ({
    ...{ state: 'verified', era: 'stateless', offers: { tools: names.length } },
    serverInfo: { name: 'x', version: '1', protocolVersion: '2026-07-28', capabilities },
    tools: {
      ...{ digest: `sha256:${digit.repeat(64)}`, truncated: 0 },
      listed: writeListed(names.map((name) => ({ ...tool, name }))),
    },
  });
  const asked = (spec: object, annotations: object = {}): void => {
    const { metadata } = api.get(serverPath) as { metadata: { generation?: number } };
    api.put(serverPath, { metadata: { generation: (metadata.generation ?? 1) + 1, annotations }, spec });
  };
  const accept = (digit: string): void => {
    const annotations = { 'mcp-lifecycle/accept-tool-contract': `sha256:${digit.repeat(64)}` };
    api.put(serverPath, { metadata: { annotations } });
  };
  const proven = async (): Promise<void> => {
    await clock.advance(1_000);
    candidateRuns();
    await clock.advance(3_000);
  };

  beforeEach(async () => {
    serves = lists('1', 'fetch', 'search');
    await clock.advance(130_000);
    expect(status().extensions?.tools?.list).toHaveLength(2);
  });

  it('hold it back when one is gone, and what serves is not touched; that is over when its digest is accepted, and not before', async () => {
    const generation = generationOf(deploymentPath);
    answer = lists('2', 'search');
    asked(image(2));
    await proven();
    expect([phase(), status().extensions?.rollout?.reason]).toEqual(['Rejected', 'ToolContractChanged']);
    expect(status().extensions?.rollout?.message).toContain(
      `accept-tool-contract to sha256:${'2'.repeat(64)}: fetch is gone`,
    );
    expect(conditions()).toEqual(expect.arrayContaining(['Ready=True/Available', 'Stalled=True/ToolContractChanged']));
    await clock.advance(600_000);
    expect([generationOf(deploymentPath), phase()]).toEqual([generation, 'Rejected']);
    accept('3');
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
    accept('2');
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('let it go when there is one more, and the same spec is not asked for twice', async () => {
    answer = lists('2', 'fetch', 'search', 'send');
    asked(image(2));
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  it('hold it back when they have to be read-only from that version on and are not; what serves is not asked to be', async () => {
    const writes: ProbeResult = lists('2', 'search');
    const listed = writeListed([
      { ...tool, name: 'search' },
      { ...tool, name: 'send', readOnly: false },
    ]);
    if (writes.state !== 'verified') throw new Error('it speaks MCP');
    serves = { ...writes, tools: { digest: `sha256:${'2'.repeat(64)}`, truncated: 0, listed } };
    await clock.advance(1_300_000);
    expect(status().extensions?.tools?.list?.map(({ readOnly = false }) => readOnly)).toEqual([true, false]);
    answer = serves;
    asked({ ...image(2), extensions: { toolContract: { allow: 'ReadOnly' } } });
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    await clock.advance(120_000);
    expect(conditions()).toContain('Verified=True/Verified');
    await proven();
    expect([phase(), status().extensions?.rollout?.reason]).toEqual(['Rejected', 'ToolNotAllowed']);
    await clock.advance(120_000);
    expect([conditions().includes('Verified=True/Verified'), imageIn(deploymentPath)]).toEqual([
      ...[true, 'example.com/search:1'],
    ]);
  });

  it('have to stay read-only in pods before it that were so', async () => {
    asked({ ...image(1), extensions: { toolContract: { allow: 'ReadOnly' } } });
    await clock.advance(10_000);
    expect(conditions()).toContain('Verified=True/Verified');
    answer = { state: 'failed', message: 'answered HTTP 500' };
    asked({ ...image(2), extensions: { toolContract: { allow: 'ReadOnly' } } });
    await proven();
    await clock.advance(20_000);
    expect(phase()).toBe('Rejected');
    const listed = writeListed([{ ...tool, name: 'send', readOnly: false }]);
    const now = lists('3', 'send');
    if (now.state !== 'verified') throw new Error('it speaks MCP');
    serves = { ...now, tools: { digest: `sha256:${'3'.repeat(64)}`, truncated: 0, listed } };
    await clock.advance(1_300_000);
    expect(conditions()).toContain('Verified=False/ToolNotAllowed');
    await clock.advance(1_300_000);
    expect(conditions()).toContain('Verified=False/ToolNotAllowed');
  });

  it('hold it back when they are others than the pinned ones, unless their digest comes with the new version', async () => {
    asked({ ...image(1), extensions: { toolContract: { mode: 'Pin' } } });
    await clock.advance(10_000);
    expect(status().extensions?.tools?.accepted).toBe(`sha256:${'1'.repeat(64)}`);
    answer = lists('2', 'fetch', 'search', 'send');
    asked({ ...image(2), extensions: { toolContract: { mode: 'Pin' } } });
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rejected', 'example.com/search:1']);
    expect(conditions()).toContain('Verified=True/Verified');
    asked({ ...image(2), extensions: { toolContract: { mode: 'Pin', digest: `sha256:${'2'.repeat(64)}` } } });
    await clock.advance(500);
    expect(conditions()).toContain('Verified=True/Verified');
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
  });

  const replicaSetIs = (hash: string, ofImage: number): void => {
    const { spec } = api.get(deploymentPath) as { spec: { template: object } };
    const text = JSON.stringify(spec.template).replace(/search:\d/, `search:${ofImage}`);
    api.put(`/apis/apps/v1/namespaces/mcp/replicasets/search-${hash}`, {
      ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: `search-${hash}`, namespace: 'mcp' } },
      spec: { template: JSON.parse(text) as object },
    });
  };
  const replacedBy = (name: string, template: string, before: string): void => {
    api.remove(podPath(before));
    servingPod(name, template);
    deploymentIs(deploymentPath);
  };

  it.each([
    ['they are not the pinned ones', { mode: 'Pin' }, 'ToolContractChanged'],
    ['they have to be read-only and are not', { allow: 'ReadOnly' }, 'ToolNotAllowed'],
  ])('put it back, once, where no candidate was asked and %s (its pods stayed)', async (_, toolContract, reason) => {
    const extensions = { toolContract, rollout: { verify: 'AfterSwitch' } };
    asked({ ...image(1), extensions });
    await clock.advance(10_000);
    expect(conditions()).toContain('Verified=True/Verified');
    const before = serves;
    const listed = writeListed([{ ...tool, name: 'send', readOnly: false }]);
    const others = lists('2', 'send');
    if (others.state !== 'verified') throw new Error('it speaks MCP');
    replicaSetIs('one', 1);
    asked({ ...image(2), extensions });
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
    serves = { ...others, tools: { digest: `sha256:${'2'.repeat(64)}`, truncated: 0, listed } };
    replacedBy('new', 'two', 'old');
    await clock.advance(20_000);
    expect([phase(), status().extensions?.rollout?.reason]).toEqual(['RolledBack', reason]);
    expect(imageIn(deploymentPath)).toBe('example.com/search:1');
    expect(status().extensions?.rollout?.message).not.toContain('untouched');
    serves = before;
    replacedBy('old', 'one', 'new');
    await clock.advance(600_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['RolledBack', 'example.com/search:1']);
    expect(conditions()).toEqual(expect.arrayContaining(['Verified=True/Verified', `Stalled=True/${reason}`]));
    expect(events().filter((one) => one === 'RolledBack')).toHaveLength(1);
  });

  it('are compared with those that served before when the next version comes while that is put back, and not with those that failed', async () => {
    const extensions = { toolContract: { allow: 'ReadOnly' }, rollout: { verify: 'AfterSwitch' } };
    asked({ ...image(1), extensions });
    await clock.advance(10_000);
    const before = serves;
    replicaSetIs('one', 1);
    asked({ ...image(2), extensions });
    await clock.advance(1_000);
    const more = lists('2', 'fetch', 'search', 'send');
    if (more.state !== 'verified') throw new Error('it speaks MCP');
    const listed = writeListed(
      ['fetch', 'search', 'send'].map((name) => ({ ...tool, name, readOnly: name !== 'send' })),
    );
    serves = { ...more, tools: { digest: `sha256:${'2'.repeat(64)}`, truncated: 0, listed } };
    replacedBy('new', 'two', 'old');
    await clock.advance(20_000);
    expect([phase(), status().extensions?.rollout?.reason]).toEqual(['RolledBack', 'ToolNotAllowed']);
    answer = lists('3', 'fetch', 'search');
    asked({ ...image(3), extensions: { ...extensions, rollout: { verify: 'Candidate' } } });
    await proven();
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Proving', 'example.com/search:1']);
    serves = before;
    replacedBy('old', 'one', 'new');
    await clock.advance(20_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:3']);
  });

  it('let what was put back for them roll out when they are accepted', async () => {
    const extensions = { toolContract: { mode: 'Pin' }, rollout: { verify: 'AfterSwitch' } };
    asked({ ...image(1), extensions });
    await clock.advance(10_000);
    const before = serves;
    replicaSetIs('one', 1);
    asked({ ...image(2), extensions });
    await clock.advance(1_000);
    serves = lists('2', 'fetch', 'search', 'send');
    replacedBy('new', 'two', 'old');
    await clock.advance(20_000);
    expect(phase()).toBe('RolledBack');
    serves = before;
    replacedBy('old', 'one', 'new');
    await clock.advance(20_000);
    accept('2');
    await clock.advance(1_000);
    expect([phase(), imageIn(deploymentPath)]).toEqual(['Rolling', 'example.com/search:2']);
    serves = lists('2', 'fetch', 'search', 'send');
    replacedBy('new', 'two', 'old');
    await clock.advance(20_000);
    expect(phase()).toBeUndefined();
    expect(conditions()).toContain('Verified=True/Verified');
  });
});
