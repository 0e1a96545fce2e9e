import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withoutManagedFields } from './managed-fields.ts';

const owned = {
  manager: 'kubectl',
  fieldsV1: { 'f:spec': { 'f:env': { '.': {}, 'k:{"name":"A]"}': { 'f:name': {} } }, 'v:["\\"]': {} } },
};

/** What is read of the text, and how long the text was that JSON.parse got. */
function read(value: unknown): unknown {
  return JSON.parse(withoutManagedFields(JSON.stringify(value)));
}

describe('what is read of a review', () => {
  it('has no managed fields, neither of the new object nor of the old one', () => {
    const server = (name: string, managedFields: readonly unknown[]): object => ({
      metadata: { managedFields, name },
      spec: { config: { arguments: ['"managedFields":[', '\\'] } },
    });
    const request = { object: server('new', [owned, [owned]]), oldObject: server('old', [owned]), dryRun: false };
    expect(read({ request })).toEqual({
      request: { object: server('new', []), oldObject: server('old', []), dryRun: false },
    });
  });

  it.each([']', '],', ']},', '}]},', '"]},"', '[', '":['])('has none where a name in them is %s', (name) => {
    const server = (managedFields: readonly object[]): object => ({ metadata: { managedFields }, spec: { a: 1 } });
    const fields = [{ fieldsV1: { [name]: {}, f: name } }, { time: name }];
    expect(read({ object: server(fields), oldObject: server([]) })).toEqual({
      object: server([]),
      oldObject: server([]),
    });
  });

  it.each<[string, unknown]>([
    ['nothing of the kind', { metadata: { name: 'search' } }],
    ['an empty list', { metadata: { managedFields: [] } }],
    ['no list', { metadata: { managedFields: { a: [1] } } }],
    ['a text that looks like it', { a: ',"managedFields":[1],' }],
    ['a name that ends like it', { 'a"managedFields': [1], b: 2 }],
    ['a text that ends before it', ['a,', { b: '{"managedFields":[' }]],
  ])('is all of it where it has %s', (_, value) => {
    expect(read(value)).toEqual(value);
  });

  it.each([
    '{"managedFields":[',
    '{"managedFields":["',
    '{"managedFields":["\\',
    '{"managedFields":[[]',
    '"managedFields":[1]',
    '{"managedFields":["]"',
  ])('is all of a text that ends too early: %s', (text) => {
    expect(withoutManagedFields(text)).toBe(text);
  });

  it('is what JSON.parse reads, but for these lists, whatever the review is', () => {
    const emptied = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(emptied);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, field]) => [
          name,
          name === 'managedFields' && Array.isArray(field) ? [] : emptied(field),
        ]),
      );
    };
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.constantFrom('"managedFields":[', ',"managedFields":[', '\\"', ']', '],', ']},', '[', '"'),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(fc.string(), fc.constantFrom('managedFields', ',"managedFields', '],', ']},')),
          tie('tree'),
          {
            maxKeys: 4,
            noNullPrototype: true,
          },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        expect(read(value)).toEqual(emptied(parsed));
      }),
    );
  });
});
