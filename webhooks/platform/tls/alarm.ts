import type { Clock } from '../clock.ts';

/** A sleep that can be cut short, by what happens during it or happened since the last one. */
export interface Alarm {
  ring(): void;
  /** Resolves after `ms`, when it rings, or when the signal aborts. */
  wait(ms: number): Promise<void>;
}

export function createAlarm(clock: Clock, signal: AbortSignal): Alarm {
  let isRung = false;
  let sleeping = new AbortController();
  return {
    ring: () => {
      isRung = true;
      sleeping.abort();
    },
    async wait(ms) {
      sleeping = new AbortController();
      if (!isRung && ms > 0) await clock.sleep(ms, AbortSignal.any([signal, sleeping.signal]));
      isRung = false;
    },
  };
}
