import { describe, expect, it } from '@jest/globals';
import { KeptOnce } from './kept-once.ts';

describe('what is kept once', () => {
  it('is the first of equal values', () => {
    const kept = new KeptOnce<object>(10);
    const first = { name: 'a' };
    expect(kept.of('a', first)).toBe(first);
    expect(kept.of('a', { name: 'a' })).toBe(first);
  });

  it('is never another value, whatever its key', () => {
    const kept = new KeptOnce<object>(10);
    kept.of('a', { name: 'a' });
    const other = { name: 'b' };
    expect(kept.of('a', other)).toBe(other);
    expect(kept.of('a', { name: 'b' })).toBe(other);
  });

  it('is not more than there is room for', () => {
    const kept = new KeptOnce<object>(2);
    const values = ['a', 'b', 'c'].map((name) => ({ name }));
    for (const value of values) kept.of(value.name, value);
    expect(kept.of('c', { name: 'c' })).toBe(values[2]);
    expect(kept.of('a', { name: 'a' })).not.toBe(values[0]);
  });
});
