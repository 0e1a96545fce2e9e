import { describe, expect, it } from '@jest/globals';

import type { VerifiedEndpoint } from '../../core/plan/observed.ts';
import { silentLogger } from '../../platform/log.ts';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import type { ProbeResult, ProbeVerdict } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

const serverInfo = {
  ...{ name: 'x', version: '1', protocolVersion: '2026-07-28' },
  capabilities: { tools: true, resources: false, prompts: false, logging: false, completions: false },
};
const verified: VerifiedEndpoint = { state: 'verified', era: 'stateless', serverInfo };
const failed: ProbeResult = { state: 'failed', message: 'connection refused' };
const target = { url: 'http://x/mcp', generation: 1, periodMs: 60_000, image: 'x:1', pods: '1/1' };
const failedTimes = (failures: number) => ({ ...failed, failures });

function start(answers: readonly ProbeResult[], random = () => 1) {
  const clock = createFakeClock();
  const began = clock.now().getTime();
  const asked: number[] = [];
  const counted: boolean[] = [];
  const changes: string[] = [];
  const eras: unknown[] = [];
  const memories: unknown[] = [];
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random, clientVersion: '1' },
    probe: ({ url, countsOffers = false, era, memory }) => {
      counted.push(countsOffers);
      eras.push(era);
      memories.push(memory);
      asked.push(clock.now().getTime() - began);
      if (url === 'http://throws/mcp') return Promise.reject(new Error('bug'));
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? failed);
    },
    onChange: (key) => changes.push(key),
  });
  return { clock, asked, counted, changes, eras, memories, verifier };
}

