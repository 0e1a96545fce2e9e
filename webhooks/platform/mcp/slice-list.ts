/** A message of which one list was cut out: the list is empty in `rest`, and its items are texts of JSON each, if it is JSON at all. */
export interface SlicedList {
  readonly name: string;
  readonly rest: Uint8Array;
  /** How many items it has; 1 of an empty one. */
  readonly count: number;
  /** One after the other, each a part of the message. */
  readonly items: Iterable<Uint8Array>;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const open = { object: 0x7b, list: 0x5b };
const close = { object: 0x7d, list: 0x5d };

/**
 * Cuts the one list of `names` out of the `result` of a JSON-RPC message, over the bytes and without building anything, so that items can be read and dropped one
 * by one. Undefined where there is none, or two of them. Says nothing about whether it is JSON.
 */
export function sliceList(bytes: Uint8Array, names: ReadonlySet<string>): SlicedList | undefined {
  const list = findList(bytes, names);
  if (list === undefined) return undefined;
  const rest = new Uint8Array(list.begin + bytes.length - list.end);
  rest.set(bytes.subarray(0, list.begin));
  rest.set(bytes.subarray(list.end), list.begin);
  return { name: list.name, rest, count: list.commas + 1, items: itemsOf(bytes, list) };
}

/** What is between the brackets of a list: from `begin`, before `end`. */
interface Found {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  /** Between its items. */
  readonly commas: number;
}

/** The list, if there is exactly one. */
function findList(bytes: Uint8Array, names: ReadonlySet<string>): Found | undefined {
  const found: Found[] = [];
  /** The last name at the depth of the message, and at that of its result. */
  const last = { ofMessage: '', ofResult: '' };
  let depth = 0;
  let isInResult = false;
  const isList = (byte: number | undefined): boolean =>
    isInResult && depth === 2 && byte === open.list && names.has(last.ofResult);
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      const end = endOfText(bytes, at);
      if (depth === 1) last.ofMessage = textOf(bytes, at, end);
      else if (depth === 2 && isInResult) last.ofResult = textOf(bytes, at, end);
      at = end;
    } else if (isList(byte)) {
      const list = toList(bytes, at, last.ofResult);
      found.push(list);
      at = list.end;
    } else if (isOpening(byte)) {
      if (depth === 1) isInResult = byte === open.object && last.ofMessage === 'result';
      depth += 1;
    } else if (isClosing(byte)) depth -= 1;
  }
  return found.length === 1 ? found[0] : undefined;
}

function isOpening(byte: number | undefined): boolean {
  return byte === open.object || byte === open.list;
}

function isClosing(byte: number | undefined): boolean {
  return byte === close.object || byte === close.list;
}

/** A name, or nothing where it is a value or too long to be one that is looked for. Escaped names are others: they are not found. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > maxNameLength || !isName(bytes, end)) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset + start + 1, end - start - 1).toString('latin1');
}

/** Longest name that is looked for, in bytes. */
const maxNameLength = 16;

function isName(bytes: Uint8Array, end: number): boolean {
  let at = end + 1;
  while (isBlank(bytes[at])) at += 1;
  return bytes[at] === colon;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The list that opens at `start`; it ends with the bytes when nothing closes it. */
function toList(bytes: Uint8Array, start: number, name: string): Found {
  let commas = 0;
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (isOpening(byte)) depth += 1;
    else if (isClosing(byte)) depth -= 1;
    else if (byte === comma && depth === 1) commas += 1;
    if (depth === 0) return { name, begin: start + 1, end: at, commas };
  }
  return { name, begin: start + 1, end: bytes.length, commas };
}

function* itemsOf(bytes: Uint8Array, { begin, end }: Found): Generator<Uint8Array> {
  let depth = 0;
  let start = begin;
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (isOpening(byte)) depth += 1;
    else if (isClosing(byte)) depth -= 1;
    else if (byte === comma && depth === 0) {
      yield bytes.subarray(start, at);
      start = at + 1;
    }
  }
  const last = bytes.subarray(start, end);
  if (start > begin || !last.every(isBlank)) yield last;
}

/** Index of the closing quote of the text that opens at `start`; the end of the bytes when there is none. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
