import { expect, it } from '@jest/globals';
import { isRecord, ownValue } from './record.ts';

it.each<[unknown, boolean]>([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  [undefined, false],
  ['text', false],
])('knows what has fields: %j', (value, has) => {
  expect(isRecord(value)).toBe(has);
});

it('finds what stands there, and nothing that JavaScript put there', () => {
  expect([ownValue({ a: 1 }, 'a'), ownValue(['x', 'y'], 1)]).toEqual([1, 'y']);
  expect([ownValue({}, 'constructor'), ownValue(null, 'a'), ownValue('abc', 0)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