describe('Verifier', () => {
  it('retries within fractions of a second first, ever slower up to a minute, and never stops', async () => {
    const t = start([failed]);
    t.verifier.watch('a', target);
    await t.clock.advance(300_000);
    expect(t.asked.slice(0, 6)).toEqual([0, 250, 750, 1_750, 3_750, 7_750]);
    const [last = 0, before = 0] = t.asked.slice(-2).reverse();
    expect(last - before).toBe(60_000);
    t.verifier.stop();
  });

  it('says nothing about failures that are over within two seconds of a start', async () => {
    const t = start([failed, failed, failed, verified]);
    t.verifier.watch('a', target);
    await t.clock.advance(1_700);
    expect(t.verifier.current('a').verification).toEqual({ state: 'not-attempted' });
    expect(t.changes).toEqual([]);
    await t.clock.advance(100);
    expect(t.verifier.current('a').verification).toEqual(verified);
    expect(t.changes).toEqual(['a']);
    t.verifier.stop();
  });

  it('says a failure that stays a few times, in steps that double, and then never again', async () => {
    const t = start([failed]);
    t.verifier.watch('a', target);
    await t.clock.advance(10_000);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(4));
    expect(t.changes).toEqual(['a']);
    await t.clock.advance(24 * 3_600_000);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(8));
    expect(t.changes).toEqual(['a', 'a']);
    t.verifier.stop();
  });

  it('asks a verified server again about every minute, and notices when it breaks and recovers', async () => {
    const t = start([verified, verified, failed, failed, failed, failed, verified]);
    t.verifier.watch('a', target);
    await t.clock.advance(70_000);
    expect(t.asked).toEqual([0, 69_000]);
    expect(t.changes).toEqual(['a']);
    await t.clock.advance(71_000);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(4));
    await t.clock.advance(2_000);
    expect(t.verifier.current('a').verification).toEqual(verified);
    expect(t.changes).toEqual(['a', 'a', 'a']);
    t.verifier.stop();
  });

  it('believes an earlier answer until the first one of its own, and then says nothing if it is the same', async () => {
    const t = start([verified], () => 0.5);
    t.verifier.watch('a', target, verified);
    expect(t.verifier.current('a').verification).toEqual(verified);
    await t.clock.advance(29_999);
    expect(t.asked).toEqual([]);
    await t.clock.advance(300_000);
    expect(t.asked.length).toBeGreaterThan(3);
    expect(t.changes).toEqual([]);
    t.verifier.stop();
  });

  it('goes on for the same target, and begins anew for another address', async () => {
    const t = start([verified]);
    t.verifier.watch('a', target);
    await t.clock.advance(1_000);
    t.verifier.watch('a', target);
    await t.clock.advance(1_000);
    expect(t.asked).toHaveLength(1);
    expect(t.verifier.current('a').of).toEqual({ generation: 1, podSet: '1/1' });
    t.verifier.watch('a', { ...target, url: 'http://y/mcp', generation: 2 });
    expect(t.verifier.current('a').verification).toEqual({ state: 'not-attempted' });
    await t.clock.advance(1_000);
    expect(t.asked).toHaveLength(2);
    expect(t.verifier.current('a')).toEqual({ verification: verified, of: { generation: 2, podSet: '1/1' } });
    t.verifier.stop();
  });

  it.each([
    ['', {}],
    [' of pods that a newer spec has not reached', { isBehind: true }],
  ])('asks again at once when another CA is trusted%s, and keeps the answer meanwhile', async (_, behind) => {
    const t = start([verified, failed]);
    const trusting = (digest: string) => ({
      ...target,
      tls: { type: 'bundle', secret: 'ca', bundle: { digest, get: () => undefined } } as const,
    });
    t.verifier.watch('a', trusting('1'));
    await t.clock.advance(1_000);
    t.verifier.watch('a', trusting('1'));
    await t.clock.advance(1_000);
    expect(t.asked).toEqual([0]);
    t.verifier.watch('a', { ...trusting('2'), ...behind });
    expect(t.verifier.current('a').verification).toEqual(verified);
    await t.clock.advance(3_000);
    expect(t.asked).toEqual([0, 2_000, 2_250, 2_750, 3_750]);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(4));
    t.verifier.stop();
  });

  it('asks as often as the server wants, and by another period from one second to the next', async () => {
    const t = start([verified], () => 0.5);
    t.verifier.watch('a', { ...target, periodMs: 600_000 });
    await t.clock.advance(599_000);
    expect(t.asked).toEqual([0]);
    t.verifier.watch('a', { ...target, generation: 2, periodMs: 5_000 });
    expect(t.verifier.current('a').verification).toEqual(verified);
    await t.clock.advance(10_000);
    expect(t.asked).toEqual([0, 599_000, 604_000, 609_000]);
    expect(t.changes).toEqual(['a']);
    t.verifier.stop();
  });

  it('lets a server that fails wait no longer than its own period', async () => {
    const t = start([failed]);
    t.verifier.watch('a', { ...target, periodMs: 5_000 });
    await t.clock.advance(60_000);
    const [last = 0, before = 0] = t.asked.slice(-2).reverse();
    expect(last - before).toBe(5_000);
    t.verifier.stop();
  });

  it('counts what a server lists at first, and every ten minutes', async () => {
    const t = start([verified], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(1_250_000);
    expect(t.counted.flatMap((isCounted, minute) => (isCounted ? [minute] : []))).toEqual([0, 10, 20]);
    t.verifier.stop();
  });

  it('takes a second look, at all of it, before it believes other details', async () => {
    const newer: ProbeResult = { ...verified, serverInfo: { ...serverInfo, version: '2' } };
    const t = start([verified, newer], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(60_000);
    expect(t.verifier.current('a').verification).toEqual(verified);
    await t.clock.advance(5_000);
    expect(t.verifier.current('a').verification).toEqual(newer);
    expect(t.asked).toEqual([0, 60_000, 65_000]);
    expect(t.counted).toEqual([true, false, true]);
    expect(t.changes).toEqual(['a', 'a']);
    t.verifier.stop();
  });

  it('takes one second look at a server that answers differently each time, and then asks it at its period', async () => {
    const answers = Array.from({ length: 20 }, (_, turn): ProbeResult => {
      return { ...verified, serverInfo: { ...serverInfo, version: `${turn}` } };
    });
    const t = start(answers, () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(300_000);
    expect(t.asked).toEqual([0, 60_000, 65_000, 125_000, 185_000, 245_000]);
    t.verifier.stop();
  });

  it('keeps the counts of the last time while nobody counts', async () => {
    const counted: ProbeResult = { ...verified, offers: { tools: 3 } };
    const t = start([counted, verified], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(200_000);
    expect(t.verifier.current('a').verification).toEqual(counted);
    expect(t.changes).toEqual(['a']);
    t.verifier.stop();
  });

  it('counts failures on from where an earlier reconciler stopped', async () => {
    const t = start([failed]);
    t.verifier.watch('a', target, failedTimes(8));
    await t.clock.advance(600_000);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(8));
    expect(t.changes).toEqual([]);
    t.verifier.stop();
  });

  it.each([9_990, 10_000, 7_400, 5_000, 3_000])(
    'says a failure within 30 seconds of its beginning when each try takes %d ms',
    async (takesMs) => {
      const clock = createFakeClock();
      const verifier = new Verifier({
        ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', onChange: () => undefined },
        probe: async () => {
          await clock.sleep(takesMs);
          return failed;
        },
      });
      verifier.watch('a', target);
      await clock.advance(takesMs);
      expect(verifier.current('a').verification.state).toBe('not-attempted');
      await clock.advance(30_000 - takesMs);
      expect(verifier.current('a').verification).toMatchObject(failed);
      verifier.stop();
    },
  );

  it('asks at once when other pods answer, counts as soon as it is their answer for certain, and keeps the one before meanwhile', async () => {
    const t = start([verified], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(10_000);
    t.verifier.watch('a', { ...target, pods: '1/2' });
    expect(t.verifier.current('a').verification).toEqual(verified);
    await t.clock.advance(60_000);
    // No pod is known that could be asked itself.
    expect(t.asked).toEqual([0, 10_000, 15_000]);
    expect(t.counted).toEqual([true, false, true]);
    t.verifier.stop();
  });

  it('asks at most every second while pods come and go, and still says that none answers', async () => {
    const t = start([failed]);
    for (let change = 0; change < 100; change += 1) {
      t.verifier.watch('a', { ...target, pods: `1/${change % 2}` });
      await t.clock.advance(100);
    }
    expect(t.asked.length).toBeLessThanOrEqual(11);
    expect(t.verifier.current('a').verification).toMatchObject(failed);
    t.verifier.stop();
  });

  it('counts what a server lists as soon as it answers again, so that no number is missing for ten minutes', async () => {
    const listing = (tools: number): ProbeVerdict => ({
      ...verified,
      offers: { tools },
      tools: { digest: `of ${tools}`, listed: '', truncated: 0 },
    });
    const t = start([listing(3), failed, failed, failed, failed, listing(5)], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(65_000);
    expect(t.counted).toEqual([true, false, true, true, true, true]);
    expect(t.verifier.current('a').verification).toEqual(listing(5));
    t.verifier.stop();
  });

  it('loses no number when a server fails once', async () => {
    const listing: ProbeVerdict = {
      ...verified,
      offers: { tools: 3 },
      tools: { digest: 'of 3', listed: '', truncated: 0 },
    };
    const t = start([listing, failed, verified], () => 0.5);
    t.verifier.watch('a', target);
    await t.clock.advance(65_000);
    expect(t.verifier.current('a').verification).toEqual(listing);
    expect(t.changes).toEqual(['a']);
    t.verifier.stop();
  });

  it('asks no more after the server is forgotten', async () => {
    const t = start([failed]);
    t.verifier.watch('a', target);
    await t.clock.advance(1_000);
    t.verifier.forget('a');
    const count = t.asked.length;
    await t.clock.advance(600_000);
    expect(t.asked).toHaveLength(count);
    expect(t.clock.sleepers).toBe(0);
    expect(t.verifier.size).toBe(0);
  });

  it('counts a probe that throws as a failure', async () => {
    const t = start([verified]);
    t.verifier.watch('a', { ...target, url: 'http://throws/mcp' });
    await t.clock.advance(2_000);
    expect(t.verifier.current('a').verification).toEqual({ state: 'failed', message: 'bug', failures: 4 });
    t.verifier.stop();
  });

  it('keeps one timer for a thousand servers that wait, not a sleeping function for each of them', async () => {
    const t = start([verified], Math.random);
    for (let count = 0; count < 1_000; count += 1) t.verifier.watch(`ns${count % 50}/s${count}`, target);
    await t.clock.advance(30_000);
    expect(t.asked).toHaveLength(1_000);
    expect(t.clock.sleepers).toBe(1);
    await t.clock.advance(70_000);
    expect(t.asked.length).toBeGreaterThanOrEqual(2_000);
    t.verifier.stop();
    expect(t.clock.sleepers).toBe(0);
  });

  it('makes a signal for a server that is asked, and none for those that wait for their turn', async () => {
    const clock = createFakeClock();
    const RealController = globalThis.AbortController;
    let made = 0;
    globalThis.AbortController = class extends RealController {
      constructor() {
        super();
        made += 1;
      }
    };
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', onChange: () => undefined },
      probe: async ({ signal }) => {
        await clock.sleep(10_000, signal);
        return failed;
      },
    });
    try {
      for (let count = 0; count < 500; count += 1) verifier.watch(`ns/s${count}`, target);
      made = 0;
      await clock.advance(1_000);
      expect(verifier.waiting().prompt).toBeGreaterThan(400);
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThan(100);
    } finally {
      globalThis.AbortController = RealController;
      verifier.stop();
    }
  });

  it('asks no server that rests while it waits for its turn, and loses no place by it', async () => {
    const clock = createFakeClock();
    const asked: string[] = [];
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', onChange: () => undefined },
      probe: async ({ url, signal }) => {
        asked.push(url);
        await clock.sleep(1_500, signal);
        return verified;
      },
    });
    const urlOf = (count: number): string => `http://s${count}/mcp`;
    for (let count = 0; count < 40; count += 1) verifier.watch(`ns/s${count}`, { ...target, url: urlOf(count) });
    await clock.advance(1_000);
    const waiting = Array.from({ length: 40 }, (_, count) => count).filter((count) => !asked.includes(urlOf(count)));
    expect(waiting.length).toBeGreaterThan(20);
    const [resting = 0, forgotten = 0, changed = 0, ...others] = waiting;
    verifier.rest(`ns/s${resting}`);
    verifier.forget(`ns/s${forgotten}`);
    verifier.watch(`ns/s${changed}`, { ...target, url: 'http://other/mcp' });
    await clock.advance(20_000);
    expect(asked).toHaveLength(38);
    expect(asked).toEqual(expect.arrayContaining([...others.map(urlOf), 'http://other/mcp']));
    expect(verifier.waiting()).toEqual({ prompt: 0, slow: 0 });
    verifier.stop();
  });

  it.each([
    ['sixteen servers', (count: number) => `ns${count % 4}/s${count}`, 16],
    ['twelve servers of one namespace', (count: number) => `ns/s${count}`, 12],
  ])('asks at most %s at the same time', async (_, key, limit) => {
    const clock = createFakeClock();
    let open = 0;
    let most = 0;
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', onChange: () => undefined },
      probe: async () => {
        open += 1;
        most = Math.max(most, open);
        await clock.sleep(1_000);
        open -= 1;
        return verified;
      },
    });
    for (let count = 0; count < 40; count += 1) verifier.watch(key(count), target);
    await clock.advance(3_500);
    expect(most).toBe(limit);
    verifier.stop();
  });

  it('lets no server wait for those that hang', async () => {
    const clock = createFakeClock();
    let answered = 0;
    const verifier = new Verifier({
      ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1', onChange: () => undefined },
      probe: async ({ url }) => {
        if (url === target.url) {
          answered += 1;
          return verified;
        }
        await clock.sleep(10_000);
        return failed;
      },
    });
    for (let count = 0; count < 200; count += 1) verifier.watch(`h${count}`, { ...target, url: 'http://hangs/mcp' });
    await clock.advance(600_000);
    verifier.watch('good', target);
    await clock.advance(1_000);
    expect(answered).toBe(1);
    verifier.stop();
  });
});

