/** A range of addresses: the first `length` of `bits` bits are those of `address`. */
export interface Cidr {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly length: number;
}

/** The longest is an IPv6 address that ends in an IPv4 one, with its length. */
const maxCharacters = 49;

/** `10.0.0.0/8` or `fd00::/8`; undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  if (text.length > maxCharacters) return undefined;
  const [ip = '', mask = '', ...more] = text.split('/');
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(mask)) return undefined;
  const parsed = ip.includes(':') ? parseIPv6(ip) : parseIPv4(ip);
  if (parsed === undefined) return undefined;
  const bits = ip.includes(':') ? 128 : 32;
  const length = Number(mask);
  return length > bits ? undefined : { bits, address: parsed, length };
}

/** Whether `inner` is a real part of `outer`: inside it, and smaller. */
export function isStrictlyInside(inner: Cidr, outer: Cidr): boolean {
  if (inner.bits !== outer.bits || inner.length <= outer.length) return false;
  const rest = BigInt(outer.bits - outer.length);
  return inner.address >> rest === outer.address >> rest;
}

const ipv4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

function parseIPv4(text: string): bigint | undefined {
  if (!ipv4.test(text)) return undefined;
  let address = 0;
  for (const part of text.split('.')) {
    if (Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return BigInt(address);
}

function parseIPv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const before = toGroups(head, tail === undefined);
  const after = tail === undefined ? [] : toGroups(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => 0n), ...after];
  return groups.reduce((address, group) => (address << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`; the very last may be an IPv4 address, which is two of them. */
function toGroups(text: string, isEnd: boolean): readonly bigint[] | undefined {
  if (text === '') return [];
  const groups = text.split(':').map((group) => {
    if (/^[0-9a-f]{1,4}$/i.test(group)) return [BigInt(`0x${group}`)];
    const embedded = parseIPv4(group);
    return embedded === undefined ? undefined : [embedded >> 16n, embedded & 0xffffn];
  });
  return groups.some(
    (group, index) => group === undefined || (group.length === 2 && !(isEnd && index === groups.length - 1)),
  )
    ? undefined
    : groups.flatMap((group) => group ?? []);
}
