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
  readonly #withinOwner: 'refuse' | 'oldest gives way';
  readonly #held = new Map<AnswerHolder, number>();
  #used = 0;

  /**
   * `withinOwner`: what becomes of who needs more where its own owner holds the most. Where an owner may be many behind one
   * address, what has been there for the longest time gives way, because that is what never comes to its end.
   */
  constructor(maxBytes: number, withinOwner: 'refuse' | 'oldest gives way' = 'refuse') {
    this.#maxBytes = maxBytes;
    this.#withinOwner = withinOwner;
  }

  get used(): number {
    return this.#used;
  }

  /** The holder now has `bytes` in all, or, when false, what it had before. */
  hold(holder: AnswerHolder, bytes: number): boolean {
    const more = bytes - (this.#held.get(holder) ?? 0);
    while (this.#used + more > this.#maxBytes) {
      const largest = this.#largestOwner();
      if (largest === undefined) return false;
      const isOwn = largest.owner === holder.owner || this.#heldBy(holder.owner) + more >= largest.bytes;
      const loser = isOwn ? this.#ownLoser(holder.owner) : largest.longest;
      if (loser === undefined || loser === holder) return false;
      this.release(loser);
      loser.onEvicted();
    }
    this.#used += more;
    this.#held.set(holder, bytes);
    return true;
  }

  release(holder: AnswerHolder): void {
    this.#used -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  #ownLoser(owner: string): AnswerHolder | undefined {
    if (this.#withinOwner === 'refuse') return undefined;
    // Maps keep the order in which holders came.
    for (const holder of this.#held.keys()) if (holder.owner === owner) return holder;
    return undefined;
  }

  #heldBy(owner: string): number {
    let bytes = 0;
    for (const [holder, held] of this.#held) if (holder.owner === owner) bytes += held;
    return bytes;
  }

  /** There are never more than the places of the verifier, some 48, or the connections of a bridge, some hundred. */
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
