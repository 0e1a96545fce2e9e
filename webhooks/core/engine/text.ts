/**
 * Whatever would break out of its line or hide in it: control characters (a single one makes the API server drop a
 * warning), line separators, invisible formatting such as direction overrides, lone surrogates.
 */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu;

const gap = '...';

/** Text that stays on its line, whatever the user wrote into a name or a value. */
export function printable(text: string): string {
  return text.replace(unprintable, '\uFFFD');
}

/** Length as the API server counts it: characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** At most `limit` characters; what is too long loses its middle, because names differ at both ends. */
export function shortenMiddle(text: string, limit: number): string {
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  const kept = Math.max(0, limit - gap.length);
  const head = Math.ceil(kept / 2);
  const tail = kept - head;
  return `${characters.slice(0, head).join('')}${gap}${characters.slice(characters.length - tail).join('')}`;
}

/** At most `limit` characters; what is too long loses its end. */
export function shortenEnd(text: string, limit: number): string {
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  return `${characters.slice(0, Math.max(0, limit - gap.length)).join('')}${gap}`;
}
