import { expect, it } from '@jest/globals';
import { createCollector } from './collect-garbage.ts';

it.each(['young', 'all'] as const)('collects what was dropped outside of the heap: %s', (what) => {
  const collect = createCollector();
  collect('all');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 8; count += 1) Buffer.alloc(1024 * 1024);
  collect(what);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
});
