import { describe, expect, it } from '@jest/globals';

import { FieldReader } from './field-reader.ts';

/** What it hands on when the bytes come in pieces of `size`. */
function read(text: string, size = Infinity): { readonly texts: readonly string[]; readonly isComplete: boolean } {
  const texts: string[] = [];
  const reader = new FieldReader(new Set(['data', 'metadata']), (field, key, value) => {
    texts.push(`${field}.${key}=${value.toString('utf8')}`);
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
  return { texts, isComplete: reader.isComplete };
}

const object = {
  kind: 'ConfigMap',
  metadata: {
    name: 'data',
    labels: { data: 'no', 'a"b': ',' },
    managedFields: [{ fieldsV1: { 'f:data': { 'f:a': {} } } }, 'x'],
    generation: 3,
    resourceVersion: '12',
  },
  immutable: true,
  other: { data: { a: 'no' }, list: ['data', 'a'] },
  data: { '': 'empty name', a: '', 'b{[,:]}': '{"data":{"a":"no"}}', c: '\\', d: 'ä"\n\u2028😀\\"', e: null, f: 'end' },
  status: ['data', { data: 'no' }],
};

const wanted = [
  'metadata.name=data',
  'metadata.resourceVersion=12',
  ...Object.entries(object.data).flatMap(([key, value]) => (value === null ? [] : [`data.${key}=${value}`])),
];

describe('FieldReader', () => {
  it.each([1, 2, 3, 7, 64, Infinity])('hands on the texts of the fields, in pieces of %d bytes', (size) => {
    expect(read(JSON.stringify(object), size)).toEqual({ texts: wanted, isComplete: true });
    expect(read(JSON.stringify(object, undefined, 2), size)).toEqual({ texts: wanted, isComplete: true });
  });

  it('reads texts that are written as escapes only', () => {
    expect(read(String.raw`{"\u0064ata":{"\u0061":"\u00e4\ud83d\ude00"}}`).texts).toEqual(['data.a=ä😀']);
  });

  it('says of every beginning that it is not whole', () => {
    const text = JSON.stringify(object);
    expect(read(text).isComplete).toBe(true);
    for (let end = 0; end < text.length; end += 1) expect(read(text.slice(0, end)).isComplete).toBe(false);
  });

  it('quotes nothing of a text that it cannot read', () => {
    expect(() => read(String.raw`{"data":{"a":"hunter2\x"}}`)).toThrow(/^the answer is not JSON$/);
  });

  it.each(['[]', '[{"data":{"a":"b"}}]', '"data"', '{"data":["a","b"]}', '{"data":"a"}'])(
    'hands on nothing of %s',
    (text) => {
      expect(read(text).texts).toEqual([]);
    },
  );
});
