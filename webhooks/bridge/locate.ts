import { endOfText } from '../platform/json-guard.ts';

/** Where a value stands in the bytes of a message: from its first byte to behind its last. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;

/**
 * Where the value at `path` stands, in bytes that JSON.parse has taken; of a name that is there twice the last one, as
 * JSON.parse takes it. So an id is replaced and all other bytes stay as somebody wrote them.
 */
export function locate(bytes: Uint8Array, path: readonly string[]): Range | undefined {
  let found: Range | undefined = { start: skipBlanks(bytes, 0), end: bytes.length };
  for (const name of path) {
    found = memberOf(bytes, found.start, name);
    if (found === undefined) return undefined;
  }
  return found;
}

/**
 * A name in the object at `path` that somebody else could take for another one: it stands twice, whatever its case, or it
 * is one of `known` but for its case. Parsers disagree about which of two counts, and encoding/json of Go takes names
 * without regard to case, so what we judge could be another thing than what the server does.
 */
export function ambiguousName(
  bytes: Uint8Array,
  path: readonly string[],
  known: readonly string[],
): string | undefined {
  const object = locate(bytes, path);
  if (object === undefined) return undefined;
  const written = new Map(known.map((name) => [foldName(name), name]));
  const seen = new Set<string>();
  for (const { name } of members(bytes, object.start)) {
    const text = nameOf(bytes, name);
    const folded = foldName(text);
    if (seen.has(folded) || (written.get(folded) ?? text) !== text) return text;
    seen.add(folded);
  }
  return undefined;
}

/** As Go folds: U+017F is an s there, and U+212A a k, which it is here, too. */
function foldName(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}

/** The bytes with each range replaced; ranges in any order, and none within another. */
export function replaceRanges(
  bytes: Uint8Array,
  replacements: readonly { readonly range: Range; readonly by: Uint8Array }[],
): Buffer {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { range, by } of replacements.toSorted((one, other) => one.range.start - other.range.start)) {
    pieces.push(bytes.subarray(from, range.start), by);
    from = range.end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

/**
 * Has a message on one line, in place: a line break that JSON allows stands between values, never in a text. Both the
 * stream of a process and server-sent events end a message with it.
 */
export function putOnOneLine(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 1)
    if (bytes[at] === lineFeed || bytes[at] === carriageReturn) bytes[at] = blank;
}

function memberOf(bytes: Uint8Array, start: number, name: string): Range | undefined {
  let found: Range | undefined;
  for (const member of members(bytes, start)) if (nameOf(bytes, member.name) === name) found = member.value;
  return found;
}

function* members(bytes: Uint8Array, start: number): Generator<{ readonly name: Range; readonly value: Range }> {
  if (bytes[start] !== openBrace) return;
  let at = skipBlanks(bytes, start + 1);
  while (at < bytes.length && bytes[at] !== closeBrace) {
    const name = { start: at, end: endOfText(bytes, at) + 1 };
    const valueStart = skipBlanks(bytes, skipBlanks(bytes, name.end) + 1);
    const value = { start: valueStart, end: endOfValue(bytes, valueStart) };
    yield { name, value };
    at = skipBlanks(bytes, value.end);
    if (bytes[at] === comma) at = skipBlanks(bytes, at + 1);
  }
}

/** Longest name that is read; members that we look for have short ones. */
const maxNameBytes = 4_096;

function nameOf(bytes: Uint8Array, { start, end }: Range): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, maxNameBytes));
  if (!text.includes(backslash) || end - start > maxNameBytes) return text.toString('utf8', 1, text.length - 1);
  // An escaped name is the same name.
  return JSON.parse(text.toString('utf8')) as string;
}

function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === quote) return endOfText(bytes, start) + 1;
  if (first === openBrace || first === openBracket) return endOfNested(bytes, start);
  let at = start;
  while (at < bytes.length && !endsScalar(bytes[at])) at += 1;
  return at;
}

function endOfNested(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return bytes.length;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || isBlank(byte);
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isBlank(bytes[at])) at += 1;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === blank || byte === lineFeed || byte === carriageReturn || byte === 0x09;
}
