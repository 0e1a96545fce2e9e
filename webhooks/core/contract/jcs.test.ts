import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasLoneSurrogate, toJcs } from './jcs.ts';

describe('the canonical form of JSON', () => {
  it('is that of the example in RFC 8785', () => {
    const input = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as unknown;
    expect(toJcs(input)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts members by UTF-16 units, numbers among them, as the example of RFC 8785 does', () => {
    const input = JSON.parse(
      String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7,"10":8,"9":9}`,
    ) as unknown;
    expect(toJcs(input)).toBe(
      '{"\\r":2,"1":4,"10":8,"9":9,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    );
  });

  it('keeps the value, whatever the order of its members was', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const value = JSON.parse(text) as unknown;
        expect(JSON.parse(toJcs(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(toJcs(reversed(value))).toBe(toJcs(value));
      }),
    );
  });

  it('takes __proto__ for a member like any other', () => {
    expect(toJcs(JSON.parse('{"b":1,"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1},"b":1}');
  });

  it.each([
    [String.raw`"\ud83d"`, true],
    [String.raw`{"\ude00":1}`, true],
    [String.raw`"\ud83d\ude00"`, false],
    [String.raw`"\\ud83d"`, false],
    [String.raw`"\\\ud83d"`, true],
  ])('%s has a half of a character: %s', (text, has) => {
    expect(hasLoneSurrogate(toJcs(JSON.parse(text)))).toBe(has);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, one]) => [name, reversed(one)]));
}
