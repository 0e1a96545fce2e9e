import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeForYaml, needsEscapeForYaml, renderJsonAsYaml } from './escape-for-yaml.ts';

/** What the YAML reader of API servers lets through, without what it takes for a line break in a text. */
const readAsItIs = /^[\t\n\r\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFEFE\uFF00-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

/** Any sequence of UTF-16 units, with many of those that matter. */
const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(0, 0x5c, 0x22, 0x75, 0x64, 0x38, 0x7f, 0x85, 0x9f, 0x2028, 0xd83e, 0xdd14, 0xfeff, 0xfffe),
    ),
  )
  .map((units) => String.fromCharCode(...units));

describe('renderJsonAsYaml', () => {
  it.each([
    ['DEL', '\u007F', '"\\u007f"'],
    ['a C1 control', '\u0080', '"\\u0080"'],
    ['NEL, which YAML folds into a space', '\u0085', '"\\u0085"'],
    ['a line separator, which YAML takes for a line break', '\u2028', '"\\u2028"'],
    ['a byte order mark', '\uFEFF', '"\\ufeff"'],
    ['a noncharacter', '\uFFFE', '"\\ufffe"'],
    ['half a surrogate pair, as API servers read it', '\uD83E', '"\\ufffd"'],
    ['an escape that the author wrote', '\\ud83e', '"\\\\ud83e"'],
    ['half a pair after a backslash', '\\\uD83E', '"\\\\\\ufffd"'],
    ['a whole pair as it is', '\u{1F914}', '"\u{1F914}"'],
    ['a no-break space as it is', '\u00A0', '"\u00A0"'],
  ])('writes %s', (_, text, rendered) => {
    expect(renderJsonAsYaml(text)).toBe(rendered);
  });

  it('is JSON of the same value, in characters that YAML readers take, whatever the text', () => {
    // A list, no object: V8 may take a key that is one escaped character for the key `\\` once it has met that (24.21.0).
    fc.assert(
      fc.property(fc.array(anyText), (texts) => {
        const rendered = renderJsonAsYaml(texts);
        expect(rendered).toMatch(readAsItIs);
        expect(JSON.parse(rendered)).toEqual(texts.map((text) => text.toWellFormed()));
      }),
    );
  });

  it('writes keys as it writes texts', () => {
    expect(renderJsonAsYaml({ '\uD83E\u0085': { '\\ud83e': '\uFEFF' } })).toBe(
      '{"\\ufffd\\u0085":{"\\\\ud83e":"\\ufeff"}}',
    );
  });

  it('has nothing for nothing that YAML readers refuse as an escape', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(renderJsonAsYaml(text).replaceAll('\\\\', '')).not.toMatch(/\\ud[89a-f]/);
      }),
    );
  });
});

describe('escapeForYaml', () => {
  it('gives back the same text when nothing in it needs an escape', () => {
    expect(needsEscapeForYaml('plain: "ä 🤔"')).toBe(false);
    expect(escapeForYaml('plain: "ä 🤔"')).toBe('plain: "ä 🤔"');
  });
});
