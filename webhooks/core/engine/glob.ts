/**
 * Whether a text is what the pattern says: a name, in which `*` stands for any characters, also for none. Takes time in
 * proportion to the text for each `*`, whatever both are.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  const end = text.length - last.length;
  if (!text.startsWith(first) || end < first.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether there is a text that both patterns match. */
export function canBothMatch(one: string, other: string): boolean {
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
