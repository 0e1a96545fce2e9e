import { isMap, isScalar, isSeq, Pair, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { FieldPath } from '../../core/mcpserver/violation.ts';

/** What becomes of one object whose spec is written in another way. */
export interface SpecRewriting {
  /** Which object of the document, from 0: Lists are their items. */
  readonly index: number;
  readonly apiVersion: string;
  /** Where in the spec a field of it goes; undefined: it is left out. */
  readonly placeOf: (field: string) => FieldPath | undefined;
  /** What the spec says besides, before the rest of the map that it is in. */
  readonly added: readonly AddedField[];
  readonly withoutAnnotations: readonly string[];
}

export interface AddedField {
  readonly path: FieldPath;
  readonly value: string | number | readonly string[];
}

/**
 * The document with its objects rewritten: what is moved keeps its comments, its style and its order; a comment at a field
 * that is left out goes with it. Undefined where an object is not there. Nothing is known of what the fields mean, so
 * whoever asks reads the answer again.
 */
export function rewriteSpecs(text: string, rewritings: readonly SpecRewriting[]): string | undefined {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false });
  const objects = objectsOf(document.contents);
  for (const rewriting of rewritings) {
    const root = objects[rewriting.index];
    if (!isMap(root)) return undefined;
    rewriteObject(root, rewriting);
  }
  return document.toString({ lineWidth: 0 });
}

/** As parse-manifests.ts tells them apart. */
function objectsOf(node: unknown): readonly unknown[] {
  if (!isMap(node)) return [node];
  const kind: unknown = node.get('kind');
  const items: unknown = node.get('items', true);
  const isList = typeof kind === 'string' && kind.endsWith('List') && isSeq(items);
  return isList ? items.items.flatMap(objectsOf) : [node];
}

function rewriteObject(root: YAMLMap, { apiVersion, placeOf, added, withoutAnnotations }: SpecRewriting): void {
  const version = root.get('apiVersion', true);
  if (isScalar(version)) version.value = apiVersion;
  root.delete('status');
  dropAnnotations(root, withoutAnnotations);
  const spec: unknown = root.get('spec', true);
  if (!isMap(spec)) return;
  const before = spec.items;
  spec.items = [];
  for (const pair of before) {
    const place = isScalar(pair.key) ? placeOf(String(pair.key.value)) : undefined;
    if (place !== undefined) putPair(spec, place, pair);
  }
  for (const { path, value } of added.toReversed()) addFirst(spec, path, value);
}

function dropAnnotations(root: YAMLMap, names: readonly string[]): void {
  const annotations: unknown = root.getIn(['metadata', 'annotations'], true);
  if (!isMap(annotations)) return;
  const hasGone = names.filter((name) => annotations.delete(name)).length > 0;
  if (hasGone && annotations.items.length === 0) root.deleteIn(['metadata', 'annotations']);
}

/** The key is that of before, with its comments, under its new name. */
function putPair(spec: YAMLMap, place: FieldPath, pair: Pair): void {
  if (isScalar(pair.key)) pair.key.value = String(place.at(-1));
  mapAt(spec, place.slice(0, -1)).items.push(pair);
}

function addFirst(spec: YAMLMap, path: FieldPath, value: AddedField['value']): void {
  const isFlow = spec.flow === true;
  const key = scalar(String(path.at(-1)), isFlow);
  mapAt(spec, path.slice(0, -1)).items.unshift(new Pair(key, toNode(value, isFlow)));
}

function toNode(value: AddedField['value'], isFlow: boolean): Scalar | YAMLSeq {
  if (typeof value === 'string') return scalar(value, isFlow);
  return typeof value === 'number' ? new Scalar(String(value)) : sequence(value, isFlow);
}

/** Made where it is missing, in the style of the spec. */
function mapAt(spec: YAMLMap, path: FieldPath): YAMLMap {
  let map = spec;
  for (const segment of path) {
    const inside: unknown = map.get(segment, true);
    if (isMap(inside)) {
      map = inside;
      continue;
    }
    const made = new YAMLMap();
    if (spec.flow !== undefined) made.flow = spec.flow;
    map.items.push(new Pair(scalar(String(segment), spec.flow === true), made));
    map = made;
  }
  return map;
}

/** In quotes where the map may be JSON, and where a reader could take the text for something else. */
function scalar(text: string, isFlow: boolean): Scalar {
  const node = new Scalar(text);
  node.type = isFlow || !/^[A-Za-z][\w./-]*$/.test(text) ? 'QUOTE_DOUBLE' : 'PLAIN';
  return node;
}

/** Each in quotes: a word may be `true` or a number. */
function sequence(texts: readonly string[], isFlow: boolean): YAMLSeq {
  const list = new YAMLSeq();
  list.flow = isFlow;
  for (const text of texts) list.items.push(scalar(text, true));
  return list;
}
