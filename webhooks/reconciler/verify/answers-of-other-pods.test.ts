import { describe, expect, it } from '@jest/globals';

import type { ServingPod } from '../../core/plan/serving.ts';
import { podSetOf } from '../../core/plan/serving.ts';
import { silentLogger } from '../../platform/log.ts';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import type { ProbeResult } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

const verified = (version: string): ProbeResult => ({
  ...{ state: 'verified', era: 'stateless' },
  serverInfo: {
    ...{ name: 'x', version, protocolVersion: '2026-07-28' },
    capabilities: { tools: false, resources: false, prompts: false, logging: false, completions: false },
  },
});
const broken: ProbeResult = { state: 'failed', message: 'answered HTTP 500' };
const silent: ProbeResult = { state: 'failed', message: 'no answer in time', isUnanswered: true };

const aPod = (name: string, template: string, restarts = 0): ServingPod => ({
  ...{ name, template, address: name, port: 8080, restarts },
});
const oldPod = aPod('old-1', 'old');
const newPod = aPod('new-1', 'new');

/** What comes through the Service, and what each pod answers at its own address. */
interface Cluster {
  service: ProbeResult;
  pods: readonly ServingPod[];
  readonly answers: Record<string, ProbeResult>;
}

/** An hour: whatever is asked sooner has another reason. */
const periodMs = 3_600_000;

function start(cluster: Cluster) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const told: unknown[] = [];
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', podsOf: () => cluster.pods },
    probe: ({ at }) => {
      asked.push(at?.host ?? 'service');
      return Promise.resolve(at === undefined ? cluster.service : (cluster.answers[at.host] ?? silent));
    },
    onChange: (key) => {
      const { verification, of } = verifier.current(key);
      told.push([verification.state, of?.generation]);
    },
  });
  const watch = (generation: number): void => {
    const pods = podSetOf(cluster.pods);
    verifier.watch('ns/a', { url: 'http://a.ns.svc/mcp', generation, periodMs, image: 'x', pods });
  };
  return { clock, asked, told, verifier, watch };
}

describe('a release whose pods answer otherwise than those before', () => {
  it('that is broken loses its verdict at once, whatever its period and whatever the old pod still answers', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: { 'new-1': broken } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(600_000);
    expect(t.told).toEqual([['verified', 1]]);
    // The Service leads to the old pod for some time after it has left.
    cluster.pods = [newPod];
    t.watch(2);
    expect(t.verifier.current('ns/a').of).toEqual({ generation: 1, podSet: 'old' });
    await t.clock.advance(2_000);
    expect(t.told).toEqual([
      ['verified', 1],
      ['failed', 2],
    ]);
    expect(t.asked).toEqual(['service', 'new-1', 'new-1', 'new-1', 'new-1']);
    t.verifier.stop();
  });

  it('that is repaired gets no failure from the pod that has left', async () => {
    const cluster: Cluster = { service: broken, pods: [oldPod], answers: { 'new-1': verified('2') } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(10_000);
    expect(t.told.at(0)).toEqual(['failed', 1]);
    const before = t.told.length;
    cluster.pods = [newPod];
    t.watch(2);
    // Four failures in a row that come through the Service, and are the old pod's.
    await t.clock.advance(2_500);
    expect(t.told.slice(before)).toEqual([]);
    cluster.service = verified('2');
    await t.clock.advance(5_000);
    expect(t.told.slice(before)).toEqual([['verified', 2]]);
    t.verifier.stop();
  });

  it('that is repaired, and not quite up yet, is not said to fail for the failures of the pods before', async () => {
    const cluster: Cluster = { service: broken, pods: [oldPod], answers: { 'new-1': broken } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(10_000);
    const before = t.told.length;
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(300);
    expect(t.asked.slice(-2)).toEqual(['new-1', 'new-1']);
    cluster.answers['new-1'] = verified('2');
    cluster.service = verified('2');
    await t.clock.advance(5_000);
    expect(t.told.slice(before)).toEqual([['verified', 2]]);
    t.verifier.stop();
  });

  it('is not verified before its Service leads somewhere, and fails when that lasts', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: { 'new-1': verified('2') } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    cluster.service = silent;
    t.watch(2);
    await t.clock.advance(4_000);
    expect(t.told).toEqual([['verified', 1]]);
    await t.clock.advance(10_000);
    expect(t.told.at(1)).toEqual(['failed', 2]);
    t.verifier.stop();
  });

  it('is asked through its Service where pods cannot be reached by themselves', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: {} };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(1_000);
    expect(t.asked).toEqual(['service', 'new-1', 'service']);
    expect(t.told).toEqual([
      ['verified', 1],
      ['verified', 2],
    ]);
    t.verifier.stop();
  });

  it.each([
    ['pods cannot be reached by themselves', {}],
    ['a new pod has answered', { 'new-1': verified('2') }],
  ])('is not vouched for during a whole period by the pod that has left, where %s', async (_, answers) => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(1_000);
    expect(t.verifier.current('ns/a')).toMatchObject({ verification: { state: 'verified' }, of: { generation: 2 } });
    // Only now the Service leads to the new one.
    cluster.service = broken;
    await t.clock.advance(10_000);
    expect(t.verifier.current('ns/a').verification.state).toBe('failed');
    t.verifier.stop();
  });

  it('is asked no more than once more when all is well', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: {} };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(600_000);
    expect(t.asked).toEqual(['service', 'new-1', 'service', 'service']);
    t.verifier.stop();
  });

  it('is asked again when other pods serve before it has answered', async () => {
    const clock = createFakeClock();
    const answers: ((result: ProbeResult) => void)[] = [];
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', onChange: () => undefined },
      probe: () => new Promise((resolve) => answers.push(resolve)),
    });
    const target = { url: 'http://a.ns.svc/mcp', periodMs, image: 'x' };
    verifier.watch('ns/a', { ...target, generation: 1, pods: 'old' });
    await clock.advance(0);
    verifier.watch('ns/a', { ...target, generation: 2, pods: 'new' });
    answers[0]?.(verified('1'));
    await clock.advance(0);
    expect(verifier.current('ns/a')).toEqual({ verification: { state: 'not-attempted' } });
    await clock.advance(1_000);
    expect(answers).toHaveLength(2);
    answers[1]?.(verified('2'));
    await clock.advance(0);
    expect(verifier.current('ns/a')).toMatchObject({ of: { generation: 2, podSet: 'new' } });
    verifier.stop();
  });
});

describe('pods that serve', () => {
  it('are asked again when one of them was started again', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: { 'old-1': verified('1') } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(10_000);
    cluster.pods = [aPod('old-1', 'old', 1)];
    t.watch(1);
    await t.clock.advance(1_000);
    expect(t.asked).toEqual(['service', 'old-1', 'service']);
    t.verifier.stop();
  });

  it('are not asked again when only their number changes, and answer for that generation, too', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: {} };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(10_000);
    cluster.pods = [oldPod, aPod('old-2', 'old'), aPod('old-3', 'old')];
    t.watch(2);
    expect(t.verifier.current('ns/a').of).toEqual({ generation: 2, podSet: 'old' });
    await t.clock.advance(600_000);
    expect(t.asked).toEqual(['service']);
    t.verifier.stop();
  });

  it('are the same while nobody tells of them, and are asked when they turn out to be others', async () => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: { 'new-1': verified('2') } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [];
    t.watch(1);
    await t.clock.advance(10_000);
    expect(t.asked).toEqual(['service']);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(1_000);
    expect(t.asked).toEqual(['service', 'new-1', 'service']);
    t.verifier.stop();
  });
});
