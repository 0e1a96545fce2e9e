import type { Clock } from '../platform/clock.ts';

/** So often a candidate is created at once; then after a pause that doubles, in milliseconds. */
const patience = { atOnce: 5, firstPauseMs: 5_000, longestPauseMs: 300_000 } as const;
/** Who has left one alone for so long does not fight for it, in milliseconds. */
const quietMs = 2 * patience.longestPauseMs;

/**
 * How often the candidate of each server was created while it was wanted without a break. More than once means that somebody
 * takes it away (a janitor, another controller), who may do so each time.
 */
export class CandidateCreations {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #made = new Map<string, { readonly times: number; readonly lastMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Until it may be created again, in milliseconds. */
  pauseMs(key: string): number {
    const made = this.#made.get(key);
    if (made === undefined || made.times < patience.atOnce) return 0;
    const pauseMs = patience.firstPauseMs * 2 ** (made.times - patience.atOnce);
    return Math.max(0, made.lastMs + Math.min(pauseMs, patience.longestPauseMs) - this.#clock.monotonicMs());
  }

  note(key: string): void {
    const lastMs = this.#clock.monotonicMs();
    const before = this.#made.get(key);
    const isFight = before !== undefined && lastMs - before.lastMs < quietMs;
    this.#made.set(key, { times: isFight ? before.times + 1 : 1, lastMs });
  }

  /** It is not wanted any more. */
  forget(key: string): void {
    this.#made.delete(key);
  }
}
