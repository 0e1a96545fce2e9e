import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, it } from '@jest/globals';
import type { Clock } from '../platform/clock.ts';
import { Leftovers } from './leftovers.ts';

let nowMs: number;
let wake: () => void;
let collected: string[];
let leftovers: Leftovers;

beforeEach(() => {
  nowMs = 0;
  collected = [];
  const clock: Clock = {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: (ms) =>
      new Promise((resolve) => {
        const until = nowMs + ms;
        wake = () => {
          nowMs = until;
          resolve();
        };
      }),
  };
  leftovers = new Leftovers(clock, (what) => collected.push(what), new AbortController().signal);
});

/** Until whoever sleeps goes on, and has done what it does then. */
async function sleepOn(): Promise<void> {
  wake();
  await nextTurn();
}

it('of short messages is nothing that the engine would not collect itself', async () => {
  wake = () => {
    throw new Error('somebody waits');
  };
  for (let n = 0; n < 10_000; n += 1) leftovers.add(10_000);
  await nextTurn();
  expect(wake).toThrow('somebody waits');
  expect(collected).toEqual([]);
});

it('of long messages is collected in the midst of them, and all of it when no more come', async () => {
  for (let n = 0; n < 9; n += 1) leftovers.add(1_000_000);
  await nextTurn();
  expect(collected).toEqual(['young']);
  nowMs = 400;
  leftovers.add(100_000);
  await sleepOn();
  expect(collected).toEqual(['young']);
  await sleepOn();
  expect(collected).toEqual(['young', 'all']);
  // What is given back beside us ends with the next one.
  await sleepOn();
  expect(collected).toEqual(['young', 'all', 'all']);
  leftovers.add(100_000);
  await sleepOn();
  expect(collected).toEqual(['young', 'all', 'all', 'all']);
});
