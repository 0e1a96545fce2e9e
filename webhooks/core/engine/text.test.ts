import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lengthOf, oneLine, printable, severalLines, shortenEnd, shortenMiddle } from './text.ts';

describe('a text of somebody else', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an emoji at the place of the cut stays whole', `${'a'.repeat(8)}🤖b`, `${'a'.repeat(8)}🤖b`],
    ['what is too long is cut between characters', '🤖'.repeat(11), `${'🤖'.repeat(9)}…`],
    ['a lone half of a character is replaced', 'a\ud83e b', 'a\ufffd b'],
    ['C0, C1 and line separators become blanks', 'a\u0000\u009b\u2028\u0085b', 'a b'],
    ['direction marks are dropped', '\u202eab\u2066\u200e\u061c\u200fc', 'abc'],
    ['byte order marks, private use and noncharacters are dropped', '\ufeffa\ue000\uffff\u{1fffe}\u{f0000}b', 'ab'],
    ['tags, which hide whole sentences, are dropped', 'a\u{e0041}\u{e0042}', 'a'],
    ['joiners stay, because scripts and emoji need them', '👩\u200d💻 می\u200cخ', '👩\u200d💻 می\u200cخ'],
  ];

  it.each(cases)('%s', (_, given, expected) => {
    expect(oneLine(given, 10)).toBe(expected);
  });

  it('keeps the lines and tabs of prose, and nothing else that controls', () => {
    expect(severalLines('one\r\n\ttwo\rthree\u2028four\u0007\u009b', 100)).toBe('one\n\ttwo\nthree\nfour');
  });

  it('is looked at only as far as it may be kept', () => {
    expect(oneLine('\u202e'.repeat(1_000_000), 10)).toBe('…');
  });

  it('is shortened with as little work, whatever its length, and never within a character', () => {
    const long = '🤖'.repeat(500_000);
    expect(shortenEnd(long, 10)).toBe(`${'🤖'.repeat(7)}...`);
    expect(shortenMiddle(`a${long}b`, 10)).toBe(`a${'🤖'.repeat(3)}...${'🤖'.repeat(2)}b`);
    expect(shortenEnd('🤖'.repeat(10), 10)).toBe('🤖'.repeat(10));
    expect(shortenMiddle('🤖'.repeat(10), 10)).toBe('🤖'.repeat(10));
  });

  it('is well-formed, bounded and without anything hidden, whatever it was', () => {
    const anything = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 })
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 60 }), (text, limit) => {
        for (const made of [oneLine(text, limit), severalLines(text, limit)]) {
          expect(made.isWellFormed()).toBe(true);
          expect(lengthOf(made)).toBeLessThanOrEqual(limit);
          expect(made.replaceAll(/[\u200c\u200d]/gu, '')).not.toMatch(
            /[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u,
          );
          expect(made.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u);
        }
      }),
      { seed: 8, numRuns: 300 },
    );
  });
});

describe('a text of a user', () => {
  it.each([
    ['nothing', '', 0, ''],
    ['what everybody writes', 'a b ~', 5, 'a b ~'],
    ['the first and the last of what is printed in ASCII, and their neighbours', ' ~\u001f\u007f', 4, ' ~\ufffd\ufffd'],
    ['letters of others', 'žluť検索', 6, 'žluť検索'],
    ['characters of two units', '🤖a🤖', 3, '🤖a🤖'],
    ['a lone half, and the halves in the wrong order', '\ud83ea\udd16\ud83e', 4, '\ufffda\ufffd\ufffd'],
    ['a line end behind something plain', 'plain\n', 6, 'plain\ufffd'],
  ])('is counted in characters and stays on its line: %s', (_, text, length, printed) => {
    expect({ length: lengthOf(text), printed: printable(text) }).toEqual({ length, printed });
  });
});
