import { splitKey } from '../platform/kube/object.ts';

export interface TextLimits {
  /** Of one text, in bytes; a longer one is not kept. */
  readonly longest: number;
  /** Of all of them together, in bytes; equal texts count once. */
  readonly inAll: number;
}

/**
 * Texts by `namespace/name`, bounded in bytes: equal ones are kept once, and one that nobody has any more is gone at
 * once. Where there is no room, the namespace that has the most gives up its oldest, and what would make a namespace
 * that one is not kept: who has little loses nothing to who has much. Whoever misses a text reads it.
 */
export class KeptTexts {
  readonly #limits: TextLimits;
  readonly #shares = new Map<string, Share>();
  /** Of each text, in how many namespaces it is. */
  readonly #texts = new Map<string, Text>();
  #bytes = 0;

  constructor(limits: TextLimits) {
    this.#limits = limits;
  }

  /** Of all that are kept, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): string | undefined {
    return this.#shares.get(splitKey(key).namespace)?.byKey.get(key);
  }

  /** In place of what was kept under the key. */
  put(key: string, text: string): void {
    this.drop(key);
    const bytes = heapBytes(text);
    if (bytes > this.#limits.longest) return;
    const { namespace } = splitKey(key);
    const share: Share = this.#shares.get(namespace) ?? { bytes: 0, byKey: new Map(), users: new Map() };
    if (!this.#makeRoom(share, text, bytes)) return;
    this.#shares.set(namespace, share);
    const kept = this.#hold(share, text, bytes);
    share.byKey.set(key, kept.text);
    share.users.set(kept.text, (share.users.get(kept.text) ?? 0) + 1);
  }

  drop(key: string): void {
    const { namespace } = splitKey(key);
    const share = this.#shares.get(namespace);
    const text = share?.byKey.get(key);
    if (share === undefined || text === undefined) return;
    share.byKey.delete(key);
    const left = (share.users.get(text) ?? 1) - 1;
    if (left > 0) share.users.set(text, left);
    else this.#release(share, text);
    if (share.byKey.size === 0) this.#shares.delete(namespace);
  }

  /** Whether there is room for it now. */
  #makeRoom(share: Share, text: string, bytes: number): boolean {
    if (this.#texts.has(text)) return true;
    while (this.#bytes + bytes > this.#limits.inAll) {
      const largest = this.#largest();
      if (largest === undefined || largest.bytes <= share.bytes + bytes) return false;
      const [oldest] = largest.byKey.keys();
      if (oldest === undefined) return false;
      this.drop(oldest);
    }
    return true;
  }

  #largest(): Share | undefined {
    let largest: Share | undefined;
    for (const share of this.#shares.values()) {
      if (largest === undefined || share.bytes > largest.bytes) largest = share;
    }
    return largest;
  }

  #hold(share: Share, text: string, bytes: number): Text {
    const known = this.#texts.get(text);
    const kept = known ?? { text, bytes, namespaces: 0 };
    if (known === undefined) {
      this.#texts.set(text, kept);
      this.#bytes += bytes;
    }
    if (!share.users.has(text)) {
      kept.namespaces += 1;
      share.bytes += bytes;
    }
    return kept;
  }

  #release(share: Share, text: string): void {
    share.users.delete(text);
    const kept = this.#texts.get(text);
    if (kept === undefined) return;
    share.bytes -= kept.bytes;
    kept.namespaces -= 1;
    if (kept.namespaces > 0) return;
    this.#texts.delete(text);
    this.#bytes -= kept.bytes;
  }
}

/** What one namespace has. */
interface Share {
  /** Of its texts, in bytes; equal ones count once. */
  bytes: number;
  /** Oldest first. */
  readonly byKey: Map<string, string>;
  /** How many keys have each text. */
  readonly users: Map<string, number>;
}

interface Text {
  readonly text: string;
  readonly bytes: number;
  namespaces: number;
}

/** V8 takes a byte for each character of a text that has only those of Latin-1, and two for each of any other. */
export function heapBytes(text: string): number {
  // eslint-disable-next-line no-control-regex -- the range begins where texts do
  return /[^\u0000-\u00ff]/.test(text) ? text.length * 2 : text.length;
}
