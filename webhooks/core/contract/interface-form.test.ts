import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { roomForReferences, toSchemaForm } from './interface-form.ts';
import { toJcs } from './jcs.ts';

const formOf = (schema: unknown): string => toJcs(toSchemaForm(schema).schema);

describe('the form of a schema', () => {
  it.each<[string, unknown, unknown]>([
    ['titles and descriptions', { type: 'string' }, { type: 'string', title: 'A', description: 'b' }],
    ['defaults and examples', { type: 'string' }, { type: 'string', default: 'a', examples: ['b'] }],
    ['the dialect', { type: 'object' }, { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }],
    ['extensions of others', { type: 'string' }, { type: 'string', 'x-order': 1 }],
    ['the order of required names', { required: ['a', 'b'] }, { required: ['b', 'a'] }],
    ['the order of values', { enum: ['a', 1, null] }, { enum: [null, 'a', 1] }],
    ['a list of one type', { type: 'string' }, { type: ['string'] }],
    ['a constant as the only value', { enum: ['a'] }, { const: 'a' }],
    ['a choice of one', { type: 'string' }, { anyOf: [{ type: 'string' }] }],
    [
      'the order of choices',
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'null' }, { type: 'string' }] },
    ],
    ['other properties that are allowed anyway', { type: 'object' }, { type: 'object', additionalProperties: true }],
    ['the same as an empty schema', { type: 'object' }, { type: 'object', additionalProperties: {} }],
    ['empty lists and maps', { type: 'object' }, { type: 'object', required: [], properties: {} }],
    [
      'a definition and what refers to it',
      { properties: { a: { type: 'string' } } },
      { properties: { a: { $ref: '#/$defs/A~1b' } }, $defs: { 'A/b': { type: 'string', description: 'x' } } },
    ],
    [
      'a definition whose name is encoded in what refers to it',
      { properties: { a: { type: 'string' } } },
      { properties: { a: { $ref: '#/$defs/P%3CQ%3E' } }, $defs: { 'P<Q>': { type: 'string' } } },
    ],
    [
      'a reference with words beside it',
      { properties: { a: { type: 'string' } } },
      { properties: { a: { $ref: '#/definitions/A', description: 'x' } }, definitions: { A: { type: 'string' } } },
    ],
  ])('leaves out %s', (_, plain, noted) => {
    expect(formOf(noted)).toBe(formOf(plain));
  });

  it.each<[string, unknown, unknown]>([
    ['a property that is called title', { properties: { title: { type: 'string' } } }, { properties: {} }],
    ['a header that a value goes to', { type: 'string', 'x-mcp-header': 'A' }, { type: 'string' }],
    ['the order of a tuple', { prefixItems: [{ type: 'string' }, true] }, { prefixItems: [true, { type: 'string' }] }],
    ['a reference out of the schema', { $ref: 'https://example.com/a' }, { $ref: 'https://example.com/b' }],
    ['one of two that are the same, which is none of them', { oneOf: [true, true] }, { oneOf: [true] }],
    [
      'other properties that are closed without those beside',
      { properties: { a: true }, allOf: [{ additionalProperties: false }] },
      { properties: { a: true }, additionalProperties: false },
    ],
    ['that all items are evaluated', { items: true, unevaluatedItems: false }, { unevaluatedItems: false }],
    ...[
      ['#Anchor', { $anchor: 'Anchor' }],
      ['https://example.com/a', { $id: 'https://example.com/a' }],
      ['a', { $id: 'a' }],
    ].map(([$ref, name]): [string, unknown, unknown] => [
      `what ${JSON.stringify($ref)} refers to`,
      { properties: { a: { $ref } }, $defs: { A: { ...(name as object), type: 'string' } } },
      { properties: { a: { $ref } }, $defs: { A: { ...(name as object), type: 'number' } } },
    ]),
    [
      'what a dynamic reference refers to',
      { properties: { a: { $dynamicRef: '#A' } }, $defs: { A: { $dynamicAnchor: 'A', type: 'string' } } },
      { properties: { a: { $dynamicRef: '#A' } }, $defs: { A: { $dynamicAnchor: 'A', type: 'number' } } },
    ],
    [
      'what a keyword of an older draft refers to',
      { dependencies: { a: { $ref: '#/$defs/A' } }, $defs: { A: { required: ['b'] } } },
      { dependencies: { a: { $ref: '#/$defs/A' } }, $defs: { A: { required: ['c'] } } },
    ],
    [
      'how far up a reference leads that leads to itself',
      { $ref: '#/$defs/A', $defs: { A: { properties: { a: { properties: { b: { $ref: '#/$defs/A' } } } } } } },
      { properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { properties: { b: { $ref: '#/$defs/A' } } } } },
    ],
    ['look-alikes in names', { properties: { a: true } }, { properties: { а: true } }],
  ])('keeps %s', (_, one, other) => {
    expect(formOf(one)).not.toBe(formOf(other));
  });

  it('follows a reference that leads to itself once', () => {
    const tree = (leaf: string): unknown => ({
      $ref: '#/$defs/Node',
      $defs: { Node: { properties: { leaf: { type: leaf }, next: { $ref: '#/$defs/Node' } } } },
    });
    const node = '{"leaf":{"type":"string"},"next":{"$ref":"#/$defs/Node"}}';
    expect(formOf(tree('string'))).toBe(`{"$defs":{"Node":{"properties":${node}}},"properties":${node}}`);
    expect(formOf(tree('string'))).not.toBe(formOf(tree('number')));
  });

  it('of references that multiply is the schema itself, in bounded time', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => {
        const next = { $ref: `#/$defs/d${at + 1}` };
        return [`d${at}`, { properties: { a: next, b: next } }];
      }),
    );
    const schema = { $ref: '#/$defs/d0', $defs };
    expect(toSchemaForm(schema).schema).toEqual(schema);
  });

  it('is at most some times as large as its schema, whatever multiplies in it: a page of such tools took 25 s', () => {
    const multiplying = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => {
        const next = { $ref: `#/$defs/d${at + 1}` };
        return [`d${at}`, { properties: { a: next, b: next } }];
      }),
    );
    const many = (one: unknown): object =>
      Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`p${at}`, one]));
    const costly: readonly unknown[] = [
      { $ref: '#/$defs/d0', $defs: multiplying },
      { properties: { ['n'.repeat(100_000)]: { properties: many({ description: 'd' }) } } },
      { properties: many({ $ref: '#/$defs/a' }), $defs: { a: { description: 'd'.repeat(100_000) } } },
    ];
    for (const schema of costly) {
      const length = toJcs(schema).length;
      const form = toSchemaForm(schema, roomForReferences(length));
      expect(toJcs([form.schema, form.texts]).length).toBeLessThan(20 * length);
    }
  });

  it.each<[string, (size: number) => unknown]>([
    [
      'definitions in a row, which took tens of seconds',
      (size) => ({
        $ref: '#/$defs/d0',
        $defs: Object.fromEntries(
          Array.from({ length: size }, (_, at) => [
            `d${at}`,
            // So long that each may be followed.
            { $ref: `#/$defs/d${at + 1}`, minProperties: at, description: 'd'.repeat(64) },
          ]),
        ),
      }),
    ],
    ['choices in choices', (size) => nested(size, (inner) => ({ anyOf: [inner, { type: 'null' }] }))],
    ['all of all', (size) => nested(size, (inner) => ({ allOf: [inner, { minLength: 1 }] }))],
    ['a wide set', (size) => ({ enum: Array.from({ length: size }, (_, at) => `${at}`) })],
    ['long names', (size) => ({ properties: { ['n'.repeat(size)]: { description: 'd' } } })],
  ])('takes work that grows as its schema does: %s', (_, make) => {
    const charactersOf = (size: number): number => {
      const schema = make(size);
      const written = jest.spyOn(JSON, 'stringify');
      toSchemaForm(schema, roomForReferences(toJcs(schema).length));
      const { length } = written.mock.calls;
      written.mockRestore();
      return length;
    };
    const [small, large] = [charactersOf(100), charactersOf(1_000)];
    expect(large).toBeLessThan(25 * small + 100);
  });

  it('is the form of itself', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const { schema } = toSchemaForm(JSON.parse(text));
        expect(formOf(schema)).toBe(toJcs(schema));
      }),
    );
  });

  it('has the words of definitions that nothing refers to, once', () => {
    const { texts } = toSchemaForm({
      properties: { a: { $ref: '#/$defs/A' } },
      $defs: { A: { description: 'a' }, B: { description: 'b', properties: { c: { title: 'c' } } } },
    });
    expect(texts).toEqual([
      ['/$defs/B', 'description', 'b'],
      ['/$defs/B/properties/c', 'title', 'c'],
      ['/properties/a', 'description', 'a'],
    ]);
  });

  it('has the same words in any order of members', () => {
    const of = (schema: unknown): unknown => toSchemaForm(schema).texts;
    expect(of({ title: 'T', description: 'd' })).toEqual(of({ description: 'd', title: 'T' }));
  });

  it('has the words apart, with their places', () => {
    const { texts } = toSchemaForm({ title: 'T', properties: { a: { description: 'd', type: 'string' } } });
    expect(texts).toEqual([
      ['', 'title', 'T'],
      ['/properties/a', 'description', 'd'],
    ]);
  });
});

function nested(depth: number, around: (inner: unknown) => unknown): unknown {
  let schema: unknown = { type: 'string' };
  for (let at = 0; at < depth; at += 1) schema = around(schema);
  return schema;
}
