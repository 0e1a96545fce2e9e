import { isDeepStrictEqual } from 'node:util';

/**
 * Equal values kept once: whatever is read from the API server is a copy of its own, and a thousand servers have three
 * thousand children with the same owners. Forgets all of them when there are too many, which costs memory and nothing else.
 */
export class KeptOnce<Value> {
  readonly #known = new Map<string, Value>();
  readonly #most: number;
  readonly #isSame: (a: Value, b: Value) => boolean;

  constructor(most: number, isSame: (a: Value, b: Value) => boolean = isDeepStrictEqual) {
    this.#most = most;
    this.#isSame = isSame;
  }

  /** The value, or the one that is kept under the key and equals it. */
  of(key: string, value: Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined && this.#isSame(known, value)) return known;
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }
}
