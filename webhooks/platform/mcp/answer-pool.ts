/** Somebody whose bytes the pool counts: one answer that is being read. */
export interface AnswerHolder {
  /** Whose it is: the namespace of the server. */
  readonly owner: string;
  /** Its bytes are needed by those who hold less: it is to be given up. */
  readonly onEvicted: () => void;
}

/**
 * The bytes of long answers that may be in memory at the same time, of all servers together. Who needs more than there is
 * takes it from the owner that holds the most, the longest answer first; is that itself, it gets none. So whoever fills it
 * does so to its own cost, and nobody waits for anybody.
 */
export class AnswerPool {
  readonly #maxBytes: number;
  readonly #held = new Map<AnswerHolder, number>();
  #used = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get used(): number {
    return this.#used;
  }

  /** The holder now has `bytes` in all, or, when false, what it had before. */
  hold(holder: AnswerHolder, bytes: number): boolean {
    const more = bytes - (this.#held.get(holder) ?? 0);
    while (this.#used + more > this.#maxBytes) {
      const largest = this.#largestOwner();
      if (largest === undefined || largest.owner === holder.owner) return false;
      if (this.#heldBy(holder.owner) + more >= largest.bytes) return false;
      this.release(largest.longest);
      largest.longest.onEvicted();
    }
    this.#used += more;
    this.#held.set(holder, bytes);
    return true;
  }

  release(holder: AnswerHolder): void {
    this.#used -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  #heldBy(owner: string): number {
    let bytes = 0;
    for (const [holder, held] of this.#held) if (holder.owner === owner) bytes += held;
    return bytes;
  }

  /** There are never more than the places of the verifier, some 48. */
  #largestOwner(): { readonly owner: string; readonly bytes: number; readonly longest: AnswerHolder } | undefined {
    const byOwner = new Map<string, { owner: string; bytes: number; longest: AnswerHolder }>();
    for (const [holder, held] of this.#held) {
      const known = byOwner.get(holder.owner) ?? { owner: holder.owner, bytes: 0, longest: holder };
      const longest = held > (this.#held.get(known.longest) ?? 0) ? holder : known.longest;
      byOwner.set(holder.owner, { owner: holder.owner, bytes: known.bytes + held, longest });
    }
    return [...byOwner.values()].sort((a, b) => b.bytes - a.bytes)[0];
  }
}
