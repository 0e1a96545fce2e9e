import { isRecord } from '../../mcpserver/record.ts';

/**
 * A set of fields as `metadata.managedFields[].fieldsV1` spells it: keys are `f:<property>`, `k:<JSON of the key
 * fields>`, `v:<JSON value>`, `i:<index>`, and `.` for the thing itself beside its parts. A node without keys is a field
 * that is owned as one piece. See
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/ and ../owned-fields.ts.
 */
export type FieldTree = Readonly<Record<string, unknown>>;

/** Keys from the root of a tree to a node. */
export type OwnedPath = readonly string[];

/** The node of that key; undefined when there is none, or it is none. */
export function childOf(tree: FieldTree | undefined, key: string): FieldTree | undefined {
  const found = tree !== undefined && Object.hasOwn(tree, key) ? tree[key] : undefined;
  return isRecord(found) ? found : undefined;
}

/** Whether one of them is the other, or below it. */
export function isRelated(a: OwnedPath, b: OwnedPath): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  return short.every((key, index) => key === long[index]);
}

export function nodeAt(tree: FieldTree | undefined, path: OwnedPath): FieldTree | undefined {
  return path.reduce(childOf, tree);
}

/** The keys of a node's parts. */
export function partsOf(tree: FieldTree | undefined): readonly string[] {
  return Object.keys(tree ?? {}).filter((key) => key !== '.');
}

type Scalar = string | number | boolean;

/**
 * The key fields of `k:{…}`: an element of a keyed list. Empty for another key. A value that is no scalar is an empty
 * text: it may nest so deep that nothing can be done with it.
 */
export function keyFieldsOf(key: string): Readonly<Record<string, Scalar>> {
  if (!key.startsWith('k:')) return {};
  try {
    const parsed: unknown = JSON.parse(key.slice('k:'.length));
    const fields = Object.entries(isRecord(parsed) ? parsed : {});
    return Object.fromEntries(fields.map(([name, value]) => [name, isScalar(value) ? value : '']));
  } catch {
    return {};
  }
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** `spec.template.spec.containers[mcp-server].command`: as people write it. */
export function renderOwnedPath(path: OwnedPath): string {
  const parts = path.map((key) => {
    const rest = key.slice('f:'.length);
    if (key.startsWith('f:')) return `.${rest}`;
    const values = Object.values(keyFieldsOf(key));
    return `[${values.length === 0 ? rest : values.map(String).join('/')}]`;
  });
  return parts.join('').replace(/^\./, '');
}

/** Deeper than any object that API servers know: what nests deeper was written to hurt, and is not followed. */
export const maxDepth = 64;

/** Everything that is in one of them. */
export function union(a: FieldTree, b: FieldTree, depth = 0): FieldTree {
  if (isPiece(a) || isPiece(b)) return isPiece(a) && isPiece(b) ? a : { '.': {}, ...a, ...b };
  if (depth >= maxDepth) return a;
  const added = Object.entries(b).map(([key, part]) => {
    const known = childOf(a, key);
    return [key, known === undefined || !isRecord(part) ? part : union(known, part, depth + 1)] as const;
  });
  return { ...a, ...Object.fromEntries(added) };
}

/** Nodes of a tree, each with all below it. */
export type Selection = ReadonlyMap<string, Selection | 'whole'>;

/** Of two paths of which one leads through the other, the shorter. */
export function selectionOf(paths: readonly OwnedPath[]): Selection {
  const root: MutableSelection = new Map();
  for (const path of paths) {
    let node = root;
    for (const [index, key] of path.entries()) {
      const next = node.get(key);
      if (next === 'whole') break;
      if (index === path.length - 1) node.set(key, 'whole');
      else if (next === undefined) node = setNew(node, key);
      else node = next;
    }
  }
  return root;
}

type MutableSelection = Map<string, MutableSelection | 'whole'>;

function setNew(node: MutableSelection, key: string): MutableSelection {
  const below: MutableSelection = new Map();
  node.set(key, below);
  return below;
}

/** The selected nodes, by their paths. */
export function* selected(tree: FieldTree, selection: Selection, at: OwnedPath = []): Generator<OwnedPath> {
  for (const [key, below] of selection) {
    const child = childOf(tree, key);
    if (child === undefined) continue;
    if (below === 'whole') yield [...at, key];
    else yield* selected(child, below, [...at, key]);
  }
}

export interface Split {
  /** What is selected, from the root. */
  readonly taken: FieldTree;
  /** The rest, without parents of which nothing but themselves is left: those are nobody's. Undefined: nothing is left. */
  readonly left: FieldTree | undefined;
}

export function split(tree: FieldTree, selection: Selection): Split {
  const taken: [string, unknown][] = [];
  const left: [string, unknown][] = [];
  for (const [key, part] of Object.entries(tree)) {
    const below = selection.get(key);
    if (below === undefined || !isRecord(part)) left.push([key, part]);
    else if (below === 'whole') taken.push([key, part]);
    else {
      const inner = split(part, below);
      if (!isPiece(inner.taken)) taken.push([key, inner.taken]);
      if (inner.left !== undefined) left.push([key, inner.left]);
    }
  }
  const rest = Object.fromEntries(left);
  return { taken: Object.fromEntries(taken), left: partsOf(rest).length === 0 ? undefined : rest };
}

/** The tree without what is deeper than {@link maxDepth}. */
export function shallow(tree: FieldTree, depth = 0): FieldTree {
  if (depth >= maxDepth) return {};
  return Object.fromEntries(
    Object.entries(tree).map(([key, part]) => [key, isRecord(part) ? shallow(part, depth + 1) : part]),
  );
}

/** Whether the node stands for one field, of whose parts nothing is said. */
function isPiece(tree: FieldTree): boolean {
  return Object.keys(tree).length === 0;
}
