import type { Clock } from '../../clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`, waking each sleeper at its time and letting what it does settle. */
  advance(ms: number): Promise<void>;
  /** Somebody sets the wall clock: no time passes. */
  setWallClock(byMs: number): void;
  readonly sleepers: number;
}

export function createFakeClock(start = new Date('2026-01-01T00:00:00Z')): FakeClock {
  let now = 0;
  let wallClockAtMs = start.getTime();
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    get sleepers() {
      return sleepers.size;
    },
    now: () => new Date(wallClockAtMs + now),
    monotonicMs: () => now,
    setWallClock: (byMs) => {
      wallClockAtMs += byMs;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > until) break;
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = until;
    },
  };
}

/** Long enough for chains of promises that wait for nothing but each other. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
