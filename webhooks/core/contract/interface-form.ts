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

/** How much is written out to sort sets, in characters: each level of them writes all below it again. Together with the above, so much work is the most. */
const workOf = (room: number): number => 4 * room;
/** Deepest schema in schema, references included. */
const maxDepth = 128;

/**
 * Two schemas that differ in notation alone have the same form: sets are sorted, what says nothing is dropped, a reference within the schema is what
 * it refers to. A reference that leads to itself, or out of the schema, stays one, and then definitions stay, too. A schema that becomes too large or
 * too deep that way, or has references that cannot be told to lead to what stays, is its own form.
 */
export function toSchemaForm(schema: unknown, room = roomForReferences(1_024)): SchemaForm {
  if (schema === undefined) return { schema, texts: [] };
  const known = namesIn(schema);
  const walk: Walk = {
    ...{ root: schema, left: room, work: workOf(room), follows: true, texts: [], targets: new Set(), definitions: [] },
    keepsTrue: known.hasUnevaluated,
  };
  const formed = form(schema, { path: '', refs: [], depth: 0 }, walk);
  const definitions = formDefinitions(walk);
  const whole = withDefinitions(formed, definitions);
  const isLost = walk.left <= 0 || walk.work <= 0 || (whole !== formed && isAmbiguous(whole, known));
  if (isLost || (known.hasNestedId && known.refs.length > 0)) return { schema, texts: [['', 'schema', schema]] };
  return { schema: whole, texts: sortedTexts(walk.texts) };
}

interface Walk {
  readonly root: unknown;
  /** Of the room for references, and of the work: with nothing left of one of them, there is no form. */
  left: number;
  work: number;
  /** Whether references are followed. */
  follows: boolean;
  /** Whether `additionalProperties: true` says something, as beside `unevaluatedProperties`. */
  readonly keepsTrue: boolean;
  texts: [string, string, unknown][];
  /** What references were followed to. */
  readonly targets: Set<unknown>;
  /** Where definitions were met: what is there, and by which keyword. */
  readonly definitions: { readonly at: At; readonly keyword: string; readonly map: Fields }[];
}

interface At {
  readonly path: string;
  /** References that lead here. */
  readonly refs: readonly string[];
  readonly depth: number;
}

interface NamesInSchema {
  readonly refs: readonly string[];
  /** Whether something has a name of its own, that is no pointer. */
  readonly hasNames: boolean;
  readonly hasNestedId: boolean;
  readonly hasUnevaluated: boolean;
}

const referring: ReadonlySet<string> = new Set(['$ref', '$dynamicRef', '$recursiveRef']);
const naming: ReadonlySet<string> = new Set(['$id', '$anchor', '$dynamicAnchor', '$recursiveAnchor']);

/** Wherever they stand, in values, too: then there may be too many. */
function namesIn(schema: unknown): NamesInSchema {
  const found = { refs: [] as string[], hasNames: false, hasNestedId: false, hasUnevaluated: false };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isRecord(value)) return;
    for (const [name, one] of Object.entries(value)) {
      if (referring.has(name) && typeof one === 'string') found.refs.push(one);
      if (naming.has(name)) found.hasNames = true;
      if (name === '$id' && typeof one === 'string' && value !== schema) found.hasNestedId = true;
      if (name === 'unevaluatedProperties' || name === 'unevaluatedItems') found.hasUnevaluated = true;
      visit(one);
    }
  };
  visit(schema);
  return found;
}

/** Definitions by keyword, with their references as they are. The words of those that nothing refers to are words of the schema. */
function formDefinitions(walk: Walk): ReadonlyMap<string, Fields> {
  const formed = new Map<string, Fields>();
  const { texts } = walk;
  walk.follows = false;
  for (const { at, keyword, map } of walk.definitions.splice(0)) {
    const one = mapValues(map, (value, name) => {
      walk.texts = walk.targets.has(value) ? [] : texts;
      return form(value, inside(at, `${keyword}/${name}`), walk);
    });
    if (at.depth === 0) formed.set(keyword, one);
  }
  walk.texts = texts;
  return formed;
}

/** With references that lead to something else than the whole, definitions say what they lead to. */
function withDefinitions(formed: unknown, definitions: ReadonlyMap<string, Fields>): unknown {
  return namesIn(formed).refs.every((ref) => ref === '#') || !isRecord(formed)
    ? formed
    : { ...formed, ...Object.fromEntries(definitions) };
}

