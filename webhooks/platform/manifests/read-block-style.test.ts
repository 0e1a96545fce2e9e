import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseManifests, parseWhole } from './parse-manifests.ts';
import { readBlockStyle } from './read-block-style.ts';
import { renderYaml } from './render-yaml.ts';

describe('text in block style', () => {
  it.each<readonly [what: string, text: string, ...values: readonly unknown[]]>([
    [
      'maps and lists',
      'a:\n  b:\n    - 1\n    - c: 2\n      d:\n  e: x\n',
      { a: { b: [1, { c: 2, d: null }], e: 'x' } },
    ],
    ['lists as far left as their key', 'a:\n- b:\n  - 1\n- 2\nc: 3', { a: [{ b: [1] }, 2], c: 3 }],
    [
      'plain values',
      'a: on\nb: 0777\nc: --port=:80\nd: :80\ne: a#b c',
      { a: true, b: 511, c: '--port=:80', d: ':80', e: 'a#b c' },
    ],
    ['quoted values', 'a: "on # x: y"\nb: \'\'\nc:\n  - "-"', { a: 'on # x: y', b: '', c: ['-'] }],
    ['nothing in brackets', 'a: {}\nb:\n  - []', { a: {}, b: [[]] }],
    ['comments and blank lines', '# a\n\na:\n      # b\n  b: 1\n   \n# c\n  c: 2', { a: { b: 1, c: 2 } }],
    ['documents', '---\na: 1\n---\n# nothing\n---\n- 1', { a: 1 }, [1]],
    ['keys that JavaScript has a meaning for', 'constructor: 1\ntoString: 2', { constructor: 1, toString: 2 }],
  ])('is read: %s', (_what, text, ...values) => {
    expect(readBlockStyle(text)).toEqual(values);
  });

  it.each([
    ['a comment behind a value', 'a: 1 # one'],
    ['a value over several lines', 'a: b\n  c'],
    ['a block of text', 'a: |\n  b'],
    ['a collection in brackets', 'a: [1]'],
    ['an escape sequence', 'a: "\\n"'],
    ['an anchor', 'a: &b 1'],
    ['an alias', 'a: *b'],
    ['a tag', 'a: !!str 1'],
    ['a merge key', 'a:\n  <<: b'],
    ['a key in quotes', '"a": 1'],
    ['a key that means something else', 'a:\n  on: 1'],
    ['a key that stands twice', 'a:\n  b: 1\n  b: 2'],
    ['a very long key', `${'a'.repeat(1100)}: 1`],
    ['a prototype', '__proto__: 1'],
    ['a line that is in no block', 'a:\n    b: 1\n  c: 2'],
    ['a tab', 'a:\tb'],
    ['a carriage return', '- a\r\n'],
    ['infinity', 'a: .inf'],
    ['a directive', '%YAML 1.2\n---\na: 1'],
    ['the end of a document', 'a: 1\n...'],
    ['a list in an item', '- - 1'],
    ['a single value', 'a'],
    ['very many lists', Array.from({ length: 10_000 }, (_, depth) => `${' '.repeat(2 * depth)}- a:`).join('\n')],
    ['very many levels', Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('is left to the parser of whole YAML: %s', (_what, text) => {
    expect(readBlockStyle(text)).toBeUndefined();
  });
});

describe('a manifest that is read as block style', () => {
  it('has each field where it stands, in any document and item', () => {
    const text = '---\nkind: List\nitems:\n- a: 1\n- kind: List\n  items:\n  - b: 2\n---\n# c\nc:\n  - d\n';
    expect(readBlockStyle(text)).toHaveLength(2);
    const places = parseManifests('f', text).manifests.map(({ locate }, index) =>
      locate([['a'], ['b'], ['c', 0]][index] ?? []),
    );
    expect(places).toEqual([
      { line: 4, column: 3 },
      { line: 7, column: 5 },
      { line: 11, column: 5 },
    ]);
  });

  it('is what the parser of whole YAML reads, whatever its lines are put together from', () => {
    expectAgreement(fc.array(fc.oneof({ weight: 9, arbitrary: hostileLine }, wholeLine), { maxLength: 9 }).map(toText));
    expectAgreement(fc.array(fc.oneof({ weight: 9, arbitrary: tameLine }, wholeLine), { maxLength: 9 }).map(toText));
  });

  it('is what the parser of whole YAML reads, whatever is changed in it', () => {
    expectAgreement(
      fc
        .tuple(manifest, fc.array(edit, { maxLength: 3 }))
        .map(([text, edits]) => edits.reduce(apply, renderYaml([text]))),
    );
  });
});

/** Of each property. A hundred times as many agreed, too. */
const numRuns = 3000;

/** Fails also when next to nothing is read: then nothing was compared. */
function expectAgreement(texts: fc.Arbitrary<string>): void {
  let read = 0;
  const agrees = (text: string): void => {
    if (readBlockStyle(text) === undefined) return;
    read += 1;
    expect(outcomeOf(parseManifests('f', text))).toBe(outcomeOf(parseWhole('f', text)));
  };
  fc.assert(fc.property(texts, agrees), { numRuns });
  expect(read).toBeGreaterThan(numRuns / 50);
}

/** Everything that a verdict comes from: values with their keys in order, and what is wrong. */
function outcomeOf({ manifests, problems }: ReturnType<typeof parseWhole>): string {
  return JSON.stringify({ values: manifests.map(({ value }) => value), problems }, null, 1);
}

const toText = (lines: readonly string[]): string => lines.join('\n');

function words(text: string): readonly string[] {
  return text.split(' ');
}

const tameValues = [
  ...['', '', '', 'a b', '"a: #b"', "'a: #b'"],
  ...words('a on 1 0777 -1 1.5 null a:b a#b :80 --x {} [] é \u{1F980}'),
];

const hostileValues = [
  ...words('.inf ~ - --- ... | >- *a ! {} [] #x a: @a `a %a " "a +1 + _ .5 ./x /x -a -.5 << = 0x1f -0 1e999'),
  ...words(`99999999999999999999 a} a] "a"b a"b" '' "" -: :- :: :a: a::b 'a''b' "a\\n" \\`),
  ...['a  b', '- x', '- - x', '&a 1', '!!str 1', '{a: 1}', '[a, b]', 'x # y', 'a: b', ': a', '? a', '"a" b'],
  ...['y ', 'a, b', "'a' 'b'", 'x \\', '\u00a0', '\u3000x', '\ufe0f', '\u2028', '\ufeff', '\0'],
];

const hostileKeys = [
  ...words('a b c kind items on null true y ~ 1 a.b/c A_b-c "a" << ? : -a .a +a a:b *a __proto__ constructor'),
  ...['a b', '&k a', 'x'.repeat(1100)],
];

const tameLine = fc
  .tuple(
    fc.constantFrom('', '  ', '  ', '    ', '      '),
    fc.constantFrom('', '', '', '- '),
    fc.constantFrom('a:', 'b:', 'c:', 'd:', 'e:', 'f:', 'kind:', 'items:', ''),
    fc.constantFrom(...tameValues, '"a\\n"'),
    fc.constantFrom(...Array.from({ length: 12 }, () => ''), ' ', '\t', '\r', ' # c'),
  )
  .map(
    ([indent, dash, key, value, end]) => `${indent}${dash}${key}${key === '' || value === '' ? '' : ' '}${value}${end}`,
  );

const hostileLine = fc
  .tuple(
    fc.constantFrom('', '', ' ', '  ', '  ', '   ', '    ', '      ', '\t'),
    fc.constantFrom('', '', '', '- ', '- ', '-  ', '- - ', '-', '-\t', '? ', '# ', ': '),
    fc.constantFrom(...hostileKeys, ''),
    fc.constantFrom(': ', ': ', ': ', ':', ':  ', ' :', ':\t', ''),
    fc.constantFrom(...tameValues, ...hostileValues),
    fc.constantFrom('', '', '', '', ' ', ' # c', '\r', '\t'),
  )
  .map((parts) => parts.join(''));

const wholeLine = fc.constantFrom('---', '', '  ', '...', '# c', '      # c', '--- ', '--- a', '%YAML 1.2');

const { map: manifest } = fc.letrec<{ value: unknown; map: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(...tameValues, 1, -1, 0.5, true, null),
    tie('map'),
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
  ),
  map: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'kind', 'items', 'a.b/c'), tie('value'), {
    minKeys: 1,
    maxKeys: 4,
  }),
}));

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

const pieces = [
  ...words(': # " \' *a | { ]'),
  ...['', ' ', '  ', '\n', '\n  ', '- ', ': ', ' #', '&a ', '\t', '\r\n', '\n---\n', '? '],
];

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(200),
  cut: fc.nat(3),
  put: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 2 })),
});

function apply(text: string, { at, cut, put }: Edit): string {
  const offset = at % (text.length + 1);
  return `${text.slice(0, offset)}${put}${text.slice(offset + cut)}`;
}
