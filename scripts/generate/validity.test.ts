import { describe, expect, it } from '@jest/globals';
import { toJsonSchema } from './crd/json-schema.ts';
import type { SchemaNode } from './crd/schema-node.ts';
import { readSource } from './crd/source.ts';
import { isValid } from '../../webhooks/core/mcpserver/is-valid.gen.ts';
import { errorsOf } from '../../webhooks/core/mcpserver/validate.gen.ts';

const { source, definitions } = await readSource();
const { $defs, ...root } = toJsonSchema(source, definitions);

const resolved = (node: SchemaNode): SchemaNode => (node.$ref === undefined ? node : ($defs[node.$ref.slice(8)] ?? {}));

/** Something that the schema allows, with everything in it. */
function build(node: SchemaNode): unknown {
  const { type, properties = {}, additionalProperties: map, items, enum: words, minimum = 1, ...text } = resolved(node);
  switch (String([type].flat()[0])) {
    case 'object': {
      const fields = Object.entries(properties).map(([name, child]) => [name, build(child)] as const);
      return Object.fromEntries(map === undefined ? fields : [...fields, ['a', build(map)]]);
    }
    case 'array':
      return items === undefined ? [] : [build(items)];
    case 'boolean':
      return true;
    case 'integer':
      return Math.max(1, Number(minimum));
    default:
      return words?.[0] ?? textLike(text);
  }
}

/** Of those that the patterns of the schema allow one each. */
function textLike({ pattern, minLength }: SchemaNode): string {
  const texts = ['a', '1', '/a', '1Gi', '1s', '2026-11-29T12:00:00Z', `sha256:${'a'.repeat(64)}`, 'A'];
  const found = texts.find((text) => pattern === undefined || new RegExp(pattern, 'u').test(text)) ?? '';
  return found.repeat(Math.max(1, pattern === undefined ? Number(minLength ?? 1) : 1));
}

/** One place in it: whose field it is. */
interface Place {
  readonly path: string;
  readonly of: Record<string, unknown>;
  readonly field: string;
}

function placesIn(of: object, path = ''): readonly Place[] {
  return Object.entries(of).flatMap(([field, value]: [string, unknown]) => [
    // Lists have fields, too: 0, 1, …
    { path: `${path}/${field}`, of: of as Record<string, unknown>, field },
    ...(typeof value === 'object' && value !== null ? placesIn(value, `${path}/${field}`) : []),
  ]);
}

/** What may stand anywhere: of every type, near every limit. */
const values: readonly unknown[] = [
  ...[undefined, null, true, '', 'a', '1', '/', 'A', '-', '1e1.5', 'é', '\ud83d', 'a\nb', '2026-11-29'],
  ...[0, 1, -1, 0.5, 65_536, 2 ** 31, -(2 ** 31) - 1, 1e21, -1e21, NaN, Infinity],
  ...[[], ['a'], [null], [{}], {}, { a: 'b' }, { a: null }, { constructor: 1 }],
  ...[64, 256, 1_025].flatMap((length) => ['x'.repeat(length), '🔎'.repeat(length / 2), '🔎'.repeat(length)]),
];

const changes: readonly ((before: unknown) => unknown)[] = [
  ...values.map((value) => () => value),
  // Lists and maps of other lengths, of what may stand in them.
  ...[9, 33, 65].map((length) => (before: unknown) => {
    if (Array.isArray(before)) return Array.from({ length }, () => before[0] as unknown);
    if (typeof before !== 'object' || before === null || !('a' in before)) return before;
    return { ...before, ...Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, before.a])) };
  }),
];

describe('whether something is an MCPServer', () => {
  it('is true of one with everything in it', () => {
    expect(errorsOf(build(root))).toEqual([]);
    expect(isValid(build(root))).toBe(true);
  });

  it('is what is said about it, whatever stands at any place', () => {
    const server = { whole: build(root) };
    const differing: string[] = [];
    const places = placesIn(server);
    const counts = { fine: 0, wrong: 0 };
    for (const { path, of, field } of places) {
      const before = of[field];
      for (const [index, change] of changes.entries()) {
        of[field] = change(before);
        const isFine = errorsOf(server.whole).length === 0;
        counts[isFine ? 'fine' : 'wrong'] += 1;
        if (isValid(server.whole) !== isFine) differing.push(`${path} ${index}`);
      }
      of[field] = before;
    }
    expect(differing).toEqual([]);
    expect(places.length).toBeGreaterThan(300);
    expect(Math.min(counts.fine, counts.wrong)).toBeGreaterThan(5_000);
  });
});
