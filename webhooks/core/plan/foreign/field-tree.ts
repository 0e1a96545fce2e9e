/**
 * A set of fields as `metadata.managedFields[].fieldsV1` spells it: keys are `f:<property>`, `k:<JSON of the key
 * fields>`, `v:<JSON value>`, `i:<index>`, and `.` for the thing itself beside its parts. A node without keys is a field
 * that is owned as one piece. See ../owned-fields.ts.
 */
export type FieldTree = Readonly<Record<string, unknown>>;

/** Keys from the root of a tree to a node. */
export type FieldPath = readonly string[];

/** The node of that key; undefined when there is none, or it is none. */
export function childOf(tree: FieldTree | undefined, key: string): FieldTree | undefined {
  const found = tree !== undefined && Object.hasOwn(tree, key) ? tree[key] : undefined;
  return isTree(found) ? found : undefined;
}

export function nodeAt(tree: FieldTree | undefined, path: FieldPath): FieldTree | undefined {
  return path.reduce(childOf, tree);
}

/** The keys of a node's parts. */
export function partsOf(tree: FieldTree | undefined): readonly string[] {
  return Object.keys(tree ?? {}).filter((key) => key !== '.');
}

/** The key fields of `k:{…}`: an element of a keyed list. Empty for another key. */
export function keyFieldsOf(key: string): Readonly<Record<string, unknown>> {
  if (!key.startsWith('k:')) return {};
  try {
    const parsed: unknown = JSON.parse(key.slice('k:'.length));
    return isTree(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** Everything that is in one of them. */
export function union(a: FieldTree, b: FieldTree): FieldTree {
  if (isPiece(a) || isPiece(b)) return isPiece(a) && isPiece(b) ? a : { '.': {}, ...a, ...b };
  const merged: Record<string, unknown> = { ...a };
  for (const [key, part] of Object.entries(b)) {
    const known = childOf(a, key);
    merged[key] = known === undefined || !isTree(part) ? part : union(known, part);
  }
  return merged;
}

/** The tree that has nothing but that node. */
export function only(path: FieldPath, node: FieldTree): FieldTree {
  return path.reduceRight<FieldTree>((below, key) => ({ [key]: below }), node);
}

/** Without what is at the path; a parent of which nothing is left but itself goes as well. Undefined: nothing is left. */
export function without(tree: FieldTree, [key, ...rest]: FieldPath): FieldTree | undefined {
  const child = key === undefined ? undefined : childOf(tree, key);
  if (key === undefined) return undefined;
  if (child === undefined) return tree;
  const left = without(child, rest);
  const others = Object.entries(tree).filter(([name]) => name !== key);
  const kept = Object.fromEntries(left === undefined ? others : [...others, [key, left]]);
  return partsOf(kept).length === 0 ? undefined : kept;
}

/** Whether the node stands for one field, of whose parts nothing is said. */
function isPiece(tree: FieldTree): boolean {
  return Object.keys(tree).length === 0;
}

export function isTree(value: unknown): value is FieldTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
