import { isRecord } from '../mcpserver/record.ts';
import { keyFieldsOf } from './foreign/field-tree.ts';
import type { OwnedPath, FieldTree } from './foreign/field-tree.ts';

/** Identity and bookkeeping: part of every applied object, owned by nobody. */
const unownedFields = new Set(['apiVersion', 'kind']);
const unownedMetadata = new Set(['name', 'namespace', 'uid', 'resourceVersion']);

/** How what a manager owns differs from what it applied; nothing of it is kept, so there is no limit. */
export interface Drift {
  /** What was applied and is not owned any more: somebody changed or removed it. */
  readonly lost: readonly OwnedPath[];
  /** What is owned and was not applied: the next apply removes it. */
  readonly extra: readonly OwnedPath[];
}

/**
 * Compares the `fieldsV1` of a manager with what it applied; undefined when it owns every leaf of that and nothing else.
 *
 * This is how drift is seen without comparing values, for which one would have to know every default of the API
 * server: whoever changes or removes the value of a field that we own takes it away from our entry; as long as nobody
 * did, our values stand. Works without a schema, because the server's own list of fields says which lists are keyed and
 * which values are one piece (a selector, for example). What cannot be read is all lost.
 */
export function findDrift(applied: unknown, fieldsV1: string): Drift | undefined {
  const fields = parseObject(fieldsV1);
  if (fields === undefined || !isRecord(applied)) return allLost;
  if (isOwned(applied, fields)) return undefined;
  const found = ofObject(withoutIdentity(applied), fields);
  return found === none ? undefined : found;
}

/** Lists with more items are compared in one pass, for which an index is built. */
const few = 16;

/** Whether nothing differs, as nearly always, as far as can be told without building anything; whatever else is not told apart. */
function isOwned({ metadata, ...rest }: FieldTree, fields: FieldTree): boolean {
  const ofMetadata = fields['f:metadata'];
  const isOfMetadata = isRecord(metadata) && isRecord(ofMetadata) && areOwned(metadata, ofMetadata, unownedMetadata);
  return isOfMetadata && areOwned(rest, fields, unownedFields, 1);
}

/** `said`: parts of the fields that were looked at. */
function areOwned(object: FieldTree, fields: FieldTree, unowned?: ReadonlySet<string>, said = 0): boolean {
  let parts = said;
  for (const name of Object.keys(object)) {
    if (unowned?.has(name) === true) continue;
    if (!isOwnedValue(object[name], fields[`f:${name}`])) return false;
    parts += 1;
  }
  return parts === countParts(fields);
}

function isOwnedValue(value: unknown, fields: unknown): boolean {
  if (!isRecord(fields)) return false;
  const parts = countParts(fields);
  if (parts === 0) return !('.' in fields) || isEmpty(value);
  if (Array.isArray(value)) return parts === value.length && parts <= few && areOwnedItems(value, fields);
  return isRecord(value) && areOwned(value, fields);
}

function areOwnedItems(list: readonly unknown[], fields: FieldTree): boolean {
  const keyed = Object.keys(keyFieldsOf(Object.keys(fields).find((part) => part.startsWith('k:')) ?? ''));
  const named = new Set<string>();
  for (const [index, item] of list.entries()) {
    const part = keyOf(item, index, keyed);
    named.add(part);
    const isScalar = part.startsWith('v:') && Object.hasOwn(fields, part);
    if (!isScalar && !isOwnedValue(item, fields[part])) return false;
  }
  return named.size === list.length;
}

function countParts(fields: FieldTree): number {
  return Object.keys(fields).length - ('.' in fields ? 1 : 0);
}

const allLost: Drift = { lost: [[]], extra: [] };
const allExtra: Drift = { lost: [], extra: [[]] };
/** The only one without a field, so that it is told by its identity, and what does not differ allocates nothing. */
const none: Drift = { lost: [], extra: [] };

function under(key: string, drift: Drift): Drift {
  if (drift === none) return none;
  const below = (path: OwnedPath): OwnedPath => [key, ...path];
  return { lost: drift.lost.map(below), extra: drift.extra.map(below) };
}

function together(drifts: readonly Drift[]): Drift {
  const found = drifts.filter((drift) => drift !== none);
  if (found.length === 0) return none;
  return { lost: found.flatMap(({ lost }) => lost), extra: found.flatMap(({ extra }) => extra) };
}