/** Whether a reference may lead to something that is not there any more. */
function isAmbiguous(formed: unknown, { hasNames }: NamesInSchema): boolean {
  return namesIn(formed).refs.some((ref) => {
    if (!ref.startsWith('#/')) return ref !== '#' && hasNames;
    const [first = '', , ...rest] = pointerParts(ref) ?? ['', '', '$defs'];
    const within = notation.has(first) ? rest : [first, ...rest];
    return within.some((part) => isText(part) || notation.has(part));
  });
}

/** The order of members is none. */
function sortedTexts(texts: SchemaForm['texts']): SchemaForm['texts'] {
  const keyed = texts.map((one) => ({ one, key: toJcs(one) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ one }) => one);
}

/** What people and models read; `default` and `examples` bind nobody. */
const textKeywords: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', '$comment', 'deprecated'],
]);
/** What belongs to the notation. Definitions are where they are referred to. */
const notation: ReadonlySet<string> = new Set(['$defs', 'definitions']);

const ofOne: ReadonlySet<string> = new Set([
  ...['additionalProperties', 'items', 'contains', 'not', 'if', 'then', 'else', 'propertyNames'],
  ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema', 'additionalItems'],
]);
const ofList: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const ofMap: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'],
]);
const sets: ReadonlySet<string> = new Set(['required', 'enum', 'type', 'allOf', 'anyOf']);
/** That say nothing when they are empty. */
const mayBeEmpty: ReadonlySet<string> = new Set(['required', 'properties', 'patternProperties', 'dependentRequired']);
/** That say nothing when every value is fine. */
const mayBeTrue: ReadonlySet<string> = new Set(['additionalProperties', 'items']);

function form(schema: unknown, at: At, walk: Walk): unknown {
  if (at.depth > maxDepth) walk.left = 0;
  if (walk.left <= 0 || walk.work <= 0 || !isRecord(schema)) return schema;
  const referred = walk.follows ? followed(schema, at, walk) : undefined;
  if (referred !== undefined) return referred;
  const formed: [string, unknown][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (isText(keyword)) walk.texts.push([at.path, keyword, value]);
    else if (isDefinitions(keyword, value) && walk.follows) walk.definitions.push({ at, keyword, map: value });
    else if (keyword !== '$schema') formed.push(...formKeyword(keyword, value, { at, walk }));
  }
  return simplest(Object.fromEntries(formed));
}

function isDefinitions(keyword: string, value: unknown): value is Fields {
  return notation.has(keyword) && isRecord(value);
}

function isText(keyword: string): boolean {
  return textKeywords.has(keyword) || (keyword.startsWith('x-') && keyword !== 'x-mcp-header');
}

interface Place {
  readonly at: At;
  readonly walk: Walk;
}

function formKeyword(keyword: string, value: unknown, { at, walk }: Place): readonly [string, unknown][] {
  const formed = formValue(keyword, value, {
    form: (path, one) => form(one, inside(at, path), walk),
    write: writer(walk),
  });
  if (mayBeEmpty.has(keyword) && isEmpty(formed)) return [];
  if (mayBeTrue.has(keyword) && formed === true && !walk.keepsTrue) return [];
  return keyword === 'const' ? [['enum', [formed]]] : [[keyword, formed]];
}

function inside(at: At, path: string): At {
  return { ...at, path: `${at.path}/${path}`.slice(-maxPathLength), depth: at.depth + 1 };
}

/** How the parts of a value are formed, and how they are written to be sorted. */
interface Parts {
  readonly form: (path: string, schema: unknown) => unknown;
  readonly write: (value: unknown) => string;
}

function formValue(keyword: string, value: unknown, parts: Parts): unknown {
  if (Array.isArray(value)) return formList(keyword, value, parts);
  if (ofOne.has(keyword)) return parts.form(keyword, value);
  if (!isRecord(value)) return value;
  if (ofMap.has(keyword)) return mapValues(value, (one, name) => parts.form(`${keyword}/${name}`, one));
  if (keyword !== 'dependentRequired') return value;
  return mapValues(value, (one) => (Array.isArray(one) ? asSet(one, parts.write) : one));
}

