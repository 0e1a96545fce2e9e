import { describe, expect, it } from '@jest/globals';

import type { FailingPod } from '../../core/plan/observed.ts';
import { podSetOf } from '../../core/plan/serving.ts';
import type { ServingPod } from '../../core/plan/serving.ts';
import { silentLogger } from '../../platform/log.ts';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import type { ProbeResult, ProbeVerdict } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

const verified: ProbeVerdict = {
  ...{ state: 'verified', era: 'handshake' },
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2025-11-25' },
    capabilities: { tools: false, resources: false, prompts: false, logging: false, completions: false },
  },
};
const broken: ProbeVerdict = { state: 'failed', message: 'answered HTTP 500' };
const silent: ProbeVerdict = { state: 'failed', message: 'connection refused', isUnanswered: true };

const periodMs = 60_000;

function podsNamed(...names: readonly string[]): readonly ServingPod[] {
  return names.map((name) => ({ name, template: 't', address: name, port: 8080, restarts: 0 }));
}

interface Cluster {
  service: ProbeResult;
  pods: readonly ServingPod[];
  /** By address; the others are verified. */
  readonly answers: Record<string, ProbeResult>;
}

function start(cluster: Partial<Cluster> & Pick<Cluster, 'pods'>, believed?: ProbeVerdict) {
  const now: Cluster = { service: verified, answers: {}, ...cluster };
  const clock = createFakeClock();
  /** Of pods alone. */
  const asked: string[] = [];
  const changes: string[] = [];
  const memories: unknown[] = [];
  let ofService = 0;
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', podsOf: () => now.pods },
    probe: ({ at, memory }) => {
      if (at === undefined) {
        ofService += 1;
        return Promise.resolve({ ...now.service, memory: { silences: ofService } });
      }
      asked.push(at.host);
      memories.push(memory);
      return Promise.resolve({ ...(now.answers[at.host] ?? verified), memory: { silences: -1 } });
    },
    onChange: (key) => changes.push(key),
  });
  const target = { url: 'http://a.ns.svc/mcp', generation: 1, periodMs, image: 'x', pods: podSetOf(now.pods) };
  verifier.watch('ns/a', target, believed);
  const failing = (): readonly FailingPod[] | undefined => {
    const { verification } = verifier.current('ns/a');
    return verification.state === 'failed' ? verification.failingPods : undefined;
  };
  const lookAgain = (): void => {
    verifier.watch('ns/a', target);
  };
  return { now, clock, asked, changes, memories, verifier, failing, lookAgain, ofService: () => ofService };
}

