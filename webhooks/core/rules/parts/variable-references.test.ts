import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eachVariableReference } from './variable-references.ts';

function referencesIn(text: string): readonly string[] {
  const found: string[] = [];
  eachVariableReference(text, (name) => found.push(name));
  return found;
}

describe('references to variables', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['plain (text)', []],
    ['$(A)', ['A']],
    ['a$(A)b$(B)c', ['A', 'B']],
    ['$(A)$(A)', ['A', 'A']],
    ['$$(A)', []],
    ['$$$(A)', ['A']],
    ['$$$$(A)', []],
    ['$x$(A)', ['A']],
    ['$A', []],
    ['${A}', []],
    ['$', []],
    ['$(A', []],
    ['$()', ['']],
    // A name ends where the first parenthesis closes, whatever is before it.
    ['$(A$(B)', ['A$(B']],
    ['$(A)) $(B', ['A']],
    ['$( A )', [' A ']],
  ])('in %j', (text, names) => {
    expect(referencesIn(text)).toEqual(names);
  });

  it('are those that a reader finds which goes character by character', () => {
    const text = fc.array(fc.constantFrom('$', '(', ')', 'A'), { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(text, (value) => {
        expect(referencesIn(value)).toEqual(readSlowly(value));
      }),
      { numRuns: 3000 },
    );
  });

  it('are looked for in time that grows with the text, also where none is ever closed', () => {
    // Each of a million openings looking for its end to the end would take hours.
    expect(referencesIn('$('.repeat(1_000_000))).toEqual([]);
    expect(referencesIn(`${'$('.repeat(1_000_000)})`)).toHaveLength(1);
  });
});

/** The description of Kubernetes, word by word. */
function readSlowly(text: string): readonly string[] {
  if (text === '') return [];
  if (text.startsWith('$(') && text.includes(')')) {
    const close = text.indexOf(')');
    return [text.slice(2, close), ...readSlowly(text.slice(close + 1))];
  }
  return readSlowly(text.slice(text.startsWith('$') ? 2 : 1));
}
