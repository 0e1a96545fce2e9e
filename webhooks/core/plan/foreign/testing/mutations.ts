import { keysOfList, isPiece } from '../../testing/as-observed.ts';
import { isRecord, type Fields } from '../../../mcpserver/record.ts';

/** Something that somebody can do to a field of ours. For tests. */
export interface Mutation {
  /** `changed: spec.ports[mcp].port`. */
  readonly name: string;
  /** The object as it is, with the field otherwise. */
  readonly change: (live: Fields) => Fields;
}

/** A property, or the element of a list whose key fields are so. */
type Step = string | Fields;

/** Cannot be changed, or decide whose the object is. */
const identity = new Set(['name', 'namespace', 'ownerReferences']);

/**
 * Everything that can happen to each field of an applied object: changed, removed; of keyed lists also an element beside
 * ours, and ours under another key. Made from the object, so a field that we apply one day is tested that day.
 */
export function mutationsOf(applied: Fields): readonly Mutation[] {
  return ['metadata', 'spec'].flatMap((part) => {
    const own = Object.entries(fieldsOf(applied[part])).filter(([key]) => !identity.has(key));
    return mutationsIn(Object.fromEntries(own), [part], part);
  });
}

function mutationsIn(value: unknown, path: readonly Step[], field: string): readonly Mutation[] {
  if (Array.isArray(value)) return ofList(value, path, field);
  if (isRecord(value) && Object.keys(value).length > 0 && !isPiece(field)) {
    const removed = path.length > 1 ? [mutation('removed', path, () => undefined)] : [];
    return [...removed, ...Object.entries(value).flatMap(([key, part]) => mutationsIn(part, [...path, key], key))];
  }
  return [mutation('changed', path, () => otherThan(value, field, path)), mutation('removed', path, () => undefined)];
}

function ofList(list: readonly unknown[], path: readonly Step[], field: string): readonly Mutation[] {
  const keys = keysOfList(field, list);
  const removed = mutation('removed', path, () => undefined);
  if (keys === undefined) return [removed, mutation('changed', path, () => otherThan(list, field, path))];
  const elements = list.filter(isRecord);
  return [
    removed,
    ...elements.flatMap((element) => {
      const at = [...path, Object.fromEntries(keys.map((key) => [key, element[key]]))];
      const other = { ...element, ...otherKey(element, keys) };
      const parts = Object.entries(element).filter(([key]) => !keys.includes(key) && !isPiece(field));
      return [
        mutation('renamed', at, () => other),
        mutation('removed', at, () => undefined),
        mutation('added beside', path, (all) => [...listOf(all), distinct(other, field)]),
        ...parts.flatMap(([key, part]) => mutationsIn(part, [...at, key], key)),
      ];
    }),
  ];
}

/** Of several key fields the first is enough. */
function otherKey(element: Fields, [key = '']: readonly string[]): Fields {
  return { [key]: otherThan(element[key], key, []) };
}

/** A copy of our element can repeat its key, and not what has to be distinct besides. */
function distinct(element: Fields, field: string): Fields {
  return field === 'ports' ? { ...element, name: 'beside' } : element;
}

/** Values that the API takes where one character more would be refused. */
const others: Readonly<Record<string, readonly unknown[]>> = {
  imagePullPolicy: ['Always', 'IfNotPresent'],
  protocol: ['UDP', 'TCP'],
  sessionAffinity: ['ClientIP', 'None'],
  policyTypes: [['Ingress'], ['Egress']],
  recursiveReadOnly: ['Disabled', 'Enabled'],
  cpu: ['7m', '8m'],
  // between the request and the limit of the full server
  memory: ['62Mi', '63Mi'],
  sizeLimit: ['7Mi', '8Mi'],
  drop: [['KILL'], ['CHOWN']],
  fieldPath: ['metadata.name', 'metadata.namespace'],
  targetPort: [1234, 'mcp'],
};

function otherThan(value: unknown, field: string, path: readonly Step[]): unknown {
  const listed = (field === 'type' ? typesAt(path) : others[field]) ?? [];
  const other = listed.find((candidate) => JSON.stringify(candidate) !== JSON.stringify(value));
  if (other !== undefined) return other;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  // A digit, so that the name of a volume of ours becomes one that could be ours.
  if (typeof value === 'string') return `${value}7`;
  if (Array.isArray(value)) return [...listOf(value), ...listOf(value).slice(0, 1)];
  return { ...fieldsOf(value), other: 'x' };
}

function typesAt(path: readonly Step[]): readonly unknown[] {
  return path.includes('seccompProfile') ? ['Unconfined', 'RuntimeDefault'] : ['NodePort', 'ClusterIP'];
}

function mutation(what: string, path: readonly Step[], next: (value: unknown) => unknown): Mutation {
  return { name: `${what}: ${render(path)}`, change: (live) => fieldsOf(replaceAt(live, path, next)) };
}

/** The object with the value at that path replaced; undefined removes it. */
export function replaceAt(
  object: unknown,
  [step, ...rest]: readonly Step[],
  next: (value: unknown) => unknown,
): unknown {
  if (step === undefined) return next(object);
  if (typeof step === 'string') {
    const before = fieldsOf(object);
    const value = replaceAt(before[step], rest, next);
    const others = Object.entries(before).filter(([key]) => key !== step);
    return Object.fromEntries(value === undefined ? others : [...others, [step, value]]);
  }
  return listOf(object).flatMap((item) => {
    if (!isRecord(item) || !Object.entries(step).every(([key, value]) => item[key] === value)) return [item];
    const value = replaceAt(item, rest, next);
    return value === undefined ? [] : [value];
  });
}

function render(path: readonly Step[]): string {
  return path
    .map((step) => (typeof step === 'string' ? `.${step}` : `[${Object.values(step).join('/')}]`))
    .join('')
    .slice(1);
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