describe('a server of several pods', () => {
  it('has one of them asked beside the Service in each period, all of them in turn', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(10 * periodMs);
    expect(t.ofService()).toBe(11);
    // The first time each of them is new.
    expect(t.asked.slice(0, 9)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
    expect(t.asked.length).toBeLessThanOrEqual(3 + 10);
    t.verifier.stop();
    expect(t.clock.sleepers).toBe(0);
  });

  it('of fifty costs two questions in a period, and six more pods a minute while they are new', async () => {
    const t = start({ pods: podsNamed(...Array.from({ length: 50 }, (_, index) => `pod-${index + 10}`)) });
    await t.clock.advance(periodMs - 1);
    expect(t.asked).toHaveLength(6);
    await t.clock.advance(9 * periodMs);
    expect(new Set(t.asked).size).toBe(50);
    const before = t.asked.length;
    await t.clock.advance(20 * periodMs);
    expect(t.asked.length - before).toBe(20);
    t.verifier.stop();
  });

  it('names the pod that stopped speaking MCP while the others speak it, once', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(5 * periodMs);
    expect(t.changes).toEqual(['ns/a']);
    t.now.answers['b'] = broken;
    await t.clock.advance(4 * periodMs);
    expect(t.failing()).toEqual([{ name: 'b', message: 'answered HTTP 500' }]);
    expect(t.changes).toEqual(['ns/a', 'ns/a']);
    t.now.answers['b'] = { state: 'failed', message: 'answered HTTP 502' };
    await t.clock.advance(30 * periodMs);
    expect(t.changes).toEqual(['ns/a', 'ns/a']);
    t.verifier.stop();
  });

  it('names one that took the place of another within seconds, whatever its period (it was said to be well for that long)', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(5 * periodMs + 30_000);
    const before = t.ofService();
    t.now.pods = podsNamed('a', 'b', 'd');
    t.now.answers['d'] = broken;
    t.lookAgain();
    await t.clock.advance(5_000);
    t.lookAgain();
    await t.clock.advance(10_000);
    expect(t.failing()).toEqual([{ name: 'd', message: 'answered HTTP 500' }]);
    expect(t.ofService()).toBe(before);
    t.verifier.stop();
  });

  it('does not name one that fails three times and is well again', async () => {
    const t = start({ pods: podsNamed('a', 'b') });
    await t.clock.advance(5 * periodMs - 1);
    t.now.answers['a'] = broken;
    t.now.answers['b'] = broken;
    const before = t.asked.length;
    while (t.asked.length < before + 3) await t.clock.advance(50);
    delete t.now.answers['a'];
    delete t.now.answers['b'];
    await t.clock.advance(10 * periodMs);
    expect(t.changes).toEqual(['ns/a']);
    t.verifier.stop();
  });

  it('asks one that fails again every other period, and takes it back when it speaks MCP', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c', 'd', 'e', 'f'), answers: { e: broken } });
    await t.clock.advance(5 * periodMs);
    expect(t.failing()).toHaveLength(1);
    const before = t.asked.length;
    await t.clock.advance(10 * periodMs);
    const ofE = t.asked.slice(before).filter((name) => name === 'e').length;
    expect(ofE).toBeGreaterThanOrEqual(5);
    expect(t.asked.length - before).toBeLessThanOrEqual(11);
    delete t.now.answers['e'];
    await t.clock.advance(3 * periodMs);
    expect(t.failing()).toBeUndefined();
    expect(t.changes).toEqual(['ns/a', 'ns/a', 'ns/a']);
    t.verifier.stop();
  });

  it.each<[string, (pods: readonly ServingPod[]) => readonly ServingPod[]]>([
    ['is gone', (pods) => pods.filter(({ name }) => name !== 'b')],
    ['was started again', (pods) => pods.map((pod) => (pod.name === 'b' ? { ...pod, restarts: 1 } : pod))],
  ])('does not name a pod any more that %s', async (_, change) => {
    const t = start({ pods: podsNamed('a', 'b', 'c'), answers: { b: broken } });
    await t.clock.advance(2 * periodMs);
    expect(t.failing()).toHaveLength(1);
    t.now.pods = change(t.now.pods);
    expect(t.failing()).toBeUndefined();
    t.verifier.stop();
  });

  it('asks pods without leaving a session behind, and keeps its own with the Service', async () => {
    const t = start({ pods: podsNamed('a', 'b') });
    await t.clock.advance(3 * periodMs);
    expect(new Set(t.memories.map((memory) => JSON.stringify(memory)))).toEqual(new Set(['{"refusedPings":2}']));
    t.verifier.stop();
  });
});

describe('a Service that fails', () => {
  it('because it leads us to a broken pod each time names that pod, and not the server', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(5 * periodMs - 1);
    // Clients with another address are led elsewhere.
    t.now.service = broken;
    t.now.answers['b'] = broken;
    await t.clock.advance(3 * periodMs);
    expect(t.failing()).toEqual([{ name: 'b', message: 'answered HTTP 500' }]);
    t.verifier.stop();
  });

  it('with all of its pods is told as one failure, whatever they answered before', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(5 * periodMs - 1);
    t.now.service = broken;
    for (const name of ['a', 'b', 'c']) t.now.answers[name] = broken;
    const said = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      await t.clock.advance(periodMs / 10);
      const { verification } = t.verifier.current('ns/a');
      if (verification.state === 'failed') said.add(verification.message);
    }
    expect([...said]).toEqual(['answered HTTP 500']);
    t.verifier.stop();
  });
});

