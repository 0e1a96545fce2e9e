import { startTimer } from './timer.ts';

/** Time as a dependency, so that tests decide what time it is. */
export interface Clock {
  now(): Date;
  /**
   * Milliseconds since some moment, for durations: the wall clock is set forward and back, this one only goes on. It may
   * stand still while the machine sleeps.
   */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts; early if `ms` is more than a timer can keep (24.8 days). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = startTimer(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** RFC 3339 in whole seconds, as metav1.Time is. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