function formList(keyword: string, list: readonly unknown[], { form: formOne, write }: Parts): unknown {
  // A list of `items` is a notation of before 2020-12.
  const hasSchemas = ofList.has(keyword) || ofOne.has(keyword);
  const formed = hasSchemas ? list.map((one, index) => formOne(`${keyword}/${index}`, one)) : list;
  // No set: what matches two of the same matches not exactly one.
  if (keyword === 'oneOf') return asSorted(formed, write).map(({ one }) => one);
  if (!sets.has(keyword)) return formed;
  const set = asSet(formed, write);
  return keyword === 'type' && set.length === 1 ? set[0] : set;
}

/** By entries, because `__proto__` is a name like any other on the wire. */
function mapValues(record: Fields, to: (value: unknown, name: string) => unknown): Fields {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value, name)]));
}

type Write = Parts['write'];

/** Each text is charged, and nothing is written when nothing is left: then there is no form. */
function writer(walk: Walk): Write {
  return (value) => {
    if (walk.work <= 0) return '';
    const text = toJcs(value);
    walk.work -= text.length + 1;
    return text;
  };
}

function asSet(list: readonly unknown[], write: Write): readonly unknown[] {
  return [...new Map(asSorted(list, write).map(({ one, text }) => [text, one])).values()];
}

function asSorted(list: readonly unknown[], write: Write): readonly { readonly one: unknown; readonly text: string }[] {
  const texts = list.map((one) => ({ one, text: write(one) }));
  return texts.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

/** A schema without keywords takes everything, as `true` does; a choice of one is none. */
function simplest(schema: Fields): unknown {
  let simple = schema;
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    if (!Object.hasOwn(simple, keyword)) continue;
    const { [keyword]: list, ...others } = simple;
    const [only, ...more] = Array.isArray(list) ? (list as readonly unknown[]) : [];
    if (!isRecord(only) || more.length > 0) continue;
    if (mayJoin(only, others)) simple = { ...others, ...only };
  }
  return isEmpty(simple) ? true : simple;
}

/** Keywords that mean something else beside each other, or beside one of theirs. */
const groups: readonly ReadonlySet<string>[] = [
  new Set(['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties']),
  new Set(['items', 'prefixItems', 'additionalItems', 'unevaluatedItems']),
  new Set(['contains', 'minContains', 'maxContains', 'unevaluatedItems']),
  new Set(['if', 'then', 'else']),
  new Set(['maximum', 'exclusiveMaximum']),
  new Set(['minimum', 'exclusiveMinimum']),
];

/** Whether one schema with the keywords of both takes what both take. */
export function mayJoin(one: Fields, other: Fields): boolean {
  const keywords = Object.keys(one);
  if (keywords.some((keyword) => Object.hasOwn(other, keyword) || naming.has(keyword))) return false;
  return !groups.some((group) => {
    const members = [...group];
    return members.some((name) => Object.hasOwn(one, name)) && members.some((name) => Object.hasOwn(other, name));
  });
}

/** What a reference within the schema refers to; undefined: there is none, or it cannot be followed. */
function followed(schema: Fields, at: At, walk: Walk): unknown {
  const { $ref: ref, ...beside } = schema;
  if (typeof ref !== 'string' || !ref.startsWith('#/') || at.refs.includes(ref)) return undefined;
  const target = resolve(walk.root, ref);
  if (target === undefined) return undefined;
  walk.targets.add(target);
  walk.left -= Math.max(leastOfReference, toJcs(target).length);
  if (walk.left <= 0) return schema;
  const there = form(target, { path: at.path, refs: [...at.refs, ref], depth: at.depth + 1 }, walk);
  if (walk.left <= 0 || walk.work <= 0) return schema;
  const here = form(beside, at, walk);
  if (here === true) return there;
  return simplest({ allOf: asSet([there, here], writer(walk)) });
}

function resolve(root: unknown, ref: string): unknown {
  let value: unknown = root;
  for (const part of pointerParts(ref) ?? []) value = ownValue(value, part);
  return value === root ? undefined : value;
}

/** Of a reference within the schema, which is a fragment of a URI; undefined: it is none. */
function pointerParts(ref: string): readonly string[] | undefined {
  try {
    return decodeURIComponent(ref.slice(2)).split('/').map(unescapePointer);
  } catch {
    return undefined;
  }
}

/** RFC 6901, without percent signs, which only a URI has. */
export function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
