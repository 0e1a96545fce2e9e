import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { locate, putOnOneLine, ambiguousName, replaceRanges } from './locate.ts';

const textAt = (text: string, path: readonly string[]): string | undefined => {
  const bytes = Buffer.from(text);
  const range = locate(bytes, path);
  return range === undefined ? undefined : bytes.toString('utf8', range.start, range.end);
};

it.each([
  ['{"id":1}', ['id'], '1'],
  ['{ "a" : {"id":2} , "id" : "x,}" }', ['id'], '"x,}"'],
  ['{"a":"\\"id\\":1","id":2}', ['id'], '2'],
  ['{"id":1,"id":2}', ['id'], '2'],
  ['{"i\\u0064":1}', ['id'], '1'],
  ['{"params":{"_meta":{"progressToken":"t"}}}', ['params', '_meta', 'progressToken'], '"t"'],
  ['{"params":[{"_meta":1}]}', ['params', '_meta'], undefined],
  ['{}', ['id'], undefined],
  [' {"a":[1,{"id":3}],"id":true}', ['id'], 'true'],
])('%s has at %j: %s', (text, path, expected) => {
  expect(textAt(text, path)).toBe(expected);
});

it('finds what JSON.parse finds, in any object', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
      const text = JSON.stringify(object, null, indent);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      for (const name of Object.keys(parsed)) {
        expect(JSON.parse(textAt(text, [name]) ?? 'null')).toEqual(parsed[name]);
      }
      const folded = Object.keys(parsed).map((name) => name.toLowerCase().replaceAll('\u017f', 's'));
      expect(ambiguousName(Buffer.from(text), [], []) === undefined).toBe(new Set(folded).size === folded.length);
    }),
  );
});

it('replaces ranges and nothing else', () => {
  const bytes = Buffer.from('{"id":1,"b":{"id":22}}');
  const ranges = [locate(bytes, ['b', 'id']), locate(bytes, ['id'])].flatMap((range) => (range ? [range] : []));
  const by = Buffer.from('"x"');
  expect(
    replaceRanges(
      bytes,
      ranges.map((range) => ({ range, by })),
    ).toString(),
  ).toBe('{"id":"x","b":{"id":"x"}}');
});

it('names a member that stands twice, however it is written', () => {
  expect(ambiguousName(Buffer.from('{"a":1,"\\u0061":2}'), [], [])).toBe('a');
  expect(ambiguousName(Buffer.from('{"p":{"b":1,"c":2,"b":3}}'), ['p'], [])).toBe('b');
});

it('puts JSON on one line without changing what it says', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const bytes = Buffer.from(JSON.stringify(value, null, 2).replaceAll('\n', '\r\n'));
      putOnOneLine(bytes);
      expect(bytes.includes('\n') || bytes.includes('\r')).toBe(false);
      expect(JSON.parse(bytes.toString())).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
