import fc from 'fast-check';

const head = 'apiVersion: v1\nkind: Any\nmetadata: {name: a}\nspec:\n';

const words = (text: string): readonly string[] => text.split(' ');

const scalars = [
  ...words('a on Off y ~ null 1 0777 08 0o17 1_0 1.5 1e3 -0 +1 1:30 .5 ._5 .inf = << - -- --- ... : :a a: a:b a#b #a'),
  ...words(
    '"a" "" \'\' \'a\'\'b\' "a\\tb" "\\x41" "\\/" "\\e" "a"b \'a\'b \\ /a @a %a `a ! !x !!str !!int & * *a &a | > |- >+ |1 ? , [ ] { }',
  ),
  ...[
    'a b',
    'a  b',
    'a: b',
    'a :b',
    'a # b',
    '"a: b"',
    "'a # b'",
    '- a',
    '- - a',
    '? a',
    'a, b',
    '"a\n  b"',
    "'a\n\n  b'",
    'a\n  b',
  ],
  ...[
    '!!str on',
    '!!int "1"',
    '!!float 1',
    '!x on',
    '! on',
    '&a on',
    '&a {x: 1}',
    '&a [1]',
    '!!str &a on',
    '&a !!str on',
  ],
  ...[
    '{a: 1}',
    '{a: b, c: on}',
    '{"a":1}',
    '{a:1}',
    '{a}',
    '{a, b: }',
    '[a, b]',
    '[a: 1]',
    '[a, ]',
    '[, a]',
    '{? a : b}',
    '[[a], {b: c}]',
  ],
  ...[
    '{a: [1, 2], b: {c: d}}',
    "{'a':on}",
    '["a":1]',
    '[a b, c]',
    '{a b: c}',
    '[*a, *a ]',
    '{*a : 1}',
    '{<<: *a}',
    '{<<: [*a]}',
  ],
  ...[
    '|\n    a\n     b',
    '>\n    a\n    b\n\n    c',
    '|-\n    a\n\n',
    '>+\n    a\n\n',
    '|2\n     a',
    '>\n     a\n    b',
    '|\n\n    a',
  ],
  ...['\ta', 'a\tb', 'a\t', '"a\tb"', '[\ta]', '{a:\t1}', 'é', '\u{1F980}', '\u00a0', '\u3000'],
];

const keys = [
  ...words('a b c d e on 1 0777 1.5 null ~ "a" \'b\' ? &k *a << !!str'),
  'a b',
  '&k a',
  '!!str on',
  '"<<"',
  '? a',
  '- a',
  '- a: 1\n    b',
];

const blanks = (text: string): readonly string[] => Array.from({ length: 8 }, () => text);

const line = fc
  .tuple(
    fc.constantFrom(...blanks('  '), '    ', '    ', '   ', '      ', '', '\t', ' \t'),
    fc.constantFrom(...blanks(''), '- ', '- ', '-   ', '-\t', '- - ', '? ', ': '),
    fc.option(fc.constantFrom(...keys), { freq: 9, nil: '' }),
    fc.constantFrom(...blanks(': '), ':', ':', ':  ', ' : ', ':\t', ''),
    fc.option(fc.constantFrom(...scalars), { freq: 6, nil: '' }),
    fc.constantFrom(...blanks(''), ' ', ' # c', '\t# c', '#c', ',', '\r', '\t'),
  )
  .map((parts) => parts.join(''));

/** Entries of one map, which is YAML far more often. */
const entries = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...scalars), fc.constantFrom('', '', ' # c')), {
    minLength: 1,
    maxLength: 4,
    selector: ([key]) => key,
  })
  .map((pairs) => pairs.map(([key, value, end]) => `  ${key}: ${value}${end}`));

const whole = fc.constantFrom(
  ...['', '  ', '# c', '      # c', '---', '--- # c', '...', '---a', '%YAML 1.1', '  a:', '  b:', '  - a', '  - b: 1'],
);

const lines = fc.array(fc.oneof({ weight: 6, arbitrary: line }, { weight: 1, arbitrary: whole }), {
  minLength: 1,
  maxLength: 4,
});

/** A document that kubectl takes if the lines below `spec` are YAML. */
export const hostileText: fc.Arbitrary<string> = fc
  .oneof(
    lines,
    entries,
    fc.tuple(entries, lines).map(([first, rest]) => [...first, ...rest]),
  )
  .map((below) => `${head}${below.join('\n')}\n`);
