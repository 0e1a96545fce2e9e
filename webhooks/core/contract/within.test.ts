import { describe, expect, it, jest } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { isRecord } from '../mcpserver/record.ts';
import { toSchemaForm } from './interface-form.ts';
import { toJcs } from './jcs.ts';
import { findBeyond } from './within.ts';

const between = (narrower: unknown, wider: unknown): string | undefined => {
  const found = findBeyond(toSchemaForm(narrower).schema, toSchemaForm(wider).schema);
  return found === undefined ? undefined : `${found.path}: ${found.what}`;
};
const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });
const text = { type: 'string' };
const number = { type: 'number' };

describe('a schema is within another one', () => {
  it.each<[string, unknown, unknown]>([
    ['that is the same', object({ a: text }), object({ a: text })],
    ['with another property that need not be there', object({ a: text }), object({ a: text, b: number })],
    ['that names fewer properties, and lets others pass', object({ a: text, b: text }), object({ a: text })],
    ['that asks for fewer of them', object({ a: text }, { required: ['a'] }), object({ a: text })],
    ['with more values', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } })],
    ['with more types', { type: 'integer' }, { type: ['number', 'null'] }],
    ['with a type for values that were listed', { enum: ['a', 'b'] }, text],
    ['with looser limits', { type: 'integer', minimum: 1, maximum: 9 }, { type: 'integer', minimum: 0 }],
    ['without a pattern', { type: 'string', pattern: 'a' }, text],
    ['with a choice more', text, { anyOf: [text, { type: 'null' }] }],
    ['with a choice more than there were', { anyOf: [text, number] }, { anyOf: [text, { type: 'null' }, number] }],
    ['that opens for other properties', object({ a: text }, { additionalProperties: false }), object({ a: text })],
    ['of lists, with items that are', { type: 'array', items: { type: 'integer' } }, { type: 'array', items: number }],
    ['that takes everything', object({ a: text }), true],
  ])('%s', (_, narrower, wider) => {
    expect(between(narrower, wider)).toBeUndefined();
  });

  it.each<[string, unknown, unknown, string]>([
    ['that asks for another property', object({ a: text }), object({ a: text }, { required: ['a'] }), 'a: required'],
    ['of another type', object({ a: text }), object({ a: number }), 'a: type'],
    ['of fewer types', { type: ['string', 'null'] }, text, ': type'],
    ['with fewer values', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } }), 'a: enum'],
    ['with values where there was any', text, { enum: ['x'] }, ': enum'],
    [
      'that closed itself, without a property that was there',
      object({ a: text, b: text }, { additionalProperties: false }),
      object({ a: text }, { additionalProperties: false }),
      'b: property',
    ],
    ['that closed itself', object({ a: text }), object({ a: text }, { additionalProperties: false }), ': closed'],
    ['with stricter limits', { type: 'integer' }, { type: 'integer', maximum: 5 }, ': bound'],
    ['with a pattern', text, { type: 'string', pattern: 'a' }, ': undecided'],
    ['with a choice less', { anyOf: [text, number] }, { anyOf: [text, { type: 'null' }] }, ': type'],
    ['with something that nobody can decide', object({}), object({}, { not: { required: ['a'] } }), ': undecided'],
    ['with another reference out of it', { $ref: 'https://a' }, { $ref: 'https://b' }, ': undecided'],
    ['whose value goes into another header', text, { type: 'string', 'x-mcp-header': 'A' }, ': header'],
    ['with stricter items', { type: 'array' }, { type: 'array', items: text }, '[]: type'],
    ['deep in a property', object({ a: object({ b: text }) }), object({ a: object({ b: number }) }), 'a.b: type'],
    [
      'whose new property clashes with what all others had to be',
      object({}, { additionalProperties: number }),
      object({ a: text }, { additionalProperties: number }),
      'a: type',
    ],
    [
      'with a type for what had to be there without one',
      { type: 'object', required: ['a'] },
      object({ a: text }),
      'a: type',
    ],
    [
      'with a property that a pattern was for',
      { patternProperties: { '^x': text }, additionalProperties: false },
      { patternProperties: { '^x': text }, properties: { xa: number }, additionalProperties: false },
      ': undecided',
    ],
    ['of objects that were listed', { enum: [{ a: 1 }] }, object({ a: text }), ': undecided'],
    [
      'with other properties where a choice has them closed',
      object({ a: text }, { additionalProperties: false }),
      { type: 'object', properties: { a: text }, allOf: [{ additionalProperties: false }] },
      ': undecided',
    ],
    [
      'without a property beside unevaluatedProperties',
      object({ a: text, b: text }, { unevaluatedProperties: false }),
      object({ a: text }, { unevaluatedProperties: false }),
      ': undecided',
    ],
    [
      'with fewer items beside unevaluatedItems',
      { type: 'array', prefixItems: [text, text], unevaluatedItems: false },
      { type: 'array', prefixItems: [text], unevaluatedItems: false },
      ': undecided',
    ],
    [
      'that does not say any more that all properties are evaluated',
      { additionalProperties: true, unevaluatedProperties: false },
      { unevaluatedProperties: false },
      ': undecided',
    ],
    [
      'with another type for a property that only a choice names',
      object({ b: text }, { anyOf: [{ properties: { a: text } }, { required: ['b'] }] }),
      object({ a: number, b: text }),
      ': undecided',
    ],
    [
      'with a property that a condition may name',
      object({}, { allOf: [{ properties: { a: text } }, { properties: { b: text } }] }),
      object({ a: number }, { allOf: [{ properties: { a: text } }, { properties: { b: text } }] }),
      ': undecided',
    ],
  ])('is not within one %s', (_, narrower, wider, found) => {
    expect(between(narrower, wider)).toBe(found);
  });

  it('undecided, where choices in choices would multiply the work without end', () => {
    const choices = (depth: number, leaf: object): object =>
      depth === 0
        ? leaf
        : {
            anyOf: Array.from({ length: 4 }, (_, at) => ({
              properties: { [`p${at % 2}`]: choices(depth - 1, { ...leaf, maxLength: 9 - at }), q: { minLength: at } },
            })),
          };
    const [narrower, wider] = [choices(4, text), choices(4, number)].map((one) => toSchemaForm(one, 1_000_000).schema);
    const written = jest.spyOn(JSON, 'stringify');
    const found = findBeyond(narrower, wider);
    const { length } = written.mock.calls;
    written.mockRestore();
    expect(found).toBeDefined();
    expect(length).toBeLessThan(16 * (toJcs(narrower).length + toJcs(wider).length) + 200_000);
  });

  it('only if each value of the one is one of the other, as a validator judges them', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    let within = 0;
    fc.assert(
      fc.property(anySchema, anySchema, fc.array(anyValue, { minLength: 5, maxLength: 20 }), (a, b, values) => {
        if (between(a, b) !== undefined) return;
        within += 1;
        const [isOfA, isOfB] = [ajv.compile(closed(a) as object), ajv.compile(b as object)];
        for (const value of values)
          if (isOfA(value)) expect({ value, isOfB: isOfB(value) }).toEqual({ value, isOfB: true });
      }),
      { numRuns: 2_000 },
    );
    expect(within).toBeGreaterThan(50);
  });
});

