import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { resolvePlainKey, resolvePlainScalar } from './plain-scalar.ts';
import { resolveTaggedScalar } from './tagged-scalar.ts';

/** What is wrong, and how many characters into the text. */
export interface DocumentProblem {
  readonly offset: number;
  readonly message: string;
}

export interface ConvertedDocument {
  readonly value: unknown;
  readonly problems: readonly DocumentProblem[];
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

/** Most nodes that aliases may add to one document: a bomb of nine lines makes millions. */
const maxAliasedNodes = 100_000;

/** Deeper than any Kubernetes object, and far from the end of the stack. */
const maxDepth = 200;

interface Conversion {
  readonly anchors: Map<string, Node>;
  readonly targets: Map<Alias, Node>;
  /** Anchored nodes that are being converted: an alias to one of them would never end. */
  readonly open: Set<Node>;
  readonly problems: DocumentProblem[];
  aliasedNodes: number;
  /** How many aliases we are inside of. */
  aliasDepth: number;
}

/**
 * The value of a document that was parsed with the failsafe schema, as kubectl would send it: plain scalars by
 * {@link resolvePlainScalar}, those with a tag by {@link resolveTaggedScalar}, keys as texts, merge keys in their order;
 * tags of maps and lists mean nothing. Duplicate keys are a problem, although kubectl takes the last one: a reader takes
 * any of them.
 */
export function convertDocument(contents: Node | null): ConvertedDocument {
  const conversion: Conversion = {
    anchors: new Map(),
    targets: new Map(),
    open: new Set(),
    problems: [],
    aliasedNodes: 0,
    aliasDepth: 0,
  };
  const value = convert(contents, conversion, 0);
  return { value, problems: conversion.problems, targets: conversion.targets };
}

function convert(node: Node | null, conversion: Conversion, depth: number): unknown {
  if (node === null) return null;
  if (isAlias(node)) return convertAlias(node, conversion, depth);
  if (conversion.aliasDepth === 0) {
    addAnchor(node, conversion);
  } else {
    conversion.aliasedNodes += 1;
    if (conversion.aliasedNodes > maxAliasedNodes) return null;
  }
  if (depth > maxDepth) return refuse(conversion, node, `more than ${maxDepth} levels deep`);
  conversion.open.add(node);
  const value = convertContents(node, conversion, depth);
  conversion.open.delete(node);
  return value;
}

/** What kubectl's reader ends a name at belongs to the value for it: `&a:1` is an anchor and a text. */
const anchorName = /^[A-Za-z0-9_-]+$/;

function addAnchor(node: Node, conversion: Conversion): void {
  const { anchor } = node;
  if (anchor === undefined) return;
  if (!anchorName.test(anchor)) refuse(conversion, node, "the name of an anchor is letters, digits, '-' and '_'");
  conversion.anchors.set(anchor, node);
}

function convertContents(node: Node, conversion: Conversion, depth: number): unknown {
  if (isScalar(node)) return convertScalar(node, conversion);
  if (isMap(node)) return Object.fromEntries(convertEntries(node, conversion, depth));
  if (isSeq(node)) return convertList(node, conversion, depth);
  return refuse(conversion, node, 'a kind of node that JSON does not have');
}

function convertList(node: YAMLSeq, conversion: Conversion, depth: number): unknown {
  return node.items.map((item) => convert(asNode(item), conversion, depth + 1));
}

function convertAlias(alias: Alias, conversion: Conversion, depth: number): unknown {
  const target = targetOf(alias, conversion);
  if (target === undefined) return null;
  conversion.aliasDepth += 1;
  const before = conversion.aliasedNodes;
  const value = convert(target, conversion, depth);
  conversion.aliasDepth -= 1;
  const isFirstBeyond = before <= maxAliasedNodes && conversion.aliasedNodes > maxAliasedNodes;
  if (isFirstBeyond && conversion.aliasDepth === 0) {
    refuse(conversion, alias, `the aliases of this document stand for more than ${maxAliasedNodes} values`);
  }
  return value;
}

function targetOf(alias: Alias, conversion: Conversion): Node | undefined {
  const target = conversion.targets.get(alias) ?? conversion.anchors.get(alias.source);
  if (target === undefined) {
    refuse(conversion, alias, `no anchor named '${alias.source}' before this alias`);
    return undefined;
  }
  if (conversion.open.has(target)) {
    refuse(conversion, alias, `the anchor '${alias.source}' contains itself`);
    return undefined;
  }
  conversion.targets.set(alias, target);
  return target;
}

type Entries = Map<string, unknown>;

/** A merge key overwrites what stands before it and is overwritten by what stands after it. */
function convertEntries(node: YAMLMap, conversion: Conversion, depth: number): Entries {
  const entries: Entries = new Map();
  const written = new Set<string>();
  for (const pair of node.items) {
    if (isMergeKey(pair.key)) {
      mergeInto(entries, pair, conversion, depth);
      continue;
    }
    const key = convertKey(pair, conversion);
    if (key === undefined) continue;
    if (written.has(key)) refuse(conversion, asNode(pair.key), `the key '${key}' stands twice in the same map`);
    written.add(key);
    entries.set(key, convert(asNode(pair.value), conversion, depth + 1));
  }
  return entries;
}

/** Only the plain word, or one with a tag that says so: "<<" in quotes is an ordinary key. */
export function isMergeKey(key: unknown): boolean {
  if (!isScalar(key) || key.value !== '<<') return false;
  return key.tag === undefined ? key.type === 'PLAIN' : key.tag === '!' || key.tag === `${coreTag}merge`;
}

function mergeInto(entries: Entries, pair: Pair, conversion: Conversion, depth: number): void {
  const value = asNode(pair.value);
  // The first of several wins, so it is written last.
  const sources = isSeq(value) ? value.items.map(asNode).reverse() : [value];
  for (const source of sources) {
    const map = isAlias(source) ? targetOf(source, conversion) : source;
    if (map === undefined) continue;
    if (!isMap(map)) {
      refuse(conversion, source ?? asNode(pair.key), "a merge key '<<' needs a map, or a list of maps");
      continue;
    }
    const merged = convert(source, conversion, depth);
    for (const [key, child] of Object.entries(merged ?? {})) entries.set(key, child);
  }
}

/** The text that kubectl makes of a key: `on` is "true", `0777` is "511". */
function convertKey({ key }: Pair, conversion: Conversion): string | undefined {
  const node = asNode(key);
  const named = isAlias(node) ? targetOf(node, conversion) : node;
  if (!isScalar(named)) {
    refuse(conversion, node, 'a key must be one value, not a map or a list');
    return undefined;
  }
  if (conversion.aliasDepth === 0) addAnchor(named, conversion);
  const text = textOfKey(named);
  if (text === undefined) refuse(conversion, node, 'a key must be a text, or a value that becomes one');
  return text;
}

/** Nothing for what kubectl refuses as a key, and for a tag that makes something else of a text. */
function textOfKey(node: Scalar): string | undefined {
  const source = textOf(node);
  if (node.tag === undefined) return node.type === 'PLAIN' ? resolvePlainKey(source) : source;
  const resolved = resolveTaggedScalar(node.tag, source);
  return resolved.type === 'value' && typeof resolved.value === 'string' ? resolved.value : undefined;
}

/** What is no character (a lone half of one, as JSON may have it) is replaced, as Go does. */
function textOf({ value }: Scalar): string {
  return typeof value === 'string' ? value.toWellFormed() : '';
}

const coreTag = 'tag:yaml.org,2002:';

function convertScalar(node: Scalar, conversion: Conversion): string | number | boolean | null {
  const source = textOf(node);
  if (node.tag === undefined && node.type !== 'PLAIN') return source;
  const resolved = node.tag === undefined ? resolvePlainScalar(source) : resolveTaggedScalar(node.tag, source);
  switch (resolved.type) {
    case 'value':
      return resolved.value;
    case 'refused':
      return refuse(conversion, node, resolved.message);
    case 'not a JSON number':
      return refuse(
        conversion,
        node,
        'infinity and not-a-number do not exist in JSON: use a number, or quote the text',
      );
  }
}

/** The text of a key in a document that was converted, as {@link convertDocument} made it. */
export function keyText(key: unknown, targets: ReadonlyMap<Alias, Node>): string | undefined {
  const node = isAlias(key) ? targets.get(key) : key;
  return isScalar(node) ? textOfKey(node) : undefined;
}

/** yaml types what a parsed collection holds as unknown; it holds nodes, or null where nothing was written. */
function asNode(item: unknown): Node | null {
  return isScalar(item) || isMap(item) || isSeq(item) || isAlias(item) ? item : null;
}

function refuse(conversion: Conversion, node: Node | null, message: string): null {
  conversion.problems.push({ offset: node?.range?.[0] ?? 0, message });
  return null;
}
