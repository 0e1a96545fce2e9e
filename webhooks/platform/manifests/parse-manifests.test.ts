import { describe, expect, it } from '@jest/globals';
import type { FieldPath } from '../../core/mcpserver/violation.ts';
import { parseManifests } from './parse-manifests.ts';

const valuesOf = (text: string): readonly unknown[] =>
  parseManifests('a.yaml', text).manifests.map(({ value }) => value);

const problemsOf = (text: string): readonly string[] =>
  parseManifests('a.yaml', text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

function placeOf(text: string, path: FieldPath, index = 0): string {
  const { line, column } = parseManifests('a.yaml', text).manifests[index]?.locate(path) ?? { line: 0, column: 0 };
  return `${line}:${column}`;
}

describe('documents', () => {
  it('are read in order, empty ones left out', () => {
    expect(valuesOf('---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('are JSON too, with tabs', () => {
    expect(valuesOf('{\n\t"a": [1, "\\ud83e\\udd80", null],\n\t"b": {"on": true}\n}')).toEqual([
      { a: [1, '\u{1F980}', null], b: { on: true } },
    ]);
  });

  it('are JSON objects one after the other', () => {
    const values = [{ a: '}"', b: [{}] }, { c: '\u{1F980}\uFFFD' }, { d: 3 }];
    expect(valuesOf(' {"a": "}\\"", "b": [{}]}{"c":"\\ud83e\\udd80\\ud800"}\n\n{"d":3}\n')).toEqual(values);
    expect(placeOf('{"a":1}\n {"b":\n  2}', ['b'], 1)).toBe('2:3');
  });

  it('are JSON with every character that JSON has, as kubectl takes it (U+0085 was refused)', () => {
    const odd = '\u007f\u0080\u0085\u009f\u2028\u2029\ufeff\ufffe\uffff';
    expect(valuesOf(`{"a":\r"x${odd}"}\n{"${odd}": 1}`)).toEqual([{ a: `x${odd}` }, { [odd]: 1 }]);
    expect(placeOf(`{"x": "\u2028",\n "a": 1}`, ['a'])).toBe('2:2');
    expect(problemsOf(`{"a": "\u0085"}\n---\n{"b": "\u0085"}\n`)).toEqual([
      '3:8 a character that must be escaped or left out (U+0085)',
    ]);
    expect(problemsOf(`{"a": 1} # \u0085\n---\nb: 1\n`)).toHaveLength(1);
  });

  it('are YAML behind one JSON object, and where what begins with a brace is no JSON', () => {
    expect(valuesOf('{"a":1} ---\nb: 2\n--- # c\n{"c": on}')).toEqual([{ a: 1 }, { b: 2 }, { c: true }]);
    expect(valuesOf('{a: on}\n---\n{"b": 0777}')).toEqual([{ a: true }, { b: 511 }]);
    expect(placeOf('{"a":1}\n---\n# b\nb: 2', ['b'], 1)).toBe('4:1');
  });

  it('may be parted and ended with comments', () => {
    expect(valuesOf('--- # one\na: 1\n...  # end\n\n---\t# two\nb: 2\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('of any kind are lists when they have items, as kubectl has it', () => {
    const hidden = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems: [{kind: MCPServer}]';
    expect(valuesOf(hidden)).toMatchObject([{ kind: 'ConfigMap' }, { kind: 'MCPServer' }]);
    expect(valuesOf('apiVersion: x/v1\nkind: Foo\nitems: [{kind: "", a: 1}, {apiVersion: y/v1}]')).toMatchObject([
      { kind: 'Foo' },
      { kind: 'Foo', apiVersion: 'x/v1', a: 1 },
      { apiVersion: 'y/v1' },
    ]);
  });

  it('of a List are its items, those of a typed list by its kind', () => {
    expect(valuesOf('kind: List\nitems: [{kind: A}, {kind: List, items: [{kind: B}]}]')).toEqual([
      { kind: 'A' },
      { kind: 'B' },
    ]);
    expect(valuesOf('apiVersion: x/v1\nkind: FooList\nitems: [{a: 1}]')).toEqual([
      { apiVersion: 'x/v1', kind: 'Foo', a: 1 },
    ]);
  });
});

describe('values', () => {
  it('without quotes are what kubectl makes of them, with quotes they are texts', () => {
    expect(valuesOf('{a: on, b: "on", c: 0777, d: \'0777\', e: !!str 12, f: , g: y}')).toEqual([
      { a: true, b: 'on', c: 511, d: '0777', e: '12', f: null, g: true },
    ]);
  });

  it('with a tag are what the tag makes of them', () => {
    const text = `a: !!str on
b: !!int "0o17"
c: !!float 1
d: !!bool "yes"
e: !!null ''
f: !!binary aGk=
g: !own 12
h: ! 12
i: !!timestamp 2001-01-01
j: !!set {x, ? z}
k: !!map [1]
!!str on: 2
`;
    expect(valuesOf(text)).toEqual([
      {
        ...{ a: 'on', b: 15, c: 1, d: true, e: null, f: 'hi', g: '12', h: '12', i: '2001-01-01' },
        ...{ j: { x: null, z: null }, k: [1], on: 2 },
      },
    ]);
    expect(placeOf(text, ['on'])).toBe('12:7');
  });

  it('may be spread over lines', () => {
    expect(valuesOf('a: |\n  on\nb: >-\n  x\n  y\n')).toEqual([{ a: 'on\n', b: 'x y' }]);
  });

  it('have keys that are texts', () => {
    expect(valuesOf('{on: 1, 0777: 2, 1.5: 3, 1e3: 4, "~": 5}')).toEqual([
      { true: 1, '511': 2, '1.5': 3, '1000': 4, '~': 5 },
    ]);
    expect(valuesOf('{12345678901234567: 1, 1e6: 2, 1.23456789: 3, 1e-5: 4, .INF: 5, 0.1: 6}')).toEqual([
      { '12345678901234567': 1, '1e+06': 2, '1.2345679': 3, '1e-05': 4, '.inf': 5, '0.1': 6 },
    ]);
  });

  it('may have a key that JavaScript has a meaning for', () => {
    const [value] = valuesOf('__proto__: {a: 1}');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });
});

/** The right hand sides as kubectl 1.35.2 read the left hand sides. */
describe('merge keys', () => {
  it.each([
    ['overwrite what stands before them', '{a: 1, <<: *b}', { a: 2, z: 9 }],
    ['are overwritten by what stands after them', '{<<: *b, a: 1}', { a: 1, z: 9 }],
    ['prefer the first map of a list', '{<<: [{a: 5}, {a: 6, q: 7}]}', { a: 5, q: 7 }],
    ['in quotes are ordinary keys', '{"<<": {a: 1}}', { '<<': { a: 1 } }],
    ['may have a tag', '{!!merge <<: {a: 1}, ! "<<": {b: 2}}', { a: 1, b: 2 }],
    ['may stand twice', '{<<: {a: 1}, <<: {b: 2}}', { a: 1, b: 2 }],
  ])('%s', (_name, map, expected) => {
    expect(valuesOf(`base: &b {a: 2, z: 9}\nm: ${map}`)).toEqual([{ base: { a: 2, z: 9 }, m: expected }]);
  });
});

describe('aliases', () => {
  it('stand for the last anchor before them', () => {
    expect(valuesOf('a: &x {p: &y 1}\nb: &y 2\nc: *x\nd: *y\ne: &x 3\nf: *x')).toEqual([
      { a: { p: 1 }, b: 2, c: { p: 1 }, d: 2, e: 3, f: 3 },
    ]);
  });

  it('may be keys', () => {
    expect(valuesOf('a: &x on\n*x : 1')).toEqual([{ a: true, true: 1 }]);
  });

  it('that multiply are refused at once, with their place', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${Array(10).fill(of).join(',')}]\n`;
    const bomb = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => level(name, `*${'abcdefgh'[index]}`));
    const before = process.threadCpuUsage();
    expect(problemsOf(`${level('a', 'x')}${bomb.join('')}`)).toEqual([
      '5:29 the aliases of this document stand for more than 100000 values',
    ]);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});

describe('problems', () => {
  it.each([
    ['a duplicate key', 'a: 1\nb:\n  c: 1\n  d: 1\n  c: 2', "5:3 the key 'c' stands twice in the same map"],
    ['keys that are the same text', '{on: 1, "true": 2}', "1:9 the key 'true' stands twice in the same map"],
    ['an empty key', '{~: 1}', '1:2 a key must be a text, or a value that becomes one'],
    ['a list as a key', '{[a]: 1}', '1:2 a key must be one value, not a map or a list'],
    ['infinity', 'a: .inf', '1:4 infinity and not-a-number do not exist in JSON: use a number, or quote the text'],
    ['an unknown anchor', 'a: *b', "1:4 no anchor named 'b' before this alias"],
    ['an anchor in itself', 'a: &a [*a]', "1:8 the anchor 'a' contains itself"],
    ['a merge of no map', 'a: {<<: 3}', "1:9 a merge key '<<' needs a map, or a list of maps"],
    ['a value that is none of its tag', 'a: !!int x', '1:10 this value is no !!int: correct it, or leave the tag out'],
    [
      'bytes that are no text',
      'a: !!binary /w==',
      '1:13 !!binary holds bytes that are no text, which JSON does not have',
    ],
    [
      'a directive',
      'a: 1\n---\n# b\n%YAML 1.1\n---\nc: 1',
      '4:1 kubectl reads no directives (%YAML, %TAG): leave the line out',
    ],
    [
      'a document behind its mark',
      '--- {a: 1}',
      "1:5 only a comment may stand behind '---': begin the document on the next line",
    ],
    [
      'what looks like a mark',
      'a: 1\n---b\n',
      "2:4 only a comment may stand behind '---': begin the document on the next line",
    ],
    [
      'what stands behind the end',
      'a: 1\n...\nb: 1',
      "2:1 kubectl does not read what stands behind '...': part documents with '---'",
    ],
    [
      'YAML behind JSON',
      '{"a":1}{"b":2}\nc: 1',
      "2:1 only JSON objects may stand behind JSON objects: part documents of YAML with '---'",
    ],
    ['depth', `a: ${'['.repeat(300)}${']'.repeat(300)}`, '1:204 more than 200 levels deep'],
    ['a control character', 'a: b\nc: "\u0001"', '2:5 a character that must be escaped or left out (U+0001)'],
    ['a line end of kubectl alone', 'a: b # c\rd: on', '1:9 a character that must be escaped or left out (U+000D)'],
    ['another one', 'a: b # c\u2028d: on', '1:9 a character that must be escaped or left out (U+2028)'],
    ['a tab', 'a:\n\tb: 1', '2:1 Tabs are not allowed as indentation'],
  ])('name their place: %s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual([expected]);
  });

  it('of endless nesting are no crash', () => {
    expect(problemsOf(`a: ${'['.repeat(50_000)}`)[0]).toContain('nested too deeply to be read');
  });

  it('of one document leave the others readable', () => {
    const text = 'a: 1\n---\nb: 1\nb: 2\n--- # next\nc: [\n---\nd: 1';
    expect(valuesOf(text)).toEqual([{ a: 1 }, { d: 1 }]);
    expect(problemsOf(text)).toHaveLength(2);
  });

  it('never show what was read: it may be a Secret', () => {
    for (const text of [
      '{"a": "x" "s3cret"}',
      'a: "\\xs3cret"',
      'a: b\n  s3cret: [',
      '"s3cret',
      'a: b: s3cret',
      '}s3cret',
    ]) {
      expect(problemsOf(text).join()).not.toMatch(/s3|cret/);
      expect(problemsOf(text)).not.toEqual([]);
    }
  });

  it('advise to render what looks like a template', () => {
    expect(problemsOf('{{ if .Values.a }}\na: 1\nb')[0]).toMatch(/render it first: helm template/);
  });
});

describe('locate', () => {
  const text = `# first
a: 1
---
base: &base
  x: 1
  w: [1, 2]
own:
  z: {deep: on}
merged:
  <<: *base
  x: 5
alias: *base
`;

  it.each<[string, FieldPath, string]>([
    ['a field at its key', ['own', 'z'], '8:3'],
    ['a field in a flow map', ['own', 'z', 'deep'], '8:7'],
    ['a list item where it starts', ['base', 'w', 1], '6:10'],
    ['what is missing at the closest field around it', ['own', 'z', 'gone', 'for', 'ever'], '8:3'],
    ['a merged field where it was written', ['merged', 'w'], '6:3'],
    ['an overwritten field where it was overwritten', ['merged', 'x'], '11:3'],
    ['a field behind an alias where it was written', ['alias', 'w', 0], '6:7'],
    ['the document', [], '4:1'],
  ])('finds %s', (_name, path, place) => {
    expect(placeOf(text, path, 1)).toBe(place);
  });

  it('finds fields of items of a List', () => {
    expect(placeOf('kind: List\nitems:\n- kind: A\n- kind: B\n  spec: {x: 1}', ['spec', 'x'], 1)).toBe('5:10');
  });

  it('finds keys that are no plain texts', () => {
    expect(placeOf('a:\n  on: 1\n  "b c": 2', ['a', 'true'])).toBe('2:3');
    expect(placeOf('a:\n  on: 1\n  "b c": 2', ['a', 'b c'])).toBe('3:3');
  });

  it('counts lines that end as in Windows', () => {
    expect(placeOf('a: 1\r\nb:\r\n  c: 2\r\n', ['b', 'c'])).toBe('3:3');
  });
});