describe('how a server is asked', () => {
  const closed: ProbeResult = { ...failed, era: 'handshake' };

  it('is learnt from a failure, and outlives that the server is not available: it may have died of the question', async () => {
    const t = start([closed, verified]);
    t.verifier.watch('a', target);
    await t.clock.advance(0);
    t.verifier.rest('a');
    expect(t.verifier.eraOf('a', 'x:1')).toBe('handshake');
    t.verifier.watch('a', target);
    await t.clock.advance(0);
    expect(t.eras).toEqual([undefined, 'handshake']);
    t.verifier.stop();
  });

  it('comes from status until we know better, and is forgotten with the image and with the server', async () => {
    const t = start([verified]);
    t.verifier.watch('a', { ...target, era: 'handshake' });
    await t.clock.advance(70_000);
    t.verifier.watch('a', { ...target, generation: 2, image: 'x:2', pods: '2/1' });
    await t.clock.advance(0);
    expect(t.eras).toEqual(['handshake', 'stateless', undefined]);
    t.verifier.forget('a');
    expect(t.verifier.eraOf('a', 'x:2')).toBeUndefined();
    t.verifier.stop();
  });

  it('is that of the image that runs, as long as pods of another one are not there', async () => {
    const t = start([verified]);
    t.verifier.watch('a', { ...target, era: 'handshake' });
    await t.clock.advance(1_000);
    t.verifier.watch('a', { ...target, image: 'x:2' });
    await t.clock.advance(70_000);
    expect(t.eras).toEqual(['handshake', 'stateless']);
    expect(t.verifier.eraOf('a', 'x:2')).toBeUndefined();
    t.verifier.stop();
  });

  it('is told what the probe before has left, which is no part of what is believed', async () => {
    const memory = { refusedPings: 1 };
    const t = start([{ ...verified, memory }]);
    t.verifier.watch('a', target);
    await t.clock.advance(70_000);
    expect(t.memories).toEqual([undefined, memory]);
    expect(t.verifier.current('a').verification).toEqual(verified);
    t.verifier.stop();
  });
});

