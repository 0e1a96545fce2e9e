import { compileGlob } from './glob.ts';

/** Of the longest name that Kubernetes knows, in characters: the key of a label. */
export const maxNameLength = 253 + '/'.length + 63;

/** Names, and globs of names. A glob knows `*` only: any characters, also none, also a slash. */
export interface NamePatterns {
  has(name: string): boolean;
}

/**
 * Reads a list of patterns once. Asking about a name then takes at most two steps for each of its characters and each
 * glob whose beginning and end it has, whatever the globs look like: nobody can write one that is slow. A name that is
 * longer than any can be is none of them.
 */
export function compilePatterns(patterns: readonly string[]): NamePatterns {
  const names = new Set(patterns.filter((pattern) => !isGlob(pattern)));
  const globs = [...new Set(patterns.filter(isGlob))].map(compileGlob);
  return {
    has: (name) => name.length <= maxNameLength && (names.has(name) || globs.some((isMatch) => isMatch(name))),
  };
}

/** The patterns of a list that lives as long as its policy: read at the first question. */
export function patternsOf(list: readonly string[]): NamePatterns {
  const known = compiled.get(list);
  if (known !== undefined) return known;
  const patterns = compilePatterns(list);
  compiled.set(list, patterns);
  return patterns;
}

const compiled = new WeakMap<readonly string[], NamePatterns>();

function isGlob(pattern: string): boolean {
  return pattern.includes('*');
}
