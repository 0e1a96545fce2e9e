import { describe, expect, it } from '@jest/globals';

import { AnswerPool } from './answer-pool.ts';
import { TooMuch } from './pile.ts';
import { createProbeCost, ownerOf } from './probe-cost.ts';
import type { ProbeCost } from './probe-cost.ts';

const kib = 1_024;

function poolOf(bytes: number): {
  readonly pool: AnswerPool;
  readonly evicted: string[];
  readonly probe: (owner: string) => ProbeCost;
} {
  const pool = new AnswerPool(bytes);
  const evicted: string[] = [];
  const probe = (owner: string): ProbeCost => createProbeCost({ owner, pool, cpuMs: () => 0 });
  return { pool, evicted, probe };
}

describe('the memory that long answers share', () => {
  it('is given up first by the namespace that holds the most, its longest answer first', () => {
    const { pool, evicted, probe } = poolOf(1_000 * kib);
    for (const bytes of [300, 500]) {
      probe('greedy')
        .createRoom(() => evicted.push(`greedy ${bytes}`))
        .growTo(bytes * kib);
    }
    probe('modest')
      .createRoom(() => evicted.push('modest'))
      .growTo(400 * kib);
    expect(evicted).toEqual(['greedy 500']);
    expect(pool.used).toBe(700 * kib);
  });

  it('is not given to the one that holds the most', () => {
    const { evicted, probe } = poolOf(1_000 * kib);
    probe('modest')
      .createRoom(() => evicted.push('modest'))
      .growTo(300 * kib);
    const greedy = probe('greedy').createRoom(() => evicted.push('greedy'));
    greedy.growTo(600 * kib);
    expect(() => {
      greedy.growTo(800 * kib);
    }).toThrow(TooMuch);
    expect(evicted).toEqual([]);
  });

  it('is not needed by a short answer, however full it is', () => {
    const { pool, probe } = poolOf(100 * kib);
    probe('greedy')
      .createRoom(() => undefined)
      .growTo(100 * kib);
    const modest = probe('modest').createRoom(() => undefined);
    expect(() => {
      modest.growTo(32 * kib);
    }).not.toThrow();
    expect(pool.used).toBe(100 * kib);
  });

  it('comes back with each answer, and what is kept of it with the probe', () => {
    const { pool, probe } = poolOf(1_000 * kib);
    const cost = probe('tools');
    const room = cost.createRoom(() => undefined);
    room.growTo(500 * kib);
    cost.keep(100 * kib);
    expect(pool.used).toBe(600 * kib);
    room.release();
    room.release();
    expect(pool.used).toBe(100 * kib);
    cost.end();
    expect(pool.used).toBe(0);
  });

  it('is not taken by bytes that come after the verdict', () => {
    const { pool, probe } = poolOf(1_000 * kib);
    const room = probe('tools').createRoom(() => undefined);
    const freed: string[] = [];
    room.onRelease(() => freed.push('pile'));
    room.growTo(500 * kib);
    room.release();
    expect(freed).toEqual(['pile']);
    expect(() => {
      room.growTo(600 * kib);
    }).toThrow(TooMuch);
    expect(pool.used).toBe(0);
  });

  it('ends a whole probe that gave it up: nothing more is asked', () => {
    const { probe } = poolOf(100 * kib);
    const greedy = probe('greedy');
    greedy.createRoom(() => undefined).growTo(90 * kib);
    probe('modest')
      .createRoom(() => undefined)
      .growTo(40 * kib);
    expect(() => {
      greedy.check();
    }).toThrow(TooMuch);
  });
});

it('knows whose a server is by its address', () => {
  expect(ownerOf(new URL('http://search.tools.svc.cluster.local:8080/mcp'))).toBe('tools');
});

describe('the memory of bodies, behind a gateway all of one address', () => {
  it('is given up by the one that has been there for the longest time, and by nobody who came later', () => {
    const pool = new AnswerPool(100, 'oldest gives way');
    const evicted: string[] = [];
    const body = (name: string) => ({ owner: 'gateway', onEvicted: () => evicted.push(name) });
    const [first, second, third] = [body('first'), body('second'), body('third')];
    expect([pool.hold(first, 40), pool.hold(second, 40), pool.hold(third, 40)]).toEqual([true, true, true]);
    expect(evicted).toEqual(['first']);
    // It is the oldest itself now.
    expect(pool.hold(second, 80)).toBe(false);
    expect([evicted, pool.used]).toEqual([['first'], 80]);
  });

  it('is taken from whoever holds more, where there are others', () => {
    const pool = new AnswerPool(100, 'oldest gives way');
    const evicted: string[] = [];
    pool.hold({ owner: 'a', onEvicted: () => evicted.push('a') }, 80);
    expect(pool.hold({ owner: 'b', onEvicted: () => evicted.push('b') }, 40)).toBe(true);
    expect(evicted).toEqual(['a']);
  });
});
