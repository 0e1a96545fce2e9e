import { describe, expect, it } from '@jest/globals';

import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { silentLogger } from '../../platform/log.ts';
import type { ProbeVerdict } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

/** How one kind of servers answers, and where they are. Times in milliseconds. */
interface Kind {
  readonly count: number;
  readonly namespaces: number;
  readonly periodMs: number;
  /** How long the answer takes when it is asked for the nth time. */
  readonly takesMs: (asked: number) => number;
  readonly answer: ProbeVerdict;
}

const verified: ProbeVerdict = {
  ...{ state: 'verified', era: 'stateless' },
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2026-07-28' },
    capabilities: { tools: false, resources: false, prompts: false, logging: false, completions: false },
  },
};
const failed: ProbeVerdict = { state: 'failed', message: 'no answer in time' };

const good: Kind = { count: 200, namespaces: 20, periodMs: 60_000, takesMs: () => 20, answer: verified };
/** As slow as a probe allows, and asked as often as a spec can want it. */
const slow: Kind = { count: 50, namespaces: 1, periodMs: 5_000, takesMs: () => 9_900, answer: verified };

interface Seen {
  /** Until the last good server was asked for the first time, in milliseconds. */
  readonly firstMs: number;
  /** Longest time between two questions to one good server, in milliseconds. */
  readonly longestMs: number;
  /** How often the bad ones answered. */
  readonly badAnswers: number;
}

/** Verifies good servers beside others, and looks at the good ones. */
async function simulate(
  kinds: { good: Kind; bad: Kind },
  options: { minutes: number; areBelieved?: boolean },
): Promise<Seen> {
  const clock = createFakeClock();
  const began = clock.now().getTime();
  const nowMs = (): number => clock.now().getTime() - began;
  const asked = new Map<string, number[]>();
  let badAnswers = 0;
  // The jitter of the good ones is left out: what is longer than the period is waiting.
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', onChange: () => undefined },
    probe: async ({ url, signal }) => {
      const kind = url.includes('good') ? kinds.good : kinds.bad;
      const times = asked.get(url) ?? [];
      asked.set(url, [...times, nowMs()]);
      await clock.sleep(kind.takesMs(times.length), signal);
      if (kind === kinds.bad && !signal.aborted) badAnswers += 1;
      return kind.answer;
    },
  });
  for (const [name, kind] of Object.entries(kinds).reverse()) {
    for (let index = 0; index < kind.count; index += 1) {
      const key = `${name}-${index % kind.namespaces}/${name}${index}`;
      const target = { url: `http://${key}`, generation: 1, periodMs: kind.periodMs, image: 'x', pods: '1/1' };
      verifier.watch(key, target, options.areBelieved === true ? verified : undefined);
    }
  }
  await clock.advance(options.minutes * 60_000);
  verifier.stop();
  const ofGood = [...asked].filter(([url]) => url.includes('good')).map(([, times]) => [...times, nowMs()]);
  expect(ofGood).toHaveLength(kinds.good.count);
  const gaps = ofGood.flatMap((times) => times.slice(1).map((time, index) => time - (times[index] ?? 0)));
  return { firstMs: Math.max(...ofGood.map(([first = 0]) => first)), longestMs: Math.max(...gaps), badAnswers };
}

/** A period and what an answer takes; nothing else. */
const undisturbedMs = good.periodMs + 20;

describe('200 good servers are asked at their period', () => {
  it.each<[string, Kind, Kind]>([
    ['50 slow ones in one namespace', good, slow],
    [
      '50 slow ones in 50 namespaces, when the good ones are in one',
      { ...good, namespaces: 1 },
      { ...slow, namespaces: 50 },
    ],
    ['50 that hang, in 50 namespaces', { ...good, namespaces: 1 }, { ...slow, namespaces: 50, answer: failed }],
    [
      '50 that are slow and prompt in turn',
      { ...good, namespaces: 1 },
      { ...slow, namespaces: 50, takesMs: (times) => (times % 2 === 0 ? 9_900 : 10) },
    ],
  ])('beside %s', async (_, goodOnes, bad) => {
    const { firstMs, longestMs, badAnswers } = await simulate({ good: goodOnes, bad }, { minutes: 6 });
    // The first time nobody is known to be slow.
    expect(firstMs).toBeLessThanOrEqual(10_000);
    expect(longestMs).toBeLessThanOrEqual(undisturbedMs + 2_000);
    // Slow is not forgotten: each is asked, too.
    expect(badAnswers).toBeGreaterThan(bad.count * 3);
  });

  it('also when those that were slow are tried among the prompt again', async () => {
    const kinds = { good: { ...good, count: 50, namespaces: 1 }, bad: { ...slow, namespaces: 50 } };
    const { longestMs } = await simulate(kinds, { minutes: 25 });
    expect(longestMs).toBeLessThanOrEqual(undisturbedMs + 2_000);
  });

  it.each([
    ['while they are asked', 1_000],
    ['between two questions', 60_000],
  ])('also when those that are slow become unavailable again and again, %s', async (_, untilMs) => {
    const clock = createFakeClock();
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1', onChange: () => undefined },
      probe: async ({ signal }) => {
        await clock.sleep(9_900, signal);
        return verified;
      },
    });
    const target = { url: 'http://slow/mcp', generation: 1, periodMs: 300_000, image: 'x', pods: '1/1' };
    const keys = Array.from({ length: 30 }, (_none, index) => `ns-${index}/slow`);
    const waiting: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      for (const key of keys) verifier.watch(key, target);
      await clock.advance(0);
      waiting.push(verifier.waiting().prompt);
      // The first time nobody is known to be slow: all get their two seconds among the prompt.
      await clock.advance(round === 0 ? 5_000 : untilMs);
      for (const key of keys) verifier.rest(key);
      await clock.advance(0);
    }
    expect(waiting).toEqual([14, 0, 0, 0, 0]);
    verifier.stop();
  });

  it('right after a restart, beside 500 slow ones in 500 namespaces', async () => {
    const bad = { ...slow, count: 500, namespaces: 500 };
    const kinds = { good: { ...good, namespaces: 1 }, bad };
    const { firstMs, longestMs } = await simulate(kinds, { minutes: 6, areBelieved: true });
    // The spread over a minute, and two seconds of each slow one in sixteen places, once.
    expect(firstMs).toBeLessThanOrEqual(30_000 + 70_000);
    expect(longestMs).toBeLessThanOrEqual(undisturbedMs + 2_000);
  });
});
