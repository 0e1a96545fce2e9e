import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canBothMatch, matchesGlob } from './glob.ts';

/** Few characters, so that patterns and texts often meet. */
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });

const asRegExp = (glob: string): RegExp => new RegExp(`^${glob.replaceAll('*', '.*')}$`);

it('matches what the same pattern as a regular expression matches', () => {
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      expect(matchesGlob(glob, name)).toBe(asRegExp(glob).test(name));
    }),
  );
});

it('says that two patterns can meet exactly when some text is what both say', () => {
  // What two patterns of three characters have in common has at most six.
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 3 });
  const texts = [''];
  for (const known of texts) if (known.length < 6) texts.push(`${known}a`, `${known}b`);
  fc.assert(
    fc.property(short, short, (one, other) => {
      expect(canBothMatch(one, other)).toBe(texts.some((name) => matchesGlob(one, name) && matchesGlob(other, name)));
    }),
  );
});

it('takes no longer for a pattern that was made to be slow', () => {
  const glob = `${'a*'.repeat(31)}b`;
  expect(matchesGlob(glob, 'a'.repeat(100_000))).toBe(false);
});