const names = fc.constantFrom('a', 'b');
const types = fc.constantFrom('string', 'integer', 'number', 'null', 'object', 'array', 'boolean');
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<unknown>('x', 'y', '', 0, 1, 2.5, 7, null, true),
    fc.dictionary(names, tie('value'), { maxKeys: 2 }),
    fc.array(tie('value'), { maxLength: 2 }),
  ),
})).value;

/** Small, so that two of them often have something in common. */
const anySchema = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<unknown>(true, false, {}),
    fc.record({ type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })) }),
    fc.record({ enum: fc.uniqueArray(fc.constantFrom('x', 'y', 1, null), { minLength: 1 }) }),
    fc.record({ enum: fc.uniqueArray(fc.constantFrom<unknown>({ a: 1 }, { a: 'x' }, [1], 'x'), { minLength: 1 }) }),
    fc.record({ required: fc.uniqueArray(names, { minLength: 1, maxLength: 2 }) }),
    fc.record(
      {
        patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$'), tie('schema'), { minKeys: 1, maxKeys: 2 }),
        properties: fc.dictionary(names, tie('schema'), { maxKeys: 1 }),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      },
      { requiredKeys: ['patternProperties'] },
    ),
    fc.record(
      {
        properties: fc.dictionary(names, tie('schema'), { maxKeys: 2 }),
        additionalProperties: fc.boolean(),
        anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        unevaluatedProperties: fc.boolean(),
      },
      { requiredKeys: ['properties'] },
    ),
    fc.record(
      {
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        items: tie('schema'),
        unevaluatedItems: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    fc.record({ minimum: fc.constantFrom(0, 2), maximum: fc.constantFrom(3, 7) }, { requiredKeys: [] }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(names, tie('schema'), { maxKeys: 2 }),
        required: fc.uniqueArray(names, { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      { type: fc.constant('array'), items: tie('schema'), maxItems: fc.constantFrom(0, 1) },
      { requiredKeys: ['type'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), type: types }),
    fc.record({ not: tie('schema') }),
  ),
})).schema;

/** Without properties that it does not name, of which nobody knows. */
function closed(schema: unknown): unknown {
  if (!isRecord(schema) && schema !== true) return schema;
  const inside = isRecord(schema) ? closedInside(schema) : {};
  return { allOf: [inside, { propertyNames: { enum: [...namesOf(schema), 'none'] } }] };
}

const inPlace: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'oneOf']);

/** A schema of the same value as the one around it is as open as that one. */
function closedInside(schema: object): object {
  const each = (value: unknown): unknown =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, closed(one)])) : value;
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]: [string, unknown]) => {
      if (inPlace.has(keyword) && Array.isArray(value)) {
        return [keyword, value.map((one: unknown) => (isRecord(one) ? closedInside(one) : one))];
      }
      if (keyword === 'properties' || keyword === 'patternProperties') return [keyword, each(value)];
      if (keyword === 'prefixItems' && Array.isArray(value)) return [keyword, value.map(closed)];
      return [keyword, keyword === 'items' ? closed(value) : value];
    }),
  );
}

/** What it names, for the same value; both, if it says something of all others. */
function namesOf(schema: unknown): ReadonlySet<string> {
  if (!isRecord(schema)) return new Set();
  const { properties = {}, required = [], patternProperties, additionalProperties } = schema;
  const others = toSchemaForm(additionalProperties ?? true).schema;
  if (patternProperties !== undefined || others !== true || Object.hasOwn(schema, 'not')) return new Set(['a', 'b']);
  const choices = [...inPlace].flatMap((keyword) => schema[keyword] ?? []);
  const own = [...Object.keys(properties as object), ...(required as readonly string[])];
  return new Set([...own, ...choices.flatMap((one) => [...namesOf(one)])]);
}
