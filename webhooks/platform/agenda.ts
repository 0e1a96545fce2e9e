import type { Clock } from './clock.ts';
import { toTimerMs } from './timer.ts';

export interface AgendaOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** Must not throw. */
  readonly onDue: (key: string) => void;
}

/**
 * What is due at a time of its own, by key. All share one timer, and a thousand that wait take a hundred kilobytes; as
 * many sleeping functions, each with a timer and a signal, take some megabytes.
 */
export class Agenda {
  readonly #options: AgendaOptions;
  /** The soonest last; of those that are due together, who was put down first. */
  readonly #entries: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();
  #wake: { readonly atMs: number; readonly stop: AbortController } | undefined;

  constructor(options: AgendaOptions) {
    this.#options = options;
  }

  /** In place of when it was due before; with the limits of a timer. */
  set(key: string, afterMs: number): void {
    this.#take(key);
    const entry = { key, atMs: this.#options.clock.monotonicMs() + toTimerMs(afterMs) };
    this.#entries.splice(this.#placeOf(entry.atMs), 0, entry);
    this.#byKey.set(key, entry);
    this.#startTimer();
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  delete(key: string): void {
    this.#take(key);
    this.#startTimer();
  }

  clear(): void {
    this.#entries.length = 0;
    this.#byKey.clear();
    this.#startTimer();
  }

  #take(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    this.#entries.splice(this.#entries.indexOf(entry, this.#placeOf(entry.atMs)), 1);
  }

  /** Before all that are due then or sooner. */
  #placeOf(atMs: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.atMs ?? -Infinity) > atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One that is over too early only looks again. */
  #startTimer(): void {
    const next = this.#entries.at(-1);
    if (next !== undefined && this.#wake !== undefined && this.#wake.atMs <= next.atMs) return;
    this.#wake?.stop.abort();
    this.#wake = undefined;
    if (next === undefined) return;
    const wake = { atMs: next.atMs, stop: new AbortController() };
    this.#wake = wake;
    const { clock } = this.#options;
    const onTime = (): void => {
      if (this.#wake !== wake) return;
      this.#wake = undefined;
      try {
        this.#tellDue(clock.monotonicMs());
      } finally {
        this.#startTimer();
      }
    };
    // It never rejects; what `onDue` throws is nobody's.
    clock.sleep(Math.max(0, next.atMs - clock.monotonicMs()), wake.stop.signal).then(onTime, () => undefined);
  }

  #tellDue(nowMs: number): void {
    for (let next = this.#entries.at(-1); next !== undefined && next.atMs <= nowMs; next = this.#entries.at(-1)) {
      this.#take(next.key);
      this.#options.onDue(next.key);
    }
  }
}

interface Entry {
  readonly key: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}
