/**
 * Keys of what is kept although no server of that name exists: the oldest go where there are too many. Anybody may give objects
 * our labels, thousands of them; and a server may come whose objects are there already, after a restore.
 */
export class Unclaimed {
  readonly #keys = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Returns those that have to go. `isClaimed`: a server has come meanwhile. */
  add(key: string, isClaimed: (key: string) => boolean): readonly string[] {
    this.#keys.delete(key);
    if (isClaimed(key)) return [];
    this.#keys.add(key);
    const late: string[] = [];
    for (const oldest of this.#keys) {
      if (this.#keys.size <= this.#max) break;
      this.#keys.delete(oldest);
      if (!isClaimed(oldest)) late.push(oldest);
    }
    return late;
  }

  /** Whether one more can be kept that nobody claims, and none has to go for it. */
  hasRoom(isClaimed: (key: string) => boolean): boolean {
    for (const oldest of this.#keys) {
      if (this.#keys.size < this.#max || !isClaimed(oldest)) break;
      this.#keys.delete(oldest);
    }
    return this.#keys.size < this.#max;
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }
}
