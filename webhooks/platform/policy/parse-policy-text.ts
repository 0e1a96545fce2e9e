import { parseManifests } from '../manifests/parse-manifests.ts';

/** What a text holds, as plain values: in the image this file and its YAML are apart from the program that asks. */
export type ParsedPolicyText =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/**
 * Most keys, items and lines of a text that is read: a thousand exemptions are 14,000. Reading YAML takes up to a KiB for
 * each, in a heap that has room for some ten thousand.
 */
const maxParts = 30_000;

/** One document of YAML, or of JSON, which is YAML. */
export function parsePolicyText(text: string): ParsedPolicyText {
  const parts = countParts(text);
  if (parts > maxParts) {
    return { ok: false, problem: `it has ${parts} keys, items and lines, at most ${maxParts} are read` };
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
