import { parseManifests } from '../manifests/parse-manifests.ts';
import { readBlockStyle } from '../manifests/read-block-style.ts';

/** What a text holds, as plain values: in the image this file and its YAML are apart from the program that asks. */
export type ParsedPolicyText =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/**
 * Most keys, items and lines of a text that is read. In block style, one key to a line, as the chart and kubectl write it,
 * a thousand exemptions are 14,000 and take 2 MB. Anything else (braces, JSON, anchors) takes the whole parser, about a
 * KB for each, in a heap of the reconciler that has room for some thousand beside a thousand servers.
 */
const maxParts = { blockStyle: 30_000, other: 6_000 };

/** One document of YAML, or of JSON, which is YAML. */
export function parsePolicyText(text: string): ParsedPolicyText {
  const parts = countParts(text);
  const isShort = parts <= maxParts.other;
  const isRead = isShort || (parts <= maxParts.blockStyle && readBlockStyle(text) !== undefined);
  if (!isRead) {
    const most = `at most ${maxParts.blockStyle} are read, and ${maxParts.other} where not every key has a line of its own`;
    return { ok: false, problem: `it has ${parts} keys, items and lines: ${most}` };
  }
  const { manifests, problems } = parseManifests('policy', text);
  const [broken] = problems;
  if (broken !== undefined) return { ok: false, problem: `line ${broken.line ?? 1}: ${broken.message}` };
  const [manifest] = manifests;
  return manifest === undefined || manifests.length > 1
    ? { ok: false, problem: `it has ${manifests.length} documents, a policy is one` }
    : { ok: true, value: manifest.value };
}

/** What makes a node of its own in YAML or JSON, counted before anything is read: more rather than less. */
function countParts(text: string): number {
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) if (isPart.has(text.charCodeAt(at))) parts += 1;
  return parts;
}

const isPart: ReadonlySet<number> = new Set(Array.from('\n:,[{', (character) => character.charCodeAt(0)));
