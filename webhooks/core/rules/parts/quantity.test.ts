import { describe, expect, it } from '@jest/globals';
import { compareQuantities, isUsual, isUsualWithin, toNano } from './quantity.ts';

describe('toNano', () => {
  it.each([
    [2, 2_000_000_000n],
    ['500m', 500_000_000n],
    ['0.5', 500_000_000n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    ['+1', 1_000_000_000n],
    ['-1m', -1_000_000n],
    ['-0', 0n],
    ['1u', 1000n],
    ['1n', 1n],
    ['1Ki', 1024n * 10n ** 9n],
    ['1.5Ki', 1536n * 10n ** 9n],
    ['1Ei', 2n ** 60n * 10n ** 9n],
    ['1E', 10n ** 27n],
    ['1E3', 10n ** 12n],
    ['1e-3', 1_000_000n],
    [1e21, 10n ** 30n],
    ['0.1n', 1n],
    ['-0.1n', -1n],
    ['1e-30', 1n],
    ['9Ei', (2n ** 63n - 1n) * 10n ** 9n],
    [`0.${'0'.repeat(60)}1e61`, 10n ** 9n],
  ])('reads %s', (quantity, nano) => {
    expect(toNano(quantity)).toBe(nano);
  });

  it('tells numbers apart that a double does not', () => {
    expect(toNano('9007199254740993')).not.toBe(toNano('9007199254740992'));
  });

  it.each(['1e999999999', '-1e999999999', '1e-999999999', '1'.repeat(1_000_000)])(
    'does not compute with what would keep a computer busy (%#)',
    (quantity) => {
      expect(toNano(quantity)).toBeUndefined();
    },
  );

  it.each(['', '.', '-', 'm', '1e1.5', '1e', '1KI', '1 Mi', '1K'])('does not read %p', (quantity) => {
    expect(toNano(quantity)).toBeUndefined();
  });
});

describe('comparing quantities', () => {
  const written = [
    '0',
    '1',
    '999999',
    '1000m',
    '1m',
    '1500m',
    '1k',
    '1Ki',
    '1024',
    '1M',
    '1G',
    '1Ti',
    '1e3',
    '0.5',
    '500m',
  ];

  it.each(written.flatMap((left) => written.map((right) => [left, right] as const)))(
    '%s with %s says what exact numbers say',
    (left, right) => {
      const exact = (toNano(left) ?? 0n) - (toNano(right) ?? 0n);
      expect(Math.sign(compareQuantities(left, right))).toBe(exact === 0n ? 0 : exact < 0n ? -1 : 1);
    },
  );

  it('finds what cannot be read equal to anything', () => {
    expect(compareQuantities('1KI', '1')).toBe(0);
  });

  it.each([
    ['100m', true],
    ['64Mi', true],
    ['-1', false],
    ['1e3', false],
    ['0.5', false],
    ['1KI', false],
    ['', false],
    ['m', false],
    ['999999Mi', true],
    ['1000000', false],
    [1000, true],
    [0.5, false],
    [-1, false],
  ])('%s is what nearly every manifest writes: %p', (quantity, expected) => {
    expect(isUsual(quantity)).toBe(expected);
  });

  it.each(written.flatMap((quantity) => written.map((most) => [quantity, most] as const)))(
    'never calls %s within %s that is not',
    (quantity, most) => {
      const [found, allowed] = [toNano(quantity) ?? 0n, toNano(most) ?? 0n];
      expect(isUsualWithin(quantity, most) && !(found > 0n && found <= allowed)).toBe(false);
    },
  );

  it.each([
    ['500m', '2', true],
    ['256Mi', '4Gi', true],
    ['2', '2000m', true],
    [1, '1', true],
    ['3', '2', false],
    ['0', '2', false],
    ['-1', '2', false],
    ['1e1', '20', false],
    ['1', '-1', false],
  ])('clears %s within %s: %p', (quantity, most, expected) => {
    expect(isUsualWithin(quantity, most)).toBe(expected);
  });
});
