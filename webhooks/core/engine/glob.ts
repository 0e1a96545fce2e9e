/** What is read of a text: a test counts how often. */
export type ReadableText = Pick<string, 'length' | 'charCodeAt'>;

/** Whether a text is what the pattern says: a name, in which `*` stands for any characters, also for none. */
export function matchesGlob(pattern: string, text: string): boolean {
  return pattern.includes('*') ? compileGlob(pattern)(text) : pattern === text;
}

/**
 * Reads a pattern once. Asking then takes time in proportion to the text, whatever the pattern is: it looks at each
 * character twice at most, but for parts so short that the engine finds them faster.
 */
export function compileGlob(glob: string): (text: ReadableText) => boolean {
  const parts = glob.split('*');
  const [beginning = ''] = parts;
  const end = parts.at(-1) ?? '';
  const middle = parts
    .slice(1, -1)
    .filter((part) => part !== '')
    .map(toSearch);
  const shortest = glob.length - (parts.length - 1);
  return (text) => {
    // Nearly every text that is another one ends here.
    if (text.length < shortest || !hasAt(text, beginning, 0)) return false;
    const last = text.length - end.length;
    if (!hasAt(text, end, last)) return false;
    let at = beginning.length;
    for (const search of middle) {
      // The first place is the best one: it leaves most to the others.
      at = search(text, at, last);
      if (at === nowhere) return false;
    }
    return true;
  };
}

function hasAt(text: ReadableText, part: string, at: number): boolean {
  for (let index = 0; index < part.length; index += 1) {
    if (text.charCodeAt(at + index) !== part.charCodeAt(index)) return false;
  }
  return true;
}

/** Where the part ends for the first time in a piece of a text. */
type Search = (text: ReadableText, from: number, to: number) => number;

const nowhere = -1;

/** After Knuth, Morris and Pratt: it never goes back in the text. */
function toSearch(part: string): Search {
  const fallback = fallbacksOf(part);
  return (text, from, to) => {
    if (typeof text === 'string' && part.length <= shortPart) return findShort(part, text, { from, to });
    let matched = 0;
    for (let at = from; at < to; at += 1) {
      const code = text.charCodeAt(at);
      while (matched > 0 && part.charCodeAt(matched) !== code) matched = fallback[matched - 1] ?? 0;
      if (part.charCodeAt(matched) === code) matched += 1;
      if (matched === part.length) return at + 1;
    }
    return nowhere;
  };
}

/** In characters. */
const shortPart = 8;

function findShort(part: string, text: string, { from, to }: { readonly from: number; readonly to: number }): number {
  const found = text.indexOf(part, from);
  return found === -1 || found + part.length > to ? nowhere : found + part.length;
}

/** For each length of what matches: how much of it still does if the next character is another one. */
function fallbacksOf(part: string): readonly number[] {
  const fallback = [0];
  let matched = 0;
  for (let at = 1; at < part.length; at += 1) {
    while (matched > 0 && part[at] !== part[matched]) matched = fallback[matched - 1] ?? 0;
    if (part[at] === part[matched]) matched += 1;
    fallback.push(matched);
  }
  return fallback;
}

/** Whether there is a text that both patterns match. */
export function canBothMatch(one: string, other: string): boolean {
  if (!canBothBegin(one, other)) return false;
  // How far into the other pattern one may be, when so much of the first was read.
  let reached = withStarsAsNothing([0], other);
  for (const character of one) {
    reached = withStarsAsNothing(
      [...reached].flatMap((at) => placesAfter(character, at, other)),
      other,
    );
  }
  return reached.has(other.length);
}

function placesAfter(character: string, at: number, other: string): readonly number[] {
  if (character === '*') return Array.from({ length: other.length - at + 1 }, (_, more) => at + more);
  const facing = other[at];
  if (facing === '*') return [at];
  return facing === character ? [at + 1] : [];
}

function withStarsAsNothing(places: readonly number[], other: string): ReadonlySet<number> {
  const all = new Set(places);
  // What is added while it is walked is walked, too.
  for (const at of all) if (other[at] === '*') all.add(at + 1);
  return all;
}

/** Most patterns differ before their first `*`, and asking that builds nothing. */
function canBothBegin(one: string, other: string): boolean {
  for (let at = 0; at < one.length && at < other.length; at += 1) {
    if (one[at] === '*' || other[at] === '*') return true;
    if (one[at] !== other[at]) return false;
  }
  return true;
}
