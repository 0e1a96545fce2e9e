import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileGlob, type ReadableText } from './glob.ts';
import { compilePatterns, maxNameLength, patternsOf } from './name-patterns.ts';

describe('names and globs', () => {
  it.each<[string, string, boolean]>([
    ['search', 'search', true],
    ['search', 'search-2', false],
    ['search', 'Search', false],
    ['search-*', 'search-token', true],
    ['search-*', 'search-', true],
    ['search-*', 'search', false],
    ['search-*', 'research-token', false],
    ['*-token', 'search-token', true],
    ['*-token', 'search-token-2', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['**', 'anything', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c', false],
    ['*ab*ab*', 'abab', true],
    ['*aab*', 'aaab', true],
    ['*abab*b', 'ababab', true],
    ['example.com/*', 'example.com/team', true],
    ['*.example.com/*', 'a.b.example.com/team', true],
    // Nothing but the star is special.
    ['a.c', 'abc', false],
    ['a?c', 'abc', false],
    ['[ab]*', 'a', false],
    ['a.*', 'abc', false],
  ])('%s and %s', (pattern, name, isMatch) => {
    expect(compilePatterns([pattern]).has(name)).toBe(isMatch);
  });

  it('has what any pattern of the list has, and nothing without patterns', () => {
    const patterns = compilePatterns(['one', 'two-*']);
    expect(['one', 'two-2', 'three'].map((name) => patterns.has(name))).toEqual([true, true, false]);
    expect(compilePatterns([]).has('')).toBe(false);
  });

  it('knows no name that is longer than any can be', () => {
    expect(compilePatterns(['*']).has('a'.repeat(maxNameLength))).toBe(true);
    expect(compilePatterns(['*']).has('a'.repeat(maxNameLength + 1))).toBe(false);
  });

  it('finds what a regular expression finds', () => {
    const letters = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom(...alphabet.split('')), { maxLength }).map((list) => list.join(''));
    fc.assert(
      fc.property(letters('ab*', 8), letters('ab', 12), (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
        expect(compilePatterns([pattern]).has(name)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a list once', () => {
    const list = ['search-*'];
    expect(patternsOf(list)).toBe(patternsOf(list));
    expect(patternsOf(['search-*'])).not.toBe(patternsOf(list));
  });
});

/** How many characters of the text are looked at. */
function countReads(glob: string, text: string): number {
  let reads = 0;
  const counted: ReadableText = {
    length: text.length,
    charCodeAt(index) {
      reads += 1;
      return text.charCodeAt(index);
    },
  };
  compileGlob(glob)(counted);
  return reads;
}

describe('a hostile glob', () => {
  const long = 100_000;

  it.each([
    ['stars between equal letters', 'a*'.repeat(100) + 'b', 'a'.repeat(long)],
    ['a part that nearly matches everywhere', `*${'a'.repeat(150)}b*`, 'a'.repeat(long)],
    ['parts that nearly match everywhere', `*${'a'.repeat(70)}b*${'a'.repeat(70)}b*`, 'a'.repeat(long)],
    ['a part that falls back by halves', `*${'ab'.repeat(70)}c*`, 'ab'.repeat(long / 2)],
  ])('looks at each character of a text twice at most: %s', (_, glob, text) => {
    expect(countReads(glob, text)).toBeLessThanOrEqual(2 * text.length);
  });
});
