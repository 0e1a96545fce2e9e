import type { Clock } from '../platform/clock.ts';
import type { CollectGarbage } from '../platform/collect-garbage.ts';

/** Shorter messages fill the heap fast enough to be collected with it, in bytes. */
const longBytes = 64 * 1024;
/** After so many bytes of long messages what they have left is collected, in the midst of it. */
const collectEveryBytes = 4 * 1024 * 1024;
/** And once more, all of it, when none has come for so long, in milliseconds. */
const quietMs = 1_000;

/**
 * A long message leaves several times its length behind: the buffers in which it came and goes, which lie outside of the
 * heap and are no reason for the engine to collect before there are some 64 MB of them, and its text. A container of
 * 128 MiB has no such room, and one that is idle again should not keep it.
 */
export class Leftovers {
  readonly #clock: Clock;
  readonly #over: AbortSignal;
  readonly #collect: CollectGarbage;
  #bytes = 0;
  #lastAt = 0;
  #isWaiting = false;

  /** Nothing is collected any more once it is `over`. */
  constructor(clock: Clock, collect: CollectGarbage, over: AbortSignal) {
    this.#clock = clock;
    this.#over = over;
    this.#collect = collect;
  }

  /** To be told of every message, of either side. */
  add(bytes: number): void {
    if (bytes < longBytes) return;
    this.#lastAt = this.#clock.monotonicMs();
    this.#bytes += bytes;
    if (this.#bytes >= collectEveryBytes) {
      this.#bytes = 0;
      // The message itself is still in use.
      setImmediate(this.#collect, 'young');
    }
    if (!this.#isWaiting) this.#collectWhenQuiet().catch(() => undefined);
  }

  async #collectWhenQuiet(): Promise<void> {
    this.#isWaiting = true;
    await this.#untilQuiet();
    this.#collectAll();
    await this.#untilQuiet(this.#clock.monotonicMs());
    this.#isWaiting = false;
    // Buffers are given back beside us, and the last of them with the next collection.
    this.#collectAll();
  }

  async #untilQuiet(sinceMs = this.#lastAt): Promise<void> {
    const left = (): number => Math.max(sinceMs, this.#lastAt) + quietMs - this.#clock.monotonicMs();
    while (left() > 0 && !this.#over.aborted) await this.#clock.sleep(left(), this.#over);
  }

  #collectAll(): void {
    if (this.#over.aborted) return;
    this.#bytes = 0;
    this.#collect('all');
  }
}