function withoutIdentity(applied: FieldTree): FieldTree {
  const { metadata, ...rest } = applied;
  const own = isRecord(metadata) ? omit(metadata, unownedMetadata) : {};
  const fields = omit(rest, unownedFields);
  return Object.keys(own).length === 0 ? fields : { ...fields, metadata: own };
}

function omit(object: FieldTree, keys: ReadonlySet<string>): FieldTree {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
}

/** A value is owned as one piece (`{}`), or by its parts; `.` alone means that the parts went to somebody else. */
function ofValue(value: unknown, fields: unknown): Drift {
  if (!isRecord(fields)) return allLost;
  const parts = Object.keys(fields).filter((key) => key !== '.');
  if (parts.length === 0) return !('.' in fields) || isEmpty(value) ? none : allLost;
  if (Array.isArray(value)) return ofList(value, fields, parts);
  return isRecord(value) ? ofObject(value, fields) : allLost;
}

function ofObject(object: FieldTree, fields: FieldTree): Drift {
  const owned = Object.keys(fields).filter((key) => key !== '.');
  const isSaid = (key: string): boolean => key.startsWith('f:') && Object.hasOwn(object, key.slice('f:'.length));
  return together([
    ...Object.keys(object).map((name) => under(`f:${name}`, ofValue(object[name], fields[`f:${name}`]))),
    ...owned.filter((key) => !isSaid(key)).map((key) => under(key, allExtra)),
  ]);
}

function ofList(list: readonly unknown[], fields: FieldTree, parts: readonly string[]): Drift {
  const find = finderIn(list);
  const elements = parts.map((part) => ({ part, items: find(part) }));
  const owned = new Set(elements.flatMap(({ items }) => items));
  const keyed = Object.keys(keyFieldsOf(parts.find((part) => part.startsWith('k:')) ?? ''));
  return together([
    ...elements.map(({ part, items }) => under(part, ofElement(items, fields, part))),
    ...list.flatMap((item, index) => (owned.has(item) ? [] : [under(keyOf(item, index, keyed), allLost)])),
  ]);
}

/** `items`: of the list, those that the part names. */
function ofElement([item, ...others]: readonly unknown[], fields: FieldTree, part: string): Drift {
  if (item === undefined) return allExtra;
  if (others.length > 0) return allLost;
  return part.startsWith('v:') ? none : ofValue(item, fields[part]);
}

/**
 * Finds the items of a list that `k:{…}` or `v:…` names; one pass for all parts that name the same fields, for a list may
 * have thousands of items.
 */
function finderIn(list: readonly unknown[]): (part: string) => readonly unknown[] {
  const byFields = new Map<string, ReadonlyMap<string, readonly unknown[]>>();
  const indexOf = (fields: readonly string[]): ReadonlyMap<string, readonly unknown[]> => {
    const kept = byFields.get(fields.join());
    if (kept !== undefined) return kept;
    const items = list.filter(isRecord);
    const index = Map.groupBy(items, (item) => scalarsOf(fields.map((field) => item[field])));
    byFields.set(fields.join(), index);
    return index;
  };
  const scalars = Map.groupBy(list, (item) => item);
  return (part) => {
    const named = parseJson(part.slice('k:'.length));
    if (part.startsWith('v:')) return scalars.get(named) ?? [];
    if (!part.startsWith('k:') || !isRecord(named)) return [];
    return indexOf(Object.keys(named)).get(scalarsOf(Object.values(named))) ?? [];
  };
}

/** Key fields have no other values; what somebody wrote in place of one, of whatever depth, is nobody's key. */
function scalarsOf(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => (typeof value === 'object' ? [] : [value])));
}

/** How `fieldsV1` would call the item of a list, of which other items are called by these fields. */
function keyOf(item: unknown, index: number, fields: readonly string[]): string {
  if (!isRecord(item)) return `v:${JSON.stringify(item)}`;
  if (fields.length === 0) return `i:${index}`;
  return `k:${JSON.stringify(Object.fromEntries(fields.map((field) => [field, item[field]])))}`;
}

function isEmpty(value: unknown): boolean {
  return !isRecord(value) || Object.keys(value).length === 0;
}

function parseObject(text: string): FieldTree | undefined {
  const parsed = parseJson(text);
  return isRecord(parsed) ? parsed : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
