import { expect, it } from '@jest/globals';
import { isDeeperThan } from './depth.ts';

it.each<readonly [string, unknown, number]>([
  ['nothing', undefined, 0],
  ['null', null, 0],
  ['a text', '[[[', 0],
  ['an empty list', [], 1],
  ['an empty map', {}, 1],
  ['lists in maps beside what is flat', { a: 1, b: [[], { c: null }], d: {} }, 3],
  ['a list of more levels than the stack has frames', JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 100_000],
])('knows how deep %s is', (_, value, depth) => {
  expect(isDeeperThan(depth, value)).toBe(false);
  if (depth > 0) expect(isDeeperThan(depth - 1, value)).toBe(true);
});
