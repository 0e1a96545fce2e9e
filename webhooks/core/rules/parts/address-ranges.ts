import { parseCidr, type Cidr } from './cidr.ts';

/** A range as a policy names it. */
export interface NamedRange {
  readonly text: string;
  readonly range: Cidr;
}

/** Whether a range is one of others, or a part of one. */
export function isInRanges(range: Cidr, ranges: readonly NamedRange[]): boolean {
  return ranges.some((outer) => covers(outer.range, range));
}

/** Whether there is an address that is in both: ranges are nested or apart. */
export function doOverlap(one: Cidr, other: Cidr): boolean {
  return covers(one, other) || covers(other, one);
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  if (outer.bits !== inner.bits || outer.length > inner.length) return false;
  const rest = BigInt(outer.bits - outer.length);
  return outer.address >> rest === inner.address >> rest;
}

/** As {@link parseCidr}; an IPv4 range that is written as one of IPv6 (`::ffff:10.0.0.0/104`) is what it means. */
export function parseRange(text: string): Cidr | undefined {
  const range = parseCidr(text);
  if (range?.bits !== 128 || range.length < mappedLength || range.address >> 32n !== mappedPrefix) return range;
  return { bits: 32, address: range.address & 0xffff_ffffn, length: range.length - mappedLength };
}

/** Of `::ffff:0:0/96`: https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2 */
const mappedLength = 96;
const mappedPrefix = 0xffffn;

/** The ranges of a list that lives as long as its policy: read at the first question. What cannot be read is none. */
export function rangesOf(list: readonly string[]): readonly NamedRange[] {
  const known = byList.get(list);
  if (known !== undefined) return known;
  const ranges = list.flatMap((text) => {
    const range = parseRange(text);
    return range === undefined ? [] : [{ text, range }];
  });
  byList.set(list, ranges);
  return ranges;
}

const byList = new WeakMap<readonly string[], readonly NamedRange[]>();
