import { digest } from '../../platform/digest.ts';
import { isRecord, stringAt } from '../../platform/kube/object.ts';

/** What is kept of one value from a server: so deep, so many values in all, so many units of each text and of all. */
const limits = { depth: 8, values: 1_000, text: 8 * 1024 + 1, texts: 32 * 1024 };

/** Results that are lists: of their items the names are kept. */
const lists = ['tools', 'resources', 'prompts'] as const;
/** Longest name of an item that is kept as it is, in units; of longer ones their digest is. */
const maxNameLength = 64;
/** What an item takes at most, in bytes, as it is kept. */
const bytesOfItem = 160;

export interface Essentials {
  readonly result: Readonly<Record<string, unknown>>;
  /** About what its lists take, in bytes; all else is bounded. */
  readonly bytes: number;
}

/**
 * A copy of what a server sent, bounded, so that what was read is garbage before anybody waits: the results of 24 probes
 * are alive at the same time, for as long as the servers like. What is beyond the limits is left out, but for the items of
 * lists: each is there, by its name.
 */
export function essentialsOf(value: Readonly<Record<string, unknown>>): Essentials {
  const named: [string, readonly unknown[]][] = [];
  let bytes = 0;
  for (const list of lists) {
    const items = value[list];
    if (!Array.isArray(items)) continue;
    named.push([list, items.map(nameOnly)]);
    bytes += items.length * bytesOfItem;
  }
  const lefts = { values: limits.values, text: limits.texts };
  const rest = copyRecord(value, limits.depth, lefts, (name) => !named.some(([list]) => list === name));
  return { result: { ...rest, ...Object.fromEntries(named) }, bytes };
}

function nameOnly(item: unknown): { readonly name: string } {
  const name = stringAt(item, 'name') ?? '';
  return { name: name.length <= maxNameLength ? name : digest(name) };
}

interface Left {
  values: number;
  text: number;
}

function copy(value: unknown, depth: number, left: Left): unknown {
  if (typeof value === 'string') return copyText(value, left);
  if (!isRecord(value)) return value;
  if (depth === 0) return undefined;
  return Array.isArray(value) ? copyList(value, depth, left) : copyRecord(value, depth, left);
}

function copyText(text: string, left: Left): string {
  const length = Math.min(text.length, limits.text, left.text);
  left.text -= length;
  // A slice would keep all that it was cut from.
  return length === text.length ? text : Buffer.from(text.slice(0, length)).toString();
}

function copyList(list: readonly unknown[], depth: number, left: Left): readonly unknown[] {
  const copied: unknown[] = [];
  for (const item of list) {
    if (left.values <= 0) break;
    left.values -= 1;
    copied.push(copy(item, depth - 1, left));
  }
  return copied;
}

/** By entries, because `__proto__` is a name like any other on the wire. */
function copyRecord(
  record: Readonly<Record<string, unknown>>,
  depth: number,
  left: Left,
  isWanted: (name: string) => boolean = () => true,
): Readonly<Record<string, unknown>> {
  const copied: [string, unknown][] = [];
  for (const name in record) {
    if (left.values <= 0) break;
    if (!isWanted(name)) continue;
    left.values -= 1;
    copied.push([copyText(name, left), copy(record[name], depth - 1, left)]);
  }
  return Object.fromEntries(copied);
}
