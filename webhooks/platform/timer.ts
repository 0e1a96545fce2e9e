/**
 * Longest that a timer waits, in milliseconds: 24.8 days. Node keeps delays in 32 bits, and a timer for longer fires
 * after one millisecond: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
 */
const maxTimerMs = 2 ** 31 - 1;
/** Instead of what is not a number, which is a bug of ours, in milliseconds: neither a loop without rest nor for ever. */
const notANumberMs = 60_000;

/** A delay that a timer can keep. For longer it is over early: whoever waits so long looks again, and waits again. */
export function toTimerMs(ms: number): number {
  return Number.isNaN(ms) ? notANumberMs : Math.min(Math.max(ms, 0), maxTimerMs);
}

/** The one way to a timer here: `onTime` after `ms`, whatever somebody's spec or header made of that. */
export function startTimer(onTime: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(onTime, toTimerMs(ms));
}

/** As {@link startTimer}, again and again; a repetition without rest is one each millisecond. */
export function startRepeating(onTime: () => void, ms: number): NodeJS.Timeout {
  return setInterval(onTime, toTimerMs(ms));
}

/** Aborts after `ms`, with the same limits. */
export function abortAfter(ms: number): AbortSignal {
  return AbortSignal.timeout(toTimerMs(ms));
}
