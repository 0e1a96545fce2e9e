import { ownValue } from '../mcpserver/record.ts';
import type { StructuralSchema } from '../mcpserver/structural-schema.ts';
import { structure } from '../mcpserver/structure.gen.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Finding } from './finding.ts';

/** An object and what was found in it. For findings of rules it is the object that they judged: with every default. */
export interface Judged {
  readonly object: unknown;
  readonly findings: readonly Finding[];
}

/** A finding with what identifies it in another state of the same object. */
export interface PrintedFinding {
  readonly finding: Finding;
  /**
   * Of the rule, the place, the value there and what else the violation depends on; of nothing that is said about it. The
   * place names the items of lists by their keys, or by their content where a list has no keys: whoever moves an item
   * changes nothing.
   */
  readonly fingerprint: string;
}

export interface Ratcheted {
  readonly enforced: readonly PrintedFinding[];
  /** The object had these before, at the same place and with the same content. */
  readonly tolerated: readonly PrintedFinding[];
}

/** Shorter than the text and equal for equal texts only. Everything that is compared must have used the same one. */
export type Digest = (text: string) => string;

/** Adds the fingerprints. Never throws, whatever the object is; takes time in proportion to the object and findings. */
export function fingerprint({ object, findings }: Judged, digest: Digest): readonly PrintedFinding[] {
  const contentOf = createContentOf(digest);
  return findings.map((finding) => {
    const { place, value } = walk(object, finding.path, contentOf);
    const { ruleId, cause = [], dependsOn = [], isUnchecked = false } = finding;
    const others = dependsOn.map((path) => contentOf(walk(object, path, contentOf).value));
    const print = digest(JSON.stringify([ruleId, place, contentOf(value), cause, isUnchecked, ...others]));
    return { finding, fingerprint: `${format}${print}` };
  });
}

/** How fingerprints are made. Another way of making them is another number here, which no digest begins with. */
const format = 'v2-';

/** Whether it can be compared with those of today: until 0.1.0 they depended on what was said. */
export function isCurrentFingerprint(print: string): boolean {
  return print.startsWith(format);
}

/**
 * Tolerates what is among the known fingerprints, each as often as it is there: a second copy of an item that was
 * tolerated once is new.
 */
export function ratchet(printed: readonly PrintedFinding[], known: readonly string[]): Ratcheted {
  const left = new Map<string, number>();
  for (const one of known) left.set(one, (left.get(one) ?? 0) + 1);
  const enforced: PrintedFinding[] = [];
  const tolerated: PrintedFinding[] = [];
  for (const one of printed) {
    const count = left.get(one.fingerprint) ?? 0;
    left.set(one.fingerprint, count - 1);
    (count > 0 ? tolerated : enforced).push(one);
  }
  return { enforced, tolerated };
}

type ContentOf = (value: unknown) => string;

/** Nested lists name their items at each level, so each item is written out once. */
function createContentOf(digest: Digest): ContentOf {
  let known: Map<object, string> | undefined;
  return (value) => {
    if (value === undefined) return 'absent';
    if (typeof value !== 'object' || value === null) return digest(JSON.stringify(value));
    known ??= new Map();
    const content = known.get(value) ?? digest(canonicalJson(value));
    known.set(value, content);
    return content;
  };
}

/** A field by its name; an item by its keys or its content, which is a list and so never looks like a name. */
type PlaceSegment = string | number | readonly unknown[];

/** Follows the path as far as the object goes; what is not there is undefined. */
function walk(
  object: unknown,
  path: FieldPath,
  contentOf: ContentOf,
): { readonly place: readonly PlaceSegment[]; readonly value: unknown } {
  const place: PlaceSegment[] = [];
  let value = object;
  let schema: StructuralSchema | undefined = structure;
  for (const segment of path) {
    const inside = ownValue(value, segment);
    const isItem = Array.isArray(value) && typeof segment === 'number';
    place.push(isItem ? identify(inside, schema?.listMapKeys, contentOf) : segment);
    schema = isItem ? schema?.items : fieldSchema(schema, segment);
    value = inside;
  }
  return { place, value };
}

function identify(item: unknown, keys: readonly string[] | undefined, contentOf: ContentOf): PlaceSegment {
  return keys === undefined
    ? ['content', contentOf(item)]
    : ['keys', ...keys.map((key) => contentOf(ownValue(item, key)))];
}

function fieldSchema(schema: StructuralSchema | undefined, name: string | number): StructuralSchema | undefined {
  const { properties = {}, additionalProperties } = schema ?? {};
  return Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
}
