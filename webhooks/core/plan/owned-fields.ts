/**
 * Reads `metadata.managedFields[].fieldsV1`: which fields of an object are one manager's
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/). A node's keys are `f:<property>`,
 * `k:<JSON of the key fields>` (element of a keyed list), `v:<JSON value>` (element of a set), `i:<index>` (element of
 * a positional list, which nothing of ours is) and `.` (the element itself).
 */
type FieldNode = Readonly<Record<string, unknown>>;

/** Identity and bookkeeping: part of every applied object, owned by nobody. */
const unownedFields = new Set(['apiVersion', 'kind']);
const unownedMetadata = new Set(['name', 'namespace', 'uid', 'resourceVersion']);

/**
 * Whether the manager with these `fieldsV1` owns exactly what `applied` says: every leaf of it, and nothing else.
 *
 * This is how drift is seen without comparing values, for which one would have to know every default of the API
 * server: whoever changes or removes the value of a field that we own takes it away from our entry; as long as nobody
 * did, our values stand. Works without a schema, because the server's own list of fields says which lists are keyed and
 * which values are one piece (a selector, for example). False for anything that cannot be read.
 */
export function ownsExactly(applied: unknown, fieldsV1: string): boolean {
  const fields = parseObject(fieldsV1);
  if (fields === undefined || !isRecord(applied)) return false;
  return coversObject(withoutIdentity(applied), fields);
}

function withoutIdentity(applied: FieldNode): FieldNode {
  const { metadata, ...rest } = applied;
  const own = isRecord(metadata) ? omit(metadata, unownedMetadata) : {};
  const fields = omit(rest, unownedFields);
  return Object.keys(own).length === 0 ? fields : { ...fields, metadata: own };
}

function omit(object: FieldNode, keys: ReadonlySet<string>): FieldNode {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
}

/** A value is covered as one piece (`{}`), or by its parts; `.` alone means that the parts went to somebody else. */
function covers(value: unknown, fields: unknown): boolean {
  if (!isRecord(fields)) return false;
  const parts = Object.keys(fields).filter((key) => key !== '.');
  if (parts.length === 0) return !('.' in fields) || isEmpty(value);
  if (Array.isArray(value)) return coversList(value, fields, parts);
  return isRecord(value) && coversObject(value, fields);
}

function coversObject(object: FieldNode, fields: FieldNode): boolean {
  const owned = Object.keys(fields).filter((key) => key !== '.');
  const said = Object.keys(object);
  return (
    owned.length === said.length &&
    owned.every((key) => key.startsWith('f:')) &&
    said.every((name) => covers(object[name], fields[`f:${name}`]))
  );
}

function coversList(list: readonly unknown[], fields: FieldNode, parts: readonly string[]): boolean {
  const matched = parts.map((part) => list.filter((item) => isElement(item, part)));
  return (
    parts.length === list.length &&
    matched.every(([item, ...others], index) => others.length === 0 && coversElement(item, fields, parts[index]))
  );
}

function coversElement(item: unknown, fields: FieldNode, part: string | undefined): boolean {
  if (item === undefined || part === undefined) return false;
  return part.startsWith('v:') || covers(item, fields[part]);
}

/** Whether a list's item is the one that `k:{…}` or `v:…` names. */
function isElement(item: unknown, part: string): boolean {
  const named = parseJson(part.slice(2));
  if (part.startsWith('v:')) return named !== undefined && item === named;
  if (!part.startsWith('k:') || !isRecord(named) || !isRecord(item)) return false;
  return Object.entries(named).every(([key, value]) => item[key] === value);
}

function isEmpty(value: unknown): boolean {
  return !isRecord(value) || Object.keys(value).length === 0;
}

function parseObject(text: string): FieldNode | undefined {
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

function isRecord(value: unknown): value is FieldNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
