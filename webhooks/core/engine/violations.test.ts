import { describe, expect, it } from '@jest/globals';
import { pathTo, placeOf, type Place } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';
import { each, eachEntry, join, none } from './violations.ts';

const first: Violation = { path: ['a'], headline: 'one', detail: 'found a' };
const second: Violation = { path: ['b'], headline: 'two', detail: 'found b' };

describe('join', () => {
  it('keeps the order of its lists', () => {
    expect(join([second], none, [first])).toEqual([second, first]);
  });

  it('answers with the one empty list when nothing was found', () => {
    expect(join(none, [], none)).toBe(none);
  });

  it('builds nothing where one of its lists has all', () => {
    const found = [first, second];
    expect(join(found, none)).toBe(found);
    expect(join(none, [], none, none, none, none, found)).toBe(found);
  });
});

describe('each', () => {
  const negative = (value: number, place: Place): readonly Violation[] =>
    value < 0 ? [{ path: pathTo(place), headline: 'negative', detail: `found ${value}` }] : none;

  it('says where in the list an item was found', () => {
    const paths = each([1, -2, 3, -4], placeOf('spec', 'list'), negative).map(({ path }) => path);
    expect(paths).toEqual([
      ['spec', 'list', 1],
      ['spec', 'list', 3],
    ]);
  });

  it('says at which key of a map a value was found', () => {
    const found = eachEntry({ fine: 1, wrong: -2 }, placeOf('spec'), (_key, value, place) => negative(value, place));
    expect(found.map(({ path }) => path)).toEqual([['spec', 'wrong']]);
  });

  it('asks about nothing that is cleared for less', () => {
    const asked: unknown[] = [];
    const ask = (...about: readonly unknown[]): typeof none => {
      asked.push(...about.slice(0, -1));
      return none;
    };
    each([1, -2, 3], placeOf('spec'), ask, (value) => value > 0);
    eachEntry({ fine: 1, wrong: -2 }, placeOf('spec'), ask, (_key, value) => value > 0);
    expect(asked).toEqual([-2, 'wrong', -2]);
  });

  it('answers with the one empty list when nothing was found, or nothing is there', () => {
    expect(each([1, 2], placeOf('spec'), negative)).toBe(none);
    expect(each(undefined, placeOf('spec'), negative)).toBe(none);
    expect(eachEntry(undefined, placeOf('spec'), () => [first])).toBe(none);
  });

  it('takes more violations than a call has arguments', () => {
    const many = Array.from({ length: 300_000 }, () => first);
    expect(each(['one item'], placeOf('spec'), () => many)).toHaveLength(many.length);
  });
});
