import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { systemClock } from './clock.ts';
import { startRepeating, startTimer, toTimerMs } from './timer.ts';

/** The longest delay that Node keeps, in milliseconds. */
const longest = 2_147_483_647;

describe('toTimerMs', () => {
  it.each([
    ['what a timer can keep', 1_500, 1_500],
    ['the longest', longest, longest],
    ['a failureThreshold of a million', 10 ** 10, longest],
    ['no end', Infinity, longest],
    ['what is over', -5, 0],
    ['what was always over', -Infinity, 0],
    ['what is no number', NaN, 60_000],
  ])('takes %s', (_, ms, expected) => {
    expect(toTimerMs(ms)).toBe(expected);
  });
});

/** The timers of these tests fire as those of Node do: at once for what does not fit into 32 bits. */
describe('a timer for longer than Node can wait does not fire at once', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([10 ** 10, Infinity, NaN])('alone: %d', (ms) => {
    const fired: number[] = [];
    const timers = [startTimer(() => fired.push(1), ms), startRepeating(() => fired.push(2), ms)];
    jest.advanceTimersByTime(59_000);
    expect(fired).toEqual([]);
    for (const timer of timers) clearTimeout(timer);
  });

  it('as the sleep of the clock, which still ends when it is aborted', async () => {
    const stop = new AbortController();
    let isOver = false;
    const slept = systemClock.sleep(10 ** 10, stop.signal).then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(isOver).toBe(false);
    stop.abort();
    await slept;
    expect(jest.getTimerCount()).toBe(0);
  });
});
