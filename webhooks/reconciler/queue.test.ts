import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../platform/log.ts';
import { createFakeClock, settle } from '../platform/kube/testing/fake-clock.ts';
import { WorkQueue } from './queue.ts';
import type { WorkResult } from './queue.ts';

const atMost = (inAll: number, ofNamespace = inAll) => ({ inAll, ofNamespace });

function start(
  work: (key: string) => Promise<WorkResult>,
  options: {
    concurrency?: { inAll: number; ofNamespace: number };
    isLarge?: (key: string) => boolean;
  } = {},
) {
  const clock = createFakeClock();
  const crashes: string[] = [];
  const queue = new WorkQueue({
    ...{
      clock,
      log: silentLogger,
      random: () => 1,
      concurrency: atMost(2),
      backoff: { initialMs: 100, maxMs: 1_000 },
    },
    ...options,
  });
  const stop = new AbortController();
  const done = queue.run({ work, onCrash: (key, { failures }) => crashes.push(`${key}:${failures}`) }, stop.signal);
  return { queue, clock, crashes, stop: () => (stop.abort(), done) };
}

/** Work that waits until the test lets it go on. */
function gated() {
  const began: string[] = [];
  const waiting = new Map<string, () => void>();
  return {
    began,
    work: async (key: string): Promise<WorkResult> => {
      began.push(key);
      await new Promise<void>((resolve) => waiting.set(key, resolve));
      return { type: 'done' };
    },
    finish: async (key: string) => {
      waiting.get(key)?.();
      await settle();
    },
  };
}