describe('silence of a pod', () => {
  it('names it when another one answers', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c'), answers: { a: silent } });
    await t.clock.advance(2 * periodMs);
    expect(t.failing()).toEqual([{ name: 'a', message: 'connection refused' }]);
    t.verifier.stop();
  });

  it('says nothing when none answers: it is us who do not reach pods, and we stop asking them for ten minutes', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c'), answers: { a: silent, b: silent, c: silent } });
    await t.clock.advance(9 * periodMs);
    expect(t.failing()).toBeUndefined();
    expect(t.changes).toEqual(['ns/a']);
    expect(t.asked).toHaveLength(12);
    await t.clock.advance(3 * periodMs);
    expect(t.asked.length).toBeGreaterThan(12);
    expect(t.asked.length).toBeLessThanOrEqual(14);
    t.verifier.stop();
  });
});

it('pods that take the place of silent ones are asked although those are left alone', async () => {
  const t = start({ pods: podsNamed('a', 'b', 'c'), answers: { a: silent, b: silent, c: silent } });
  await t.clock.advance(3 * periodMs);
  t.now.pods = podsNamed('d', 'e', 'f');
  await t.clock.advance(2 * periodMs);
  expect(new Set(t.asked.slice(12))).toEqual(new Set(['d', 'e', 'f']));
  t.verifier.stop();
});

describe('pods are not asked', () => {
  it('where there is only one: the Service leads to it', async () => {
    const t = start({ pods: podsNamed('a') });
    await t.clock.advance(10 * periodMs);
    expect(t.asked).toEqual([]);
    t.verifier.stop();
  });

  it('while the server asks not to be asked', async () => {
    const t = start({ pods: podsNamed('a', 'b'), service: { state: 'throttled', message: 'answered HTTP 429' } });
    await t.clock.advance(10 * periodMs);
    expect(t.asked).toEqual([]);
    t.verifier.stop();
  });

  it('before the time that the server has named, however new they are', async () => {
    const t = start({ pods: podsNamed(...Array.from({ length: 50 }, (_, index) => `pod-${index + 10}`)) });
    await t.clock.advance(periodMs / 2);
    t.now.service = { state: 'throttled', message: 'answered HTTP 429', retryAfterMs: 5 * periodMs };
    await t.clock.advance(periodMs);
    const before = t.asked.length;
    await t.clock.advance(3 * periodMs);
    expect(t.asked).toHaveLength(before);
    t.now.service = verified;
    await t.clock.advance(3 * periodMs);
    expect(t.asked.length).toBeGreaterThan(before + 5);
    t.verifier.stop();
  });

  it('before it is certain that the Service fails', async () => {
    const t = start({ pods: podsNamed('a', 'b'), service: broken });
    await t.clock.advance(1_000);
    expect(t.ofService()).toBe(3);
    expect(t.asked).toEqual([]);
    t.verifier.stop();
  });

  it('after the server is gone', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') });
    await t.clock.advance(1_000);
    t.verifier.forget('ns/a');
    const before = t.asked.length;
    await t.clock.advance(10 * periodMs);
    expect(t.asked).toHaveLength(before);
    expect(t.clock.sleepers).toBe(0);
  });
});

describe('after a restart of ours', () => {
  const failingPods = [{ name: 'b', message: 'answered HTTP 500' }];
  const message = 'what status says';

  it('a pod that still fails is named all the time, with nothing new to be said', async () => {
    const pods = podsNamed('a', 'b', 'c');
    const t = start({ pods, answers: { b: broken } }, { state: 'failed', message, failingPods });
    expect(t.failing()).toEqual(failingPods);
    const seen = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      await t.clock.advance(periodMs / 10);
      seen.add(JSON.stringify(t.failing()));
    }
    expect([...seen]).toEqual([JSON.stringify(failingPods)]);
    t.verifier.stop();
  });

  it('all of many servers are asked at their period, because no pod is new', async () => {
    const t = start({ pods: podsNamed('a', 'b', 'c') }, verified);
    await t.clock.advance(3 * periodMs);
    expect(t.asked.length).toBeLessThanOrEqual(3);
    t.verifier.stop();
  });
});
