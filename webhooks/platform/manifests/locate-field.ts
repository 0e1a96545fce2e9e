import { isAlias, isMap, isSeq } from 'yaml';
import type { Alias, Node, Pair, YAMLMap } from 'yaml';
import type { FieldPath } from '../../core/mcpserver/violation.ts';
import { isMergeKey, keyText } from './convert-document.ts';

type Targets = ReadonlyMap<Alias, Node>;

/**
 * How many characters into the text a field stands: its key, or the start of a list item. The closest field around it
 * when it was left out. A field that came through an alias or a merge key is where it was written.
 */
export function locateField(contents: Node | null, path: FieldPath, targets: Targets): number {
  let node: unknown = contents;
  let offset = contents?.range?.[0] ?? 0;
  for (const segment of path) {
    const step = stepInto(follow(node, targets), segment, targets);
    if (step === undefined) return offset;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

interface Step {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function stepInto(node: unknown, segment: string | number, targets: Targets): Step | undefined {
  if (isMap(node)) {
    const pair = findPair(node, String(segment), targets);
    return pair === undefined ? undefined : { node: pair.value, offset: startOf(pair.key) };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(segment)];
  return item === undefined ? undefined : { node: item, offset: startOf(item) };
}

/** The last one wins, as in the value; inside a merged list the first one. */
function findPair(map: YAMLMap, key: string, targets: Targets): Pair | undefined {
  let found: Pair | undefined;
  for (const pair of map.items) {
    if (isMergeKey(pair.key)) found = findMerged(pair.value, key, targets) ?? found;
    else if (keyText(pair.key, targets) === key) found = pair;
  }
  return found;
}

function findMerged(value: unknown, key: string, targets: Targets): Pair | undefined {
  const source = follow(value, targets);
  if (isMap(source)) return findPair(source, key, targets);
  if (!isSeq(source)) return undefined;
  for (const item of source.items) {
    const pair = findMerged(item, key, targets);
    if (pair !== undefined) return pair;
  }
  return undefined;
}

function follow(node: unknown, targets: Targets): unknown {
  return isAlias(node) ? targets.get(node) : node;
}

function startOf(node: unknown): number | undefined {
  return isAlias(node) || isMap(node) || isSeq(node) || isNodeWithRange(node) ? node.range?.[0] : undefined;
}

function isNodeWithRange(node: unknown): node is Node {
  return typeof node === 'object' && node !== null && 'range' in node;
}
