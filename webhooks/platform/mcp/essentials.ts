import { digest } from '../digest.ts';
import { isRecord, stringAt } from '../kube/object.ts';

/**
 * What is kept of what a server sent: so many of its fields, and of each so deep, so many values, so many units of one text and
 * of all of them. Each field has a budget of its own, so that a large one does not hide the others.
 */
const limits = { fields: 32, depth: 8, values: 250, text: 8 * 1024 + 1, texts: 16 * 1024 };

/** Results that are lists: of their items the names are kept. */
export const listNames: ReadonlySet<string> = new Set(['tools', 'resources', 'prompts']);
/** Longest name of an item that is kept as it is, in units; of longer ones their digest is. */
const maxNameLength = 64;
/** What an item takes at most as it is kept, what another value takes about, and what a unit of text does, in bytes. */
const bytesOf = { item: 160, value: 100, unit: 2 };

/** What is kept of an item of a list, and about what it takes, in bytes. */
export interface KeptItem {
  readonly item: unknown;
  readonly bytes: number;
}

/** `index`: where in its page it stands. */
export type KeepItem = (item: unknown, index: number) => KeptItem;

export interface Essentials {
  readonly result: Readonly<Record<string, unknown>>;
  /** About what it takes, in bytes. */
  readonly bytes: number;
}

/**
 * A copy of what a server sent, bounded, so that what was read is garbage before anybody waits: the results of 48 probes
 * are alive at the same time, for as long as the servers like. What is beyond the limits is left out, but for the items of
 * lists: each is there, by its name, or by what is kept of tools.
 */
export function essentialsOf(value: Readonly<Record<string, unknown>>, keepTool: KeepItem = keepName): Essentials {
  const fields: [string, unknown][] = [];
  let bytes = 0;
  for (const name in value) {
    if (fields.length === limits.fields) break;
    const field = value[name];
    if (listNames.has(name) && Array.isArray(field)) {
      const kept = keepItems(field, name === 'tools' ? keepTool : keepName);
      fields.push([name, kept.items]);
      bytes += kept.bytes;
    } else {
      const left = { values: limits.values, text: limits.texts };
      fields.push([copyText(name, left), copy(field, limits.depth, left)]);
      bytes += (limits.values - left.values) * bytesOf.value + (limits.texts - left.text) * bytesOf.unit;
    }
  }
  return { result: Object.fromEntries(fields), bytes };
}

function keepItems(
  list: readonly unknown[],
  keep: KeepItem,
): { readonly items: readonly unknown[]; readonly bytes: number } {
  const items: unknown[] = [];
  let bytes = 0;
  for (const [index, one] of list.entries()) {
    const kept = keep(one, index);
    items.push(kept.item);
    bytes += kept.bytes;
  }
  return { items, bytes };
}

export const keepName: KeepItem = (item) => {
  const name = stringAt(item, 'name') ?? '';
  return { item: { name: name.length <= maxNameLength ? name : digest(name) }, bytes: bytesOf.item };
};

interface Left {
  values: number;
  text: number;
}

function copy(value: unknown, depth: number, left: Left): unknown {
  left.values -= 1;
  if (typeof value === 'string') return copyText(value, left);
  if (Array.isArray(value)) return depth === 0 ? undefined : copyList(value, depth, left);
  if (!isRecord(value)) return value;
  return depth === 0 ? undefined : copyRecord(value, depth, left);
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
    copied.push(copy(item, depth - 1, left));
  }
  return copied;
}

/** By entries, because `__proto__` is a name like any other on the wire. */
function copyRecord(
  record: Readonly<Record<string, unknown>>,
  depth: number,
  left: Left,
): Readonly<Record<string, unknown>> {
  const copied: [string, unknown][] = [];
  for (const name in record) {
    if (left.values <= 0) break;
    copied.push([copyText(name, left), copy(record[name], depth - 1, left)]);
  }
  return Object.fromEntries(copied);
}