describe('a server that closes the connection of each question and is gone', () => {
  const closing: ProbeResult = { ...failed, hasClosed: true };
  /** Asked, and not available a second later; then there again. */
  async function ask({ clock, verifier }: ReturnType<typeof start>, image = 'x:1'): Promise<void> {
    verifier.watch('a', { ...target, image });
    await clock.advance(1_000);
    verifier.rest('a');
    verifier.rest('a');
    await clock.advance(20_000);
  }

  it('is counted, in steps that double up to eight', async () => {
    const t = start([closing]);
    const counts = [];
    for (let times = 1; times <= 20; times += 1) {
      await ask(t);
      counts.push(t.verifier.goneOf('a', 'x:1'));
    }
    expect(counts.slice(0, 9)).toEqual([1, 2, 2, 4, 4, 4, 4, 8, 8]);
    expect(counts.at(-1)).toBe(8);
    expect(t.verifier.goneOf('a', 'x:2')).toBeUndefined();
    t.verifier.stop();
  });

  it('is still one when nobody listens at the questions that follow at once', async () => {
    const t = start([closing, failed]);
    await ask(t);
    expect(t.asked.length).toBeGreaterThan(1);
    expect(t.verifier.goneOf('a', 'x:1')).toBe(1);
    t.verifier.stop();
  });

  it.each<[string, ProbeResult]>([
    ['answers', verified],
    ['wants credentials', { state: 'auth-required', statusCode: 401 }],
    ['asks not to be asked', { state: 'throttled', message: 'answered HTTP 429' }],
  ])('is forgotten when it %s', async (_, answer) => {
    const t = start([closing, closing, closing, answer]);
    await ask(t);
    expect(t.verifier.goneOf('a', 'x:1')).toBe(1);
    await ask(t);
    expect(t.verifier.goneOf('a', 'x:1')).toBeUndefined();
    t.verifier.stop();
  });

  it.each<[string, readonly ProbeResult[], number]>([
    ['closes nothing', [failed], 1_000],
    ['is gone only minutes later', [closing, failed], 120_000],
    ['has another image since', [closing], 1_000],
  ])('is none of them when it %s', async (what, answers, afterMs) => {
    const t = start(answers);
    t.verifier.watch('a', target);
    await t.clock.advance(afterMs);
    t.verifier.rest('a');
    expect(t.verifier.goneOf('a', what === 'has another image since' ? 'x:2' : 'x:1')).toBeUndefined();
    t.verifier.stop();
  });

  it('leaves no trace in what is believed', async () => {
    const t = start([closing]);
    t.verifier.watch('a', target);
    await t.clock.advance(10_000);
    expect(t.verifier.current('a').verification).toEqual(failedTimes(4));
    t.verifier.stop();
  });
});

it('goes on asking a server after an error of our own that no part of it catches', async () => {
  const clock = createFakeClock();
  let asked = 0;
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 1, clientVersion: '1' },
    probe: () => {
      asked += 1;
      return Promise.resolve(verified);
    },
    onChange: () => {
      throw new Error('bug');
    },
  });
  verifier.watch('a', target);
  await clock.advance(1_000);
  expect(asked).toBe(1);
  await clock.advance(300_000);
  expect(asked).toBeGreaterThan(1);
  verifier.stop();
});
