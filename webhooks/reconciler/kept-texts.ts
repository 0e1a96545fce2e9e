import { FairStore } from './fair-store.ts';
import type { StoreLimits } from './fair-store.ts';

/** Texts by key, as a {@link FairStore} keeps them. */
export class KeptTexts {
  readonly #store: FairStore<string>;

  constructor(limits: StoreLimits) {
    this.#store = new FairStore(limits);
  }

  get(key: string): string | undefined {
    return this.#store.get(key);
  }

  /** In place of what was kept under the key. */
  put(key: string, text: string): void {
    this.#store.put(key, { value: text, id: text, bytes: bytesOf(text) });
  }

  drop(key: string): void {
    this.#store.drop(key);
  }
}

/** V8 takes a byte for each character of a text that has only those of Latin-1, and two for each of any other. */
function bytesOf(text: string): number {
  // eslint-disable-next-line no-control-regex -- the range begins where texts do
  return /[^\u0000-\u00ff]/.test(text) ? text.length * 2 : text.length;
}
