/**
 * Whatever would break out of its line or hide in it: control characters (a single one makes the API server drop a
 * warning), line separators, invisible formatting such as direction overrides, lone surrogates, private use and
 * noncharacters.
 */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}]/gu;

/**
 * What no text of somebody else needs and what may hide in it or turn it around: format characters (direction marks,
 * byte order marks, tags) but for the two joiners, which scripts and emoji are made with; private use, whose looks nobody knows;
 * noncharacters. YAML readers refuse some of them, and with them the whole object.
 */
const hidden = /(?![\u200C\u200D])[\p{Cf}\p{Co}\p{Noncharacter_Code_Point}]/gu;
const blanks = /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu;
const lineBreaks = /\r\n|[\r\u0085\u2028\u2029]/gu;
const controls = /(?![\n\t])\p{Cc}/gu;

const gap = '...';

/** How many UTF-16 units are looked at for each character that may be kept: what is hidden is dropped, so it needs some more. */
const unitsLookedAt = 4;

/** Nearly every text: one unit for each character, nothing to replace. Asking costs a tenth of what doing the work does. */
const plain = /^[ -~]*$/;

/** Whether the text is printable ASCII: each unit is a character, and there is nothing to replace. */
export function isPlain(text: string): boolean {
  return plain.test(text);
}

/** Text that stays on its line, whatever the user wrote into a name or a value. */
export function printable(text: string): string {
  return isPlain(text) ? text : text.replace(unprintable, '\uFFFD');
}

/**
 * A text of somebody else (a server, a certificate, another program) fit for a status, an event or a log: one line of at
 * most `limit` characters, well-formed, without what {@link hidden} lists. Cut text ends in `…`. The work is bounded by
 * `limit`, however long the text is.
 */
export function oneLine(text: string, limit: number): string {
  return fit(text, limit, (part) => part.replace(blanks, ' ').trim());
}

/** The same for prose of several lines: line breaks (all as \n) and tabs stay. */
export function severalLines(text: string, limit: number): string {
  return fit(text, limit, (part) => part.replace(lineBreaks, '\n').replace(controls, '').trim());
}

function fit(text: string, limit: number, clean: (part: string) => string): string {
  const looked = startOf(text, limit * unitsLookedAt + 1);
  const cleaned = clean(looked.toWellFormed().replace(hidden, ''));
  if (cleaned.length <= limit && looked.length === text.length) return cleaned;
  const kept = Array.from(cleaned);
  if (kept.length <= limit && looked.length === text.length) return cleaned;
  return `${kept.slice(0, Math.max(0, limit - 1)).join('')}…`;
}

/** The first `units` of a text, without a half character at the end. */
function startOf(text: string, units: number): string {
  if (text.length <= units) return text;
  const last = text.charCodeAt(units - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? units - 1 : units);
}

/** Length as the API server counts it: characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  return isPlain(text) ? text.length : Array.from(text).length;
}

/** At most `limit` characters; what is too long loses its middle, because names differ at both ends. */
export function shortenMiddle(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = Math.max(0, limit - gap.length);
  const head = Math.ceil(kept / 2);
  const tail = kept - head;
  if (canBeCut(text, limit)) return `${text.slice(0, head)}${gap}${text.slice(text.length - tail)}`;
  const characters = charactersOf(text, limit);
  if (characters.length <= limit) return text;
  return `${characters.slice(0, head).join('')}${gap}${characters.slice(characters.length - tail).join('')}`;
}

/** At most `limit` characters; what is too long loses its end. */
export function shortenEnd(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (canBeCut(text, limit)) return `${text.slice(0, Math.max(0, limit - gap.length))}${gap}`;
  const characters = charactersOf(text, limit);
  if (characters.length <= limit) return text;
  return `${characters.slice(0, Math.max(0, limit - gap.length)).join('')}${gap}`;
}

/** Whether each unit of it is a character. Not asked of what is far beyond `limit`, because it may have megabytes. */
function canBeCut(text: string, limit: number): boolean {
  return text.length <= 4 * limit && isPlain(text);
}

/** All characters; of a text far beyond `limit` only enough of both ends, because it may have megabytes. */
function charactersOf(text: string, limit: number): readonly string[] {
  const units = 2 * limit;
  return Array.from(text.length <= 2 * units ? text : `${startOf(text, units)}${endOf(text, units)}`);
}

function endOf(text: string, units: number): string {
  const first = text.charCodeAt(text.length - units);
  return text.slice(text.length - (first >= 0xdc00 && first <= 0xdfff ? units - 1 : units));
}
