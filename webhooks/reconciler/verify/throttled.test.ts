import { describe, expect, it } from '@jest/globals';

import type { Verification } from '../../core/plan/observed.ts';
import { createFakeClock } from '../../platform/kube/testing/fake-clock.ts';
import { silentLogger } from '../../platform/log.ts';
import type { ProbeVerdict } from '../../platform/mcp/probe.ts';
import { Verifier } from './verifier.ts';

const target = { url: 'http://x/mcp', generation: 1, periodMs: 60_000, image: 'x', pods: '1/1' };
const verified: ProbeVerdict = {
  ...{ state: 'verified', era: 'stateless' },
  serverInfo: {
    ...{ name: 'x', version: '1', protocolVersion: '2026-07-28' },
    capabilities: { tools: false, resources: false, prompts: false, logging: false, completions: false },
  },
};
const failed: ProbeVerdict = { state: 'failed', message: 'connection refused' };
const throttled = (retryAfterMs?: number): ProbeVerdict => ({
  ...{ state: 'throttled', message: 'answered HTTP 429: slow down' },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
/** As it is shown: without how long it wants to be left alone. */
const said: Verification = { state: 'throttled', message: 'answered HTTP 429: slow down' };

/** Answers with the first of these, then the second and so on; with the last for ever. */
function start(...answers: readonly ProbeVerdict[]) {
  const clock = createFakeClock();
  const began = clock.now().getTime();
  const asked: number[] = [];
  const states: string[] = [];
  const verifier = new Verifier({
    ...{ clock, log: silentLogger, random: () => 0.5, clientVersion: '1' },
    probe: () => {
      asked.push(clock.now().getTime() - began);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? failed);
    },
    onChange: () => states.push(verifier.current('a').verification.state),
  });
  return { clock, asked, states, verifier };
}

describe('a server that answers 429', () => {
  it('is not asked again before its Retry-After', async () => {
    const t = start(verified, throttled(120_000));
    t.verifier.watch('a', target);
    await t.clock.advance(420_000);
    expect(t.asked).toEqual([0, 60_000, 180_000, 300_000, 420_000]);
    t.verifier.stop();
  });

  it('is not asked every two seconds when its replicas change every two seconds', async () => {
    const t = start(throttled(300_000));
    for (let replicas = 1; replicas <= 200; replicas += 1) {
      t.verifier.watch('a', { ...target, pods: `1/${replicas}` });
      await t.clock.advance(2_000);
    }
    expect(t.asked).toEqual([0, 300_000]);
    t.verifier.stop();
  });

  it.each([
    ['says for how long', 300_000, [0, 300_000]],
    ['does not say for how long', undefined, [0, 3_750]],
  ])('and %s is asked no sooner for becoming unavailable or edited', async (_, retryAfterMs, times) => {
    const t = start(throttled(retryAfterMs));
    t.verifier.watch('a', target);
    await t.clock.advance(1_000);
    t.verifier.rest('a');
    t.verifier.watch('a', { ...target, generation: 2 });
    await t.clock.advance(1_000);
    t.verifier.watch('a', { ...target, generation: 3, url: 'http://x/other' });
    await t.clock.advance((times[1] ?? 0) - 2_001);
    expect(t.asked).toEqual(times.slice(0, 1));
    await t.clock.advance(1);
    expect(t.asked).toEqual(times.slice(0, 2));
    t.verifier.stop();
  });

  it('is asked at once when it runs another image', async () => {
    const t = start(throttled(300_000), verified);
    t.verifier.watch('a', target);
    await t.clock.advance(2_000);
    t.verifier.watch('a', { ...target, generation: 2, image: 'y', pods: '2/1' });
    await t.clock.advance(0);
    expect(t.asked).toEqual([0, 2_000]);
    t.verifier.stop();
  });

  it.each([
    ['an hour', 3_600_000],
    ['for ever', Infinity],
    ['10^15 milliseconds', 10 ** 15],
  ])('waits five minutes at most when it says %s', async (_, retryAfterMs) => {
    const t = start(throttled(retryAfterMs));
    t.verifier.watch('a', target);
    await t.clock.advance(600_000);
    expect(t.asked).toEqual([0, 300_000, 600_000]);
    t.verifier.stop();
  });

  it.each([
    ['nothing', undefined],
    ['no time', 0],
    ['a time that is over', -1_000],
    ['what is no number', NaN],
  ])('is asked ever slower when it says %s, and not 12 times in 6 seconds', async (_, retryAfterMs) => {
    const t = start(throttled(retryAfterMs));
    t.verifier.watch('a', target);
    await t.clock.advance(100_000);
    expect(t.asked).toEqual([0, 3_750, 11_250, 26_250, 56_250]);
    t.verifier.stop();
  });

  it.each([
    ['verified', [verified], 'verified'],
    ['failed', [failed, failed, failed, failed], 'failed'],
  ])('stays %s for a while, and is unknown with its words before that is 15 minutes old', async (_, before, state) => {
    const t = start(...before, throttled(120_000));
    t.verifier.watch('a', target);
    await t.clock.advance(780_000);
    expect(t.verifier.current('a').verification.state).toBe(state);
    await t.clock.advance(120_000);
    expect(t.verifier.current('a').verification).toEqual(said);
    // Once more when it is to be written how old it is.
    expect(t.states).toEqual([state, state, 'throttled']);
    t.verifier.stop();
  });

  it('is unknown after 15 minutes, however often it is edited or its pods are replaced meanwhile', async () => {
    const t = start(verified, throttled(60_000));
    t.verifier.watch('a', target);
    for (let generation = 2; generation <= 5; generation += 1) {
      await t.clock.advance(180_000);
      t.verifier.watch('a', { ...target, generation, periodMs: 60_000 + generation });
      t.verifier.watch('a', { ...target, generation, periodMs: 60_000 + generation, pods: `${generation}/1` });
    }
    await t.clock.advance(180_000);
    expect(t.verifier.current('a').verification).toEqual(said);
    t.verifier.stop();
  });

  it('is unknown with its words at once when nothing else was known', async () => {
    const t = start(throttled(1_000), throttled(2_000), throttled(3_000));
    t.verifier.watch('a', target);
    await t.clock.advance(600_000);
    expect(t.verifier.current('a').verification).toEqual(said);
    expect(t.states).toEqual(['throttled']);
    t.verifier.stop();
  });

  it('does not flap when it answers now and then', async () => {
    const answers = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? verified : throttled(60_000)));
    const t = start(...answers);
    t.verifier.watch('a', target);
    await t.clock.advance(3_600_000);
    expect(t.states).toEqual(['verified']);
    t.verifier.stop();
  });

  it('is verified as soon as it answers', async () => {
    const t = start(throttled(10_000), verified);
    t.verifier.watch('a', target);
    await t.clock.advance(10_000);
    expect(t.states).toEqual(['throttled', 'verified']);
    t.verifier.stop();
  });

  it('does not lengthen a row of failures', async () => {
    const t = start(verified, failed, failed, throttled(), throttled(), failed, verified);
    t.verifier.watch('a', target);
    await t.clock.advance(100_000);
    expect(t.asked.length).toBeGreaterThan(6);
    expect(t.states).toEqual(['verified']);
    t.verifier.stop();
  });

  it('does not end a row of failures', async () => {
    const t = start(verified, failed, failed, failed, throttled(), throttled(), failed, verified);
    t.verifier.watch('a', target);
    await t.clock.advance(70_000);
    expect(t.asked).toHaveLength(6);
    expect(t.states).toEqual(['verified']);
    await t.clock.advance(30_000);
    expect(t.states).toEqual(['verified', 'failed', 'verified']);
    t.verifier.stop();
  });
});
