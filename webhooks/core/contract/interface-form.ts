import { isRecord, ownValue } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { toJcs } from './jcs.ts';

/** A JSON schema without what only people read, and apart from it what they do. */
export interface SchemaForm {
  /** What the schema says about values, in one notation of the several that mean the same; undefined: there is no schema. */
  readonly schema: unknown;
  /** What it says to people and models: where, which keyword, and what. */
  readonly texts: readonly (readonly [path: string, keyword: string, value: unknown])[];
}

/**
 * What references may add to a schema, in characters: they multiply, so all of them together at most twice as much as the tool has, and some for small
 * ones. Each counts with the length of what it refers to, and at least so much.
 */
export function roomForReferences(length: number): number {
  return 1_024 + 2 * length;
}
const leastOfReference = 128;
/** How much of a path is kept, in characters, from its end: names may be long, and paths have many of them. */
const maxPathLength = 64;

/**
 * Two schemas that differ in notation alone have the same form: sets are sorted, what says nothing is dropped, a reference within the schema is what
 * it refers to. A reference that leads to itself, or out of the schema, stays one. A schema that becomes too large that way is its own form.
 */
export function toSchemaForm(schema: unknown, room = roomForReferences(1_024)): SchemaForm {
  if (schema === undefined) return { schema, texts: [] };
  const walk: Walk = { root: schema, left: room, texts: [] };
  const formed = form(schema, { path: '', refs: ['#'] }, walk);
  return walk.left > 0 ? { schema: formed, texts: walk.texts } : { schema, texts: [['', 'schema', schema]] };
}

interface Walk {
  readonly root: unknown;
  left: number;
  readonly texts: [string, string, unknown][];
}

interface At {
  readonly path: string;
  /** References that lead here. */
  readonly refs: readonly string[];
}

/** What people and models read; `default` and `examples` bind nobody. */
const textKeywords: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', '$comment', 'deprecated'],
]);
/** What belongs to the notation. Definitions are where they are referred to. */
const notation: ReadonlySet<string> = new Set(['$schema', '$defs', 'definitions']);

const ofOne: ReadonlySet<string> = new Set([
  ...['additionalProperties', 'items', 'contains', 'not', 'if', 'then', 'else', 'propertyNames'],
  ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema', 'additionalItems'],
]);
const ofList: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const ofMap: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas']);
const sets: ReadonlySet<string> = new Set(['required', 'enum', 'type', 'allOf', 'anyOf']);
/** That say nothing when they are empty. */
const mayBeEmpty: ReadonlySet<string> = new Set(['required', 'properties', 'patternProperties', 'dependentRequired']);
/** That say nothing when every value is fine. */
const mayBeTrue: ReadonlySet<string> = new Set(['additionalProperties', 'items']);

function form(schema: unknown, at: At, walk: Walk): unknown {
  if (walk.left <= 0 || !isRecord(schema)) return schema;
  const referred = followed(schema, at, walk);
  if (referred !== undefined) return referred;
  const formed: [string, unknown][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (isText(keyword)) walk.texts.push([at.path, keyword, value]);
    else if (!notation.has(keyword)) formed.push(...formKeyword(keyword, value, { at, walk }));
  }
  return simplest(Object.fromEntries(formed));
}

function isText(keyword: string): boolean {
  return textKeywords.has(keyword) || (keyword.startsWith('x-') && keyword !== 'x-mcp-header');
}

interface Place {
  readonly at: At;
  readonly walk: Walk;
}

function formKeyword(keyword: string, value: unknown, { at, walk }: Place): readonly [string, unknown][] {
  const inside = (path: string, one: unknown): unknown =>
    form(one, { ...at, path: `${at.path}/${path}`.slice(-maxPathLength) }, walk);
  const formed = formValue(keyword, value, inside);
  if (mayBeEmpty.has(keyword) && isEmpty(formed)) return [];
  if (mayBeTrue.has(keyword) && formed === true) return [];
  return keyword === 'const' ? [['enum', [formed]]] : [[keyword, formed]];
}

function formValue(keyword: string, value: unknown, inside: (path: string, schema: unknown) => unknown): unknown {
  if (Array.isArray(value)) return formList(keyword, value, inside);
  if (ofOne.has(keyword)) return inside(keyword, value);
  if (!isRecord(value)) return value;
  if (ofMap.has(keyword)) return mapValues(value, (one, name) => inside(`${keyword}/${name}`, one));
  return keyword === 'dependentRequired' ? mapValues(value, asSetIfList) : value;
}

function formList(
  keyword: string,
  list: readonly unknown[],
  inside: (path: string, schema: unknown) => unknown,
): unknown {
  // A list of `items` is a notation of before 2020-12.
  const hasSchemas = ofList.has(keyword) || ofOne.has(keyword);
  const formed = hasSchemas ? list.map((one, index) => inside(`${keyword}/${index}`, one)) : list;
  // No set: what matches two of the same matches not exactly one.
  if (keyword === 'oneOf') return asSorted(formed);
  if (!sets.has(keyword)) return formed;
  const set = asSet(formed);
  return keyword === 'type' && set.length === 1 ? set[0] : set;
}

/** By entries, because `__proto__` is a name like any other on the wire. */
function mapValues(record: Fields, to: (value: unknown, name: string) => unknown): Fields {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value, name)]));
}

function asSetIfList(value: unknown): unknown {
  return Array.isArray(value) ? asSet(value) : value;
}

function asSet(list: readonly unknown[]): readonly unknown[] {
  return [...new Map(asSorted(list).map((one) => [toJcs(one), one])).values()];
}

function asSorted(list: readonly unknown[]): readonly unknown[] {
  const texts = list.map((one) => ({ one, text: toJcs(one) }));
  return texts.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text))).map(({ one }) => one);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

/** A schema without keywords takes everything, as `true` does; a choice of one is none. */
function simplest(schema: Fields): unknown {
  let simple = schema;
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const { [keyword]: list, ...others } = simple;
    const [only, ...more] = Array.isArray(list) ? (list as readonly unknown[]) : [];
    if (!isRecord(only) || more.length > 0) continue;
    if (Object.keys(only).every((name) => !Object.hasOwn(others, name))) simple = { ...others, ...only };
  }
  return isEmpty(simple) ? true : simple;
}

/** What a reference within the schema refers to; undefined: there is none, or it cannot be followed. */
function followed(schema: Fields, at: At, walk: Walk): unknown {
  const { $ref: ref, ...beside } = schema;
  if (typeof ref !== 'string' || !ref.startsWith('#/') || at.refs.includes(ref)) return undefined;
  const target = resolve(walk.root, ref);
  if (target === undefined) return undefined;
  walk.left -= Math.max(leastOfReference, toJcs(target).length);
  if (walk.left <= 0) return schema;
  const there = form(target, { path: at.path, refs: [...at.refs, ref] }, walk);
  if (walk.left <= 0) return schema;
  const here = form(beside, at, walk);
  return here === true ? there : simplest({ allOf: asSet([there, here]) });
}

function resolve(root: unknown, ref: string): unknown {
  let value = root;
  for (const part of ref.slice(2).split('/')) value = ownValue(value, unescapePointer(part));
  return value;
}

/** RFC 6901. Percent signs, which a URI may have, are not decoded: then the reference stays one. */
export function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
