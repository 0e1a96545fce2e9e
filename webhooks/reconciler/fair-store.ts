import { splitKey } from '../platform/kube/object.ts';

export interface StoreLimits {
  /** Of one value, in bytes; a larger one is not kept. */
  readonly largest: number;
  /** Of all of them together, in bytes; equal ones count once. */
  readonly inAll: number;
}

/** A value with what it takes. */
export interface Weighed<Value> {
  readonly value: Value;
  /** Equal ids are equal values. Absent: it is compared with no other, which would cost the maps that know them. */
  readonly id?: string;
  /** In bytes; the same for equal values. */
  readonly bytes: number;
}

/** A text by its own content. */
export function weighText(text: string): Weighed<string> & { readonly id: string } {
  return { value: text, id: text, bytes: bytesOfText(text) };
}

/** V8 takes a byte for each character if all are of Latin-1, and two for each otherwise. */
export function bytesOfText(text: string): number {
  // eslint-disable-next-line no-control-regex -- the range begins where texts do
  const isWide = /[^\u0000-\u00ff]/.test(text);
  return isWide ? text.length * 2 : text.length;
}

/**
 * Values by key, bounded in bytes: equal ones are kept once, and one that nobody has any more is gone at
 * once. Where there is no room, the namespace that has the most gives up its oldest, and what would make a namespace
 * that one is not kept: who has little loses nothing to who has much. Whoever misses a value reads it.
 */
export class FairStore<Value> {
  readonly #limits: StoreLimits;
  readonly #shares = new Map<string, Share<Value>>();
  /** Those with an id. */
  readonly #values = new Map<string, Shared<Value>>();
  #bytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** Of all that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    return this.#shares.get(splitKey(key).namespace)?.byKey.get(key)?.value;
  }

  /** A key in the namespace whose value is such a one, if there is any. */
  findKey(namespace: string, isWanted: (value: Value) => boolean): string | undefined {
    for (const [key, { value }] of this.#shares.get(namespace)?.byKey ?? []) if (isWanted(value)) return key;
    return undefined;
  }

  /** In place of what was kept under the key; what is kept may be an equal one of before. */
  put(key: string, weighed: Weighed<Value>): void {
    this.drop(key);
    if (weighed.bytes > this.#limits.largest) return;
    const { namespace } = splitKey(key);
    const share: Share<Value> = this.#shares.get(namespace) ?? { bytes: 0, byKey: new Map(), users: new Map() };
    if (!this.#makeRoom(share, weighed)) return;
    this.#shares.set(namespace, share);
    share.byKey.set(key, this.#hold(share, weighed));
  }

  drop(key: string): void {
    const { namespace } = splitKey(key);
    const share = this.#shares.get(namespace);
    const kept = share?.byKey.get(key);
    if (share === undefined || kept === undefined) return;
    share.byKey.delete(key);
    if ('id' in kept) this.#leave(share, kept);
    else this.#add(share, -kept.bytes);
    if (share.byKey.size === 0) this.#shares.delete(namespace);
  }

  /** Whether there is room for it now. */
  #makeRoom(share: Share<Value>, { id, bytes }: Weighed<Value>): boolean {
    while (!(id !== undefined && this.#values.has(id)) && this.#bytes + bytes > this.#limits.inAll) {
      const largest = this.#largest();
      if (largest === undefined || largest.bytes <= share.bytes + bytes) return false;
      const [oldest] = largest.byKey.keys();
      if (oldest === undefined) return false;
      this.drop(oldest);
    }
    return true;
  }

  #largest(): Share<Value> | undefined {
    let largest: Share<Value> | undefined;
    for (const share of this.#shares.values()) {
      if (largest === undefined || share.bytes > largest.bytes) largest = share;
    }
    return largest;
  }

  #hold(share: Share<Value>, { id, value, bytes }: Weighed<Value>): Kept<Value> {
    if (id === undefined) {
      this.#add(share, bytes);
      return { value, bytes };
    }
    const known = this.#values.get(id);
    const kept = known ?? { value, bytes, id, namespaces: 0 };
    if (known === undefined) {
      this.#values.set(id, kept);
      this.#bytes += bytes;
    }
    const users = share.users.get(id) ?? 0;
    share.users.set(id, users + 1);
    if (users === 0) {
      kept.namespaces += 1;
      share.bytes += bytes;
    }
    return kept;
  }

  #add(share: Share<Value>, bytes: number): void {
    this.#bytes += bytes;
    share.bytes += bytes;
  }

  #leave(share: Share<Value>, kept: Shared<Value>): void {
    const left = (share.users.get(kept.id) ?? 1) - 1;
    if (left > 0) share.users.set(kept.id, left);
    else this.#release(share, kept);
  }

  #release(share: Share<Value>, kept: Shared<Value>): void {
    share.users.delete(kept.id);
    share.bytes -= kept.bytes;
    kept.namespaces -= 1;
    if (kept.namespaces > 0) return;
    this.#values.delete(kept.id);
    this.#bytes -= kept.bytes;
  }
}

/** What one namespace has. */
interface Share<Value> {
  /** Of its values; equal ones count once. */
  bytes: number;
  /** Oldest first. */
  readonly byKey: Map<string, Kept<Value>>;
  /** How many keys have each value that has an id, by that. */
  readonly users: Map<string, number>;
}

type Kept<Value> = Own<Value> | Shared<Value>;

/** Of one key alone. */
interface Own<Value> {
  readonly value: Value;
  readonly bytes: number;
}

interface Shared<Value> extends Own<Value> {
  readonly id: string;
  /** In how many it is. */
  namespaces: number;
}
