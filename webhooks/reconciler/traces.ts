/** 8 KiB: of 20,000 keys that were left, one in four others looks as if it had been, too. */
const bits = 65_536;

/**
 * Which keys were ever left here, in little memory whatever their number: yes for each that was, and sometimes for one that
 * was not.
 */
export class Traces {
  readonly #bytes = new Uint8Array(bits / 8);

  leave(key: string): void {
    const at = placeOf(key);
    this.#bytes[at >> 3] = (this.#bytes[at >> 3] ?? 0) | (1 << (at & 7));
  }

  maybeLeft(key: string): boolean {
    const at = placeOf(key);
    return ((this.#bytes[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
  }
}

/** FNV-1a, folded: http://www.isthe.com/chongo/tech/comp/fnv/ */
function placeOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return ((hash >>> 16) ^ hash) & (bits - 1);
}
