import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createCollector } from './collect-garbage.ts';

it.each(['young', 'all'] as const)('gives back what was dropped outside of the heap: %s', async (what) => {
  const collect = createCollector();
  collect('all');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 8; count += 1) Buffer.alloc(1024 * 1024);
  const grown = (): number => process.memoryUsage().arrayBuffers - before;
  // Buffers are freed by a thread beside ours, and one that was just looked at may have grown old.
  for (let tries = 0; tries < 1_000 && grown() > 4 * 1024 * 1024; tries += 1) {
    collect(what);
    await sleep(10);
  }
  expect(grown()).toBeLessThan(4 * 1024 * 1024);
});
