/** Who reads a text, us and kubectl; what both read has to be the same. */
export type Verdict = 'both read' | 'both refuse' | 'only we refuse' | 'only kubectl refuses';

const head = 'apiVersion: v1\nkind: Any\nmetadata: {name: a}\n';
const other = 'apiVersion: v1\nkind: Any\nmetadata: {name: b}\n';
const json = (name: string, rest = ''): string =>
  `{"apiVersion":"v1","kind":"Any","metadata":{"name":"${name}"}${rest}}`;

function utf16(text: string, isBigEndian: boolean): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return isBigEndian ? bytes.swap16() : bytes;
}

/** An alias of many values, each of which is one of many. */
function bomb(levels: number): string {
  const names = Array.from({ length: levels }, (_, level) => `l${level}`);
  return names
    .map(
      (name, level) =>
        `${name}: &${name} [${Array(10)
          .fill(level === 0 ? 'x' : `*l${level - 1}`)
          .join(', ')}]\n`,
    )
    .join('');
}

/** By what becomes of each. Where only we refuse, docs/decisions/0051-reading-is-kubectls.md says why. */
export const hostileTexts: Readonly<Record<Verdict, Readonly<Record<string, string | Uint8Array>>>> = {
  'both read': {
    'booleans of YAML 1.1': `${head}a: [y, N, on, Off, yes, NO, true, FALSE, tRUE, yEs]\n`,
    'numbers of YAML 1.1': `${head}a: [0777, 0o17, 0b11, 0x1F, 08, 1_000, 1:30, 190:20:30, 1e3, .5, 1., +1, -0, 0x_1]\n`,
    'numbers beyond 53 and 64 bits': `${head}a: [9007199254740992, 18446744073709551615, 18446744073709551616, -9223372036854775809]\n`,
    timestamps: `${head}a: [2001-01-01, 2001-12-14t21:59:43.10-05:00]\n`,
    'what is nothing': `${head}a: [~, null, Null, NULL, nULL, '']\nb:\n`,
    'tags of the core schema': `${head}a: [!!str on, !!int "12", !!float 1, !!bool "yes", !!null "", !!binary aGk=, !!timestamp 2001-01-01]\n`,
    'tags of somebody': `${head}a: [!own 12, !<tag:example.com,2000:x> on, ! 12, !!unheard on]\n`,
    'tags of collections': `${head}a: !!set {x, ? y}\nb: !!omap [x: 1]\nc: !own [1]\nd: !!str {x: 1}\n`,
    'tags of keys': `${head}a: {!!str on: 1, !own 0777: 2}\n`,
    'keys that are no texts': `${head}a: {on: 1, 0777: 2, 1.5: 3, 1e6: 4, 12345678901234567: 5, .inf: 6, 1.23456789: 7}\n`,
    'anchors, aliases and merges': `${head}a: &a {x: 1, y: &y on}\nb: {<<: *a, x: 2}\nc: {x: 3, <<: [*a, {z: 4}]}\nd: *y\n*y : 1\n`,
    'an anchor again': `${head}a: &a 1\nb: *a\nc: &a 2\nd: *a\n`,
    'merge keys with tags': `${head}a: &a {x: 1}\nb: {!!merge <<: *a}\nc: {! "<<": *a}\nd: {"<<": 1}\n`,
    'text in blocks': `${head}a: |\n  on\n   two\n\nb: >-\n  x\n  y\n\n  z\nc: |2+\n   x\n\n`,
    'text over several lines': `${head}a: one\n  two\n\n  three\nb: "one\n  two \\\n  three"\nc: 'it''s\n  one'\n`,
    'comments everywhere': `# a\n--- # b\n${head}# c\na: 1 # d\n... # e\n# f\n--- # g\n${other}`,
    'empty documents': `---\n---\n# nothing\n---\n${head}---\n\n---\n${other}---\n`,
    'Windows line ends': `${head}a: |\n  x\n  y\nb: 1\n---\n${other}`.replaceAll('\n', '\r\n'),
    'a byte order mark': `\ufeff${head}`,
    'UTF-16, the low byte first': utf16(`${head}a: \u20ac\u{1F980}\n---\n${other}`, false),
    'UTF-16, the high byte first': utf16(`${head}a: \u20ac\u{1F980}\n`, true),
    'a JSON object': json('a', ',"x":"\\u00e9\\ud83e\\udd80\\/","y":[1.0,1e3,-0.0,null]'),
    'JSON objects one after the other': `${json('a')}${json('b')}\n\n ${json('c', ',"x":"}{"')}\n`,
    'JSON over lines with tabs': `{\n\t"apiVersion": "v1",\n\t"kind": "Any",\n\t"metadata": {"name": "a"},\n\t"x":\t[1,\t2]\n}\n`,
    'JSON with half a character': json('a', ',"x":"\\ud800"'),
    'JSON with characters that YAML wants escaped': json('a', ',"x":"\u007f\u0080\u0085\u009f\u2028\ufeff\uffff"'),
    'JSON with a carriage return between its parts': `${json('a', ',\r"x":\r1')}\r${json('b')}`,
    'YAML behind a JSON object': `${json('a')}\n---\n${head}a: on\n---\n${json('b')}\n`,
    'YAML on the line of a JSON object': `${json('a')} --- # next\n${head}`,
    'YAML that begins with a brace': `{apiVersion: v1, kind: Any, metadata: {name: a}, x: on}\n---\n${head}`,
    'JSON with a key twice and its last value': json('a', ',"x":{"y":1}'),
    'a List': `apiVersion: v1\nkind: List\nitems:\n- ${json('a')}\n- ${json('b')}\n`,
    'a typed list': `apiVersion: v1\nkind: AnyList\nitems:\n- metadata: {name: a}\n- kind: Other\n  apiVersion: v2\n  metadata: {name: b}\n`,
    'a tab behind a key': `${head}a:\tb\nc: d\t# e\n`,
    'a document in quotes and braces': `{"apiVersion": 'v1', "kind": Any, metadata: {"name":a}}\n`,
    'a long key': `${head}? ${'k'.repeat(2000)}\n: 1\n`,
    'dashes as far left as their key': `${head}a:\n- 1\n-   x: 1\n    y: 2\n- - 1\n  - 2\n`,
    'a mark in a text': `${head}a: |\n  ---\n  b\nc: " ---"\n`,
  },
  'both refuse': {
    'a directive': `%YAML 1.1\n---\n${head}`,
    'a directive of tags': `%TAG !e! tag:example.com,2000:\n---\n${head}a: !e!x 1\n`,
    'a document behind its mark': '--- {apiVersion: v1, kind: Any, metadata: {name: a}}\n',
    'text behind a mark': `${head}--- x\n${other}`,
    'what looks like a mark': `${head}----\n${other}`,
    'a key with more dashes': `${head}---a: 1\n`,
    infinity: `${head}a: .inf\n`,
    'not a number': `${head}a: !!float .nan\n`,
    'no key': `${head}a: {~: 1}\n`,
    'a map as a key': `${head}a: {{b: 1}: 2}\n`,
    'a key of 64 bits': `${head}a: {18446744073709551615: 1}\n`,
    'a value that is none of its tag': `${head}a: !!int x\n`,
    'a number that is none of its tag': `${head}a: !!int 1.5\n`,
    'base64 that is none': `${head}a: !!binary "*"\n`,
    'a tag without its handle': `${head}a: !e!x 1\n`,
    'an unknown anchor': `${head}a: *b\n`,
    'an anchor of another document': `${head}a: &b 1\n---\n${other}a: *b\n`,
    'an anchor in itself': `${head}a: &b [*b]\n`,
    'a merge of no map': `${head}a: {<<: 3}\n`,
    'aliases that multiply': `${head}${bomb(8)}`,
    'a tab as indentation': `${head}a:\n\tb: 1\n`,
    'a control character': `${head}a: "\u0001"\n`,
    'YAML behind JSON objects': `${json('a')}${json('b')}\n---\n${head}`,
    'a broken JSON object behind others': `${json('a')}${json('b')}{"apiVersion":\n`,
    'braces that are not closed': `${head}a: {b: [1, 2}\n`,
    'a value behind a value': `${head}a: "b" c\n`,
    'a colon too many': `${head}a: b: c\n`,
    'a map in a text': `${head}a: b\n  c: d\n`,
    'something that cannot begin a value': `${head}a: @b\nc: \`d\`\n`,
  },
  'only we refuse': {
    'an anchor whose name ends for kubectl': `${head}a:\n  &k:x 1\n`,
    'a key twice': `${head}a: 1\na: 2\n`,
    'a key twice in JSON': json('a', ',"x":1,"x":2'),
    'keys that become the same text': `${head}a: {1: x, "1": y}\n`,
    'a document behind its end': `${head}...\n${other}`,
    'bytes that are no UTF-8': Buffer.concat([Buffer.from(`${head}a: "`), Buffer.from([0xff]), Buffer.from('"\n')]),
    'a mark of the byte order inside': `${head}\ufeffa: 1\n`,
    'a line end of YAML 1.1': `${head}a: b\u0085c: 1\n`,
    'a line separator': `${head}a: "b\u2028c"\n`,
    'a carriage return alone': `${head}a: b # c\rd: on\n`,
    'an alias of very many values': `${head}a: &a [${Array(2000).fill('x').join(', ')}]\nb: [${Array(60).fill('*a').join(', ')}]\n`,
    'very many levels': `${head}a: ${'['.repeat(300)}${']'.repeat(300)}\n`,
  },
  'only kubectl refuses': {
    'a List in a List': `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [${json('a')}]}\n- ${json('b')}\n`,
    'half a character in quotes': `${head}a: "\\ud800"\n`,
    'a tab behind a dash': `${head}a:\n-\tb\n`,
    'an escaped slash in YAML': `${head}a: "\\/"\n`,
  },
};
