import { keysOfList, isPiece } from '../../testing/as-observed.ts';
import { isRecord, type Fields } from '../../../mcpserver/record.ts';

/** The keys of a field in `fieldsV1`, as one text. */
type Path = string;

/** Each field of an object with its value; elements of keyed lists are fields too. */
export type Values = ReadonlyMap<Path, string>;

export interface Stored {
  readonly values: Values;
  /** Whose each field is, by "manager operation". */
  readonly owners: ReadonlyMap<string, ReadonlySet<Path>>;
}

/** The fields that the API server tells apart, without identity. */
export function valuesOf(object: Fields): Values {
  const { metadata, spec } = object;
  const { labels, annotations, ownerReferences } = fields(metadata);
  const values = new Map<Path, string>();
  const visit = (value: unknown, path: readonly string[], field: string): void => {
    const keys = Array.isArray(value) ? keysOfList(field, value) : undefined;
    if (Array.isArray(value) && keys !== undefined) {
      for (const element of value.filter(isRecord)) visitElement(element, keys, path, field);
    } else if (isRecord(value) && Object.keys(value).length > 0 && !isPiece(field)) {
      for (const [key, part] of Object.entries(value)) visit(part, [...path, `f:${key}`], key);
    } else values.set(JSON.stringify(path), JSON.stringify(value));
  };
  const visitElement = (element: Fields, keys: readonly string[], path: readonly string[], field: string): void => {
    const at = [...path, `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, element[key]])))}`];
    values.set(JSON.stringify(at), isPiece(field) ? JSON.stringify(element) : 'element');
    if (!isPiece(field)) for (const [key, part] of Object.entries(element)) visit(part, [...at, `f:${key}`], key);
  };
  for (const [key, part] of Object.entries({ labels, annotations, ownerReferences }))
    if (part !== undefined) visit(part, ['f:metadata', `f:${key}`], key);
  visit(spec, ['f:spec'], 'spec');
  return values;
}

/** What a manager's fields are after it wrote the object otherwise: whatever it changed or added is its, nobody else's. */
export function updated({ values, owners }: Stored, next: Values, manager: string): Stored {
  const isSame = (path: Path): boolean => next.get(path) === values.get(path);
  const kept = [...owners].map(([owner, paths]) => [owner, new Set([...paths].filter(isSame))] as const);
  const taken = new Set([...next.keys()].filter((path) => !isSame(path)));
  return { values: next, owners: new Map([...kept, [manager, taken]]) };
}

/** A forced apply: what was the manager's alone and is not said any more goes, all that is said stands and is its. */
export function applied({ values, owners }: Stored, wanted: Values, manager: string): Stored {
  const others = [...owners].filter(([owner]) => owner !== manager);
  const isElsewhere = (path: Path): boolean => others.some(([, paths]) => paths.has(path));
  const gone = [...(owners.get(manager) ?? [])].filter((path) => !wanted.has(path) && !isElsewhere(path));
  const left = [...values].filter(([path]) => !gone.includes(path));
  const lost = (path: Path): boolean => wanted.has(path) && wanted.get(path) !== values.get(path);
  return {
    values: new Map([...left, ...wanted]),
    owners: new Map([
      ...others.map(([owner, paths]) => [owner, new Set([...paths].filter((path) => !lost(path)))] as const),
      [manager, new Set(wanted.keys())],
    ]),
  };
}

/** As `metadata.managedFields`. */
export function toManagedFields({ owners }: Stored, apiVersion: unknown): readonly Fields[] {
  return [...owners]
    .filter(([, paths]) => paths.size > 0)
    .map(([owner, paths]) => {
      const [manager = '', operation = ''] = owner.split(' ');
      return { manager, operation, apiVersion, fieldsType: 'FieldsV1', fieldsV1: toTree(paths) };
    });
}

export function fromManagedFields(entries: readonly Fields[]): Stored['owners'] {
  return new Map(
    entries.map(({ manager, operation, fieldsV1 }) => [
      `${String(manager)} ${String(operation)}`,
      new Set(pathsOf(fields(fieldsV1), [])),
    ]),
  );
}

function toTree(paths: ReadonlySet<Path>): Fields {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let node = root;
    for (const key of JSON.parse(path) as readonly string[]) {
      const next = { ...fields(node[key]) };
      node[key] = next;
      node = next;
    }
    node['.'] = {};
  }
  return withoutLeaves(root);
}

/** A field without parts is written as nothing but itself. */
function withoutLeaves(tree: Fields): Fields {
  return Object.fromEntries(
    Object.entries(tree).map(([key, part]) => {
      const below = fields(part);
      const isLeaf = Object.keys(below).length === 1 && '.' in below;
      return [key, isLeaf || key === '.' ? {} : withoutLeaves(below)];
    }),
  );
}

function pathsOf(tree: Fields, at: readonly string[]): readonly Path[] {
  const entries = Object.entries(tree);
  if (entries.length === 0) return [JSON.stringify(at)];
  return entries.flatMap(([key, part]) => (key === '.' ? [JSON.stringify(at)] : pathsOf(fields(part), [...at, key])));
}

function fields(value: unknown): Fields {
  return isRecord(value) ? value : {};
}