describe('WorkQueue', () => {
  it('works on a key once however often it was added while it waited', async () => {
    const seen: string[] = [];
    const t = start((key) => {
      seen.push(key);
      return Promise.resolve({ type: 'done' });
    });
    for (const key of ['a', 'a', 'b', 'a']) t.queue.add(key);
    await settle();
    expect(seen).toEqual(['a', 'b']);
    await t.stop();
  });

  it('comes back to a key that was added while it was worked on, never twice at the same time', async () => {
    const g = gated();
    const t = start(g.work);
    t.queue.add('a');
    await settle();
    t.queue.add('a');
    t.queue.add('a');
    await settle();
    expect(g.began).toEqual(['a']);
    await g.finish('a');
    expect(g.began).toEqual(['a', 'a']);
    await g.finish('a');
    expect(g.began).toEqual(['a', 'a']);
    await t.stop();
  });

  it('works on no more keys at the same time than it may', async () => {
    const g = gated();
    const t = start(g.work, { concurrency: atMost(2) });
    for (const key of ['a', 'b', 'c']) t.queue.add(key);
    await settle();
    expect(g.began).toEqual(['a', 'b']);
    expect(t.queue.depth).toBe(1);
    await g.finish('a');
    expect(g.began).toEqual(['a', 'b', 'c']);
    for (const key of ['b', 'c']) await g.finish(key);
    await t.stop();
  });

  it('delays no server of another namespace by more than one of a thousand that change at once', async () => {
    const g = gated();
    const t = start(g.work, { concurrency: atMost(1) });
    for (let count = 0; count < 1_000; count += 1) t.queue.add(`busy/${count}`);
    await settle();
    t.queue.add('quiet/a');
    for (const key of ['busy/0', 'busy/1']) await g.finish(key);
    expect(g.began).toEqual(['busy/0', 'busy/1', 'quiet/a']);
    await g.finish('quiet/a');
    const ended = t.stop();
    await g.finish('busy/2');
    await ended;
  });

  it('lets no namespace have all places, however long its work takes', async () => {
    const g = gated();
    const t = start(g.work, { concurrency: atMost(3, 2) });
    for (const key of ['busy/0', 'busy/1', 'busy/2']) t.queue.add(key);
    await settle();
    expect(g.began).toEqual(['busy/0', 'busy/1']);
    t.queue.add('quiet/a');
    await settle();
    expect(g.began).toEqual(['busy/0', 'busy/1', 'quiet/a']);
    await g.finish('busy/1');
    expect(g.began).toEqual(['busy/0', 'busy/1', 'quiet/a', 'busy/2']);
    for (const key of ['busy/0', 'quiet/a', 'busy/2']) await g.finish(key);
    await t.stop();
  });

  it('retries with a growing delay up to the limit, and starts anew after a success', async () => {
    const at: number[] = [];
    let left = 6;
    const t = start(() => {
      at.push(t.clock.now().getTime());
      left -= 1;
      return Promise.resolve(left > 0 ? { type: 'retry', why: 'test' } : { type: 'done' });
    });
    const began = t.clock.now().getTime();
    t.queue.add('a');
    await t.clock.advance(10_000);
    expect(at.map((time) => time - began)).toEqual([0, 100, 300, 700, 1_500, 2_500]);
    left = 2;
    t.queue.add('a');
    await t.clock.advance(99);
    expect(at).toHaveLength(7);
    await t.clock.advance(1);
    expect(at).toHaveLength(8);
    await t.stop();
  });

  it('keeps one timer for a thousand keys that come again, as all do while the API server is away', async () => {
    let count = 0;
    const t = start(() => {
      count += 1;
      return Promise.resolve({ type: 'retry', why: 'test', notBeforeMs: 5_000 });
    });
    for (let key = 0; key < 1_000; key += 1) t.queue.add(`ns${key % 50}/s${key}`);
    await t.clock.advance(1_000);
    expect(count).toBe(1_000);
    expect(t.clock.sleepers).toBe(1);
    await t.clock.advance(5_000);
    expect(count).toBe(2_000);
    await t.stop();
    expect(t.clock.sleepers).toBe(0);
  });

  it('waits as long as it is told to, and does not count that as a failure', async () => {
    let count = 0;
    const t = start(() => {
      count += 1;
      return Promise.resolve(
        count === 1 ? { type: 'retry', why: 'test', notBeforeMs: 5_000 } : { type: 'again', afterMs: 60_000 },
      );
    });
    t.queue.add('a');
    await t.clock.advance(4_999);
    expect(count).toBe(1);
    await t.clock.advance(1);
    expect(count).toBe(2);
    await t.clock.advance(60_000);
    expect(count).toBe(3);
    await t.stop();
  });

  it.each([0, 1, -1, NaN])('makes no loop of a key that asks to come again after %d ms each time', async (afterMs) => {
    let count = 0;
    const t = start(() => {
      count += 1;
      // A loop without rest would never let the test come to its end.
      return Promise.resolve(count < 1_000 ? { type: 'again', afterMs } : { type: 'done' });
    });
    t.queue.add('a');
    await t.clock.advance(2_000);
    expect(count).toBe(21);
    await t.stop();
  });

  it('looks again after a tenth of a second at a key that asks for no time (each step of a rollout waited for a quarter)', async () => {
    let count = 0;
    const t = start(() => {
      count += 1;
      return Promise.resolve(count < 5 ? { type: 'again', afterMs: 0 } : { type: 'done' });
    });
    t.queue.add('a');
    await t.clock.advance(400);
    expect(count).toBe(5);
    await t.stop();
  });

  it('does not wait for an appointment when there is news, and drops the appointment', async () => {
    let count = 0;
    const t = start(() => {
      count += 1;
      return Promise.resolve(count === 1 ? { type: 'again', afterMs: 60_000 } : { type: 'done' });
    });
    t.queue.add('a');
    await settle();
    t.queue.add('a');
    await settle();
    expect(count).toBe(2);
    await t.clock.advance(120_000);
    expect(count).toBe(2);
    await t.stop();
  });

  it('works once on a key of which news comes in pieces, and at once on one that was left alone', async () => {
    const g = gated();
    const t = start(g.work);
    t.queue.addSoon('a');
    await settle();
    expect(g.began).toEqual(['a']);
    t.queue.addSoon('a');
    await g.finish('a');
    await t.clock.advance(50);
    t.queue.addSoon('a');
    await t.clock.advance(49);
    expect(g.began).toEqual(['a']);
    await t.clock.advance(1);
    expect(g.began).toEqual(['a', 'a']);
    await g.finish('a');
    await t.clock.advance(100);
    t.queue.addSoon('a');
    await settle();
    expect(g.began).toEqual(['a', 'a', 'a']);
    await g.finish('a');
    await t.stop();
  });

  it('lets nothing that is a hurry wait while a key rests', async () => {
    const g = gated();
    const t = start(g.work);
    t.queue.add('a');
    await settle();
    t.queue.addSoon('a');
    await g.finish('a');
    t.queue.add('a');
    await settle();
    expect(g.began).toEqual(['a', 'a']);
    await g.finish('a');
    await t.clock.advance(1_000);
    expect(g.began).toEqual(['a', 'a']);
    await t.stop();
  });

  it('survives work that throws: counted, retried, out of quarantine after a success', async () => {
    let isBroken = true;
    const seen: string[] = [];
    const t = start((key) => {
      seen.push(key);
      if (key === 'poison' && isBroken) throw new Error('bug');
      return Promise.resolve({ type: 'done' });
    });
    t.queue.add('poison');
    t.queue.add('b');
    await t.clock.advance(100);
    expect(seen).toEqual(['poison', 'b', 'poison']);
    expect(t.crashes).toEqual(['poison:1', 'poison:2']);
    expect(t.queue.quarantined).toBe(1);
    isBroken = false;
    await t.clock.advance(1_000);
    expect(t.queue.quarantined).toBe(0);
    await t.stop();
  });

  it('ends when what is under way has ended, and begins nothing new', async () => {
    const g = gated();
    const t = start(g.work, { concurrency: atMost(1) });
    t.queue.add('a');
    t.queue.add('b');
    await settle();
    let isOver = false;
    const over = t.stop().then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    await g.finish('a');
    await over;
    expect(g.began).toEqual(['a']);
  });

  it('works on one large key at a time, in the turns of namespaces, and on others beside it', async () => {
    const g = gated();
    const t = start(g.work, { concurrency: atMost(4), isLarge: (key) => key.includes('large') });
    for (const key of ['a/large-1', 'a/large-2', 'a/large-3', 'b/large-1', 'a/small', 'b/small']) t.queue.add(key);
    await settle();
    expect(g.began).toEqual(['a/large-1', 'a/small', 'b/small']);
    for (const key of ['a/large-1', 'b/large-1', 'a/large-2', 'a/large-3']) await g.finish(key);
    expect(g.began.slice(3)).toEqual(['b/large-1', 'a/large-2', 'a/large-3']);
    for (const key of ['a/small', 'b/small']) await g.finish(key);
    await t.stop();
  });

  it('never works twice at the same time on a key that becomes large', async () => {
    const g = gated();
    let isLarge = false;
    const t = start(g.work, { concurrency: atMost(1), isLarge: () => isLarge });
    t.queue.add('a/x');
    await settle();
    t.queue.add('a/y');
    isLarge = true;
    t.queue.add('a/y');
    t.queue.add('a/x');
    expect(t.queue.depth).toBe(1);
    await g.finish('a/x');
    await g.finish('a/y');
    await g.finish('a/x');
    expect(g.began).toEqual(['a/x', 'a/y', 'a/x']);
    await t.stop();
  });
});
