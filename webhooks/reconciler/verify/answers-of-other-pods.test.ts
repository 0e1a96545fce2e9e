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
    capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
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
    // Whoever has answered there may be the pod that has left.
    expect(t.told).toEqual([['verified', 1]]);
    await t.clock.advance(5_000);
    expect(t.asked).toEqual(['service', 'new-1', 'service', 'service']);
    expect(t.told).toEqual([
      ['verified', 1],
      ['verified', 2],
    ]);
    t.verifier.stop();
  });

  it.each([
    ['pods cannot be reached by themselves', {}, 1],
    ['a new pod has answered', { 'new-1': verified('2') }, 2],
  ])('is not vouched for during a whole period by the pod that has left, where %s', async (_, answers, generation) => {
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(1_000);
    expect(t.verifier.current('ns/a')).toMatchObject({ verification: { state: 'verified' }, of: { generation } });
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
    // Of whom that is nobody knows: no pod is.
    answers[1]?.(verified('1'));
    await clock.advance(5_000);
    expect(verifier.current('ns/a')).toEqual({ verification: { state: 'not-attempted' } });
    expect(answers).toHaveLength(3);
    answers[2]?.(verified('2'));
    await clock.advance(0);
    expect(verifier.current('ns/a')).toMatchObject({ of: { generation: 2, podSet: 'new' } });
    verifier.stop();
  });
});

describe('the tools of a release', () => {
  const lists = (digest: string): ProbeResult => ({
    ...(verified(digest) as Extract<ProbeResult, { state: 'verified' }>),
    ...{ offers: { tools: 1 }, tools: { digest, listed: '', truncated: 0 } },
  });
  const unlisted = (answer: ProbeResult): ProbeResult =>
    answer.state === 'verified' ? verified(answer.serverInfo.version) : answer;

  function startListing(cluster: Cluster) {
    const clock = createFakeClock();
    const listed: string[] = [];
    const told: unknown[] = [];
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', podsOf: () => cluster.pods },
      probe: ({ at, countsOffers = false }) => {
        const answer = at === undefined ? cluster.service : (cluster.answers[at.host] ?? silent);
        if (countsOffers) listed.push(at?.host ?? 'service');
        return Promise.resolve(countsOffers ? answer : unlisted(answer));
      },
      onChange: (key) => {
        const { verification, of } = verifier.current(key);
        const tools = verification.state === 'verified' ? verification.tools : undefined;
        told.push([of?.generation, tools !== undefined && 'digest' in tools ? tools.digest : verification.state]);
      },
    });
    const watch = (generation: number, followsOthers = false): void => {
      const pods = podSetOf(cluster.pods);
      const target = { url: 'http://a.ns.svc/mcp', generation, periodMs, image: 'x', pods, followsOthers };
      verifier.watch('ns/a', target);
    };
    return { clock, listed, told, verifier, watch };
  }

  it('are those of a new pod, asked itself, while the Service still leads to one that has left (a digest stood for the wrong generation)', async () => {
    const cluster: Cluster = { service: lists('A'), pods: [oldPod], answers: { 'new-1': lists('B') } };
    const t = startListing(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(4_000);
    expect(t.told).toEqual([
      [1, 'A'],
      [2, 'B'],
    ]);
    expect(t.listed).toEqual(['service', 'new-1']);
    cluster.service = lists('B');
    await t.clock.advance(600_000);
    expect(t.told).toHaveLength(2);
    t.verifier.stop();
  });

  it('are not told of it before the Service leads to it for certain, where pods cannot be reached by themselves', async () => {
    const cluster: Cluster = { service: lists('A'), pods: [oldPod], answers: {} };
    const t = startListing(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(4_000);
    cluster.service = lists('B');
    await t.clock.advance(5_000);
    expect(t.told).toEqual([
      [1, 'A'],
      [2, 'B'],
    ]);
    t.verifier.stop();
  });

  it('are those of a new pod also for whoever leads since the moment of the switch (the Service was believed)', async () => {
    const cluster: Cluster = { service: lists('A'), pods: [newPod], answers: { 'new-1': lists('B') } };
    const t = startListing(cluster);
    t.watch(2, true);
    await t.clock.advance(1_000);
    expect(t.told).toEqual([[2, 'B']]);
    t.verifier.stop();
  });

  it('are not listed of a mix of pods: they may be those of either, and the generation is that of the older ones', async () => {
    const cluster: Cluster = {
      service: lists('A'),
      pods: [oldPod],
      answers: { 'new-1': lists('B'), 'old-1': lists('A') },
    };
    const t = startListing(cluster);
    t.watch(1);
    await t.clock.advance(1_000);
    cluster.pods = [newPod, oldPod];
    cluster.service = lists('B');
    t.watch(1);
    await t.clock.advance(60_000);
    expect([t.told, t.listed]).toEqual([
      [
        [1, 'A'],
        [1, 'A'],
      ],
      ['service'],
    ]);
    cluster.pods = [newPod];
    t.watch(2);
    await t.clock.advance(1_000);
    expect(t.told.at(-1)).toEqual([2, 'B']);
    t.verifier.stop();
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

  it('are asked themselves after a moment with none: the Service still led to the one that had left, and the new one passed for Verified for a period', async () => {
    const again = aPod('old-2', 'old');
    const cluster: Cluster = { service: verified('1'), pods: [oldPod], answers: { 'old-2': broken } };
    const t = start(cluster);
    t.watch(1);
    await t.clock.advance(600_000);
    t.verifier.rest('ns/a');
    cluster.pods = [again];
    t.watch(1);
    await t.clock.advance(2_000);
    expect(t.told).toEqual([
      ['verified', 1],
      ['failed', 1],
    ]);
    expect(t.asked).toEqual(['service', 'old-2', 'old-2', 'old-2', 'old-2']);
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
