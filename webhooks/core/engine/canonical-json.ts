import { isRecord } from '../mcpserver/record.ts';

/**
 * JSON that is the same for equal values: object keys sorted, undefined left out. What digests are made from. Written out
 * directly: a sorted copy of a map of 100,000 keys cost half a second.
 */
export function canonicalJson(value: unknown): string {
  const pieces: string[] = [];
  write(value, pieces);
  return pieces.join('');
}

/** Texts that are joined at the end: each sum of two texts is an object until the whole is read. */
function write(value: unknown, pieces: string[]): void {
  if (Array.isArray(value)) writeList(value, pieces);
  else if (isRecord(value)) writeRecord(value, pieces);
  // What JSON has no word for is null in a list, as JSON.stringify writes it.
  else pieces.push(JSON.stringify(value ?? null));
}

function writeList(list: readonly unknown[], pieces: string[]): void {
  pieces.push('[');
  for (let at = 0; at < list.length; at += 1) {
    if (at > 0) pieces.push(',');
    write(list[at], pieces);
  }
  pieces.push(']');
}

function writeRecord(record: Readonly<Record<string, unknown>>, pieces: string[]): void {
  let before = '{';
  for (const key of sortedKeys(record)) {
    const part = record[key];
    if (part === undefined) continue;
    pieces.push(before, quoted(key), ':');
    before = ',';
    write(part, pieces);
  }
  pieces.push(before === '{' ? '{}' : '}');
}

/** Whether both have the same canonical JSON, without making it. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return canonicalJson(a) === canonicalJson(b);
  for (const key of Object.keys(a)) {
    const part = a[key];
    const other = Object.hasOwn(b, key) ? b[key] : undefined;
    if (part === undefined || other === undefined ? part !== other : !isSameJson(part, other)) return false;
  }
  return Object.keys(b).every((key) => b[key] === undefined || (Object.hasOwn(a, key) && a[key] !== undefined));
}

/** Keys that are whole numbers first and by their value, as in every object of JavaScript, then the others as texts. */
function sortedKeys(record: Readonly<Record<string, unknown>>): readonly string[] {
  const keys = Object.keys(record);
  const firstText = keys.findIndex((key) => !isIndex(key));
  if (firstText === 0) return sorted(keys);
  return firstText === -1 ? keys : [...keys.slice(0, firstText), ...sorted(keys.slice(firstText))];
}

/** Up to so many keys, which most objects have, are sorted in place: `sort` takes memory and a while before it begins. */
const few = 16;

function sorted(keys: string[]): readonly string[] {
  if (keys.length > few) return keys.sort();
  for (let next = 1; next < keys.length; next += 1) {
    const key = keys[next] ?? '';
    let place = next;
    for (let before = keys[place - 1]; before !== undefined && before > key; before = keys[place - 1]) {
      keys[place] = before;
      place -= 1;
    }
    keys[place] = key;
  }
  return keys;
}

/** The keys of what we write are some hundred; those of others can be any, and are not kept beyond as many. */
const quotedKeys = new Map<string, string>();
const limits = { keys: 500, length: 40 };

function quoted(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const text = JSON.stringify(key);
  if (key.length <= limits.length && quotedKeys.size < limits.keys) quotedKeys.set(key, text);
  return text;
}

function isIndex(key: string): boolean {
  const number = Number(key) >>> 0;
  return String(number) === key && number !== 2 ** 32 - 1;
}
