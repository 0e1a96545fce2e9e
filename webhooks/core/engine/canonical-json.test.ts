import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, isSameJson } from './canonical-json.ts';

/** As it was written until 0.1; status and annotations of running servers hold digests of it. */
function byCopies(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

it.each<readonly [string, unknown]>([
  ['an object', { b: 1, a: { d: [1, { z: null, y: true }], c: 'x' } }],
  ['keys that are numbers', { b: 1, 10: 2, 9: 3, '01': 4, '-1': 5, 4294967294: 6, 4294967295: 7, '1.5': 8, a: 9 }],
  ['only such keys', { 10: 2, 9: 3 }],
  ['undefined', { a: undefined, b: [undefined, 1], c: { d: undefined } }],
  ['texts that need escapes', { 'a"\\': '\u0000\ud800\u2028', é: '😀' }],
  ['keys beyond the basic plane', { '😀': 1, '\uffff': 2, z: 3 }],
  ['numbers', [1e300, -0, 0.1, Number.NaN]],
  ['a field called __proto__', JSON.parse('{"z":1,"__proto__":{"b":1,"a":2},"a":3}')],
  ['nothing', [{}, [], null, '']],
  ['many keys', Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${(index * 7) % 40}`, index]))],
  [
    'the same keys twice',
    [
      { '"': 1, b: 2, a: 3 },
      { b: 4, '"': 5, a: 6 },
    ],
  ],
])('writes %s as it always did', (_, value) => {
  expect(canonicalJson(value)).toBe(byCopies(value));
});

describe('two values', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(undefined, null, 0, 1, '', 'a', true),
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'toString'), tie('any'), { maxKeys: 2 }),
    ),
  })).any;

  it('are the same where their canonical JSON is', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
        expect(isSameJson(a, structuredClone(a))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
