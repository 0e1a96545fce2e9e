import type { Verification } from '../../core/plan/observed.ts';
import { backoffDelay } from '../../platform/kube/backoff.ts';
import type { ProbeVerdict } from '../../platform/mcp/probe.ts';

/** The last answers of one server, as far as they decide what is said and when it is asked next. Times of the monotonic clock. */
export interface Tally {
  /** In a row; that it asks not to be asked neither counts nor ends the row. */
  readonly failures: number;
  /** When the first of them was asked for. */
  readonly failingSinceMs?: number;
  /** How often in a row it asked not to be asked. */
  readonly throttles: number;
  /** When it said last whether it works. */
  readonly verdictAtMs: number;
}

/**
 * Failures in a row before they count: right after a start the Service may not be programmed in every node, and a pod
 * that is replaced may still get a connection. Four take less than two seconds when each fails at once.
 */
const failuresBeforeSaid = 4;
/**
 * When each of them takes long, two count after this time, in milliseconds. A try that runs into its time-out takes ten
 * seconds: so it is said 21 seconds after the first of them began, and never later than 30.
 */
const doubtfulForMs = 15_000;
/** How long what is known stands while the server asks not to be asked, in milliseconds. */
const verdictStandsMs = 900_000;
/** How old what is known is before it is written down, in milliseconds: so much is forgotten at most when another of us leads. */
const unwrittenForMs = 300_000;
/** Longest that a server can keep us from asking it, in milliseconds. */
const maxRetryAfterMs = 300_000;
/** After a failure, in milliseconds; a shorter period of the server's own ends the growth earlier. */
const retry = { initialMs: 250, maxMs: 60_000 };
/** After it asked not to be asked, at least, in milliseconds. */
const throttledRetry = { initialMs: 5_000, maxMs: 60_000 };

/** Before the first answer of these pods to this question. `verdictAtMs`: when what is known was answered. */
export function startTally(known: Verification, verdictAtMs: number): Tally {
  const failures = known.state === 'failed' ? (known.failures ?? failuresBeforeSaid) : 0;
  return { failures, throttles: 0, verdictAtMs };
}

/** When what an earlier reconciler has written was answered; where it wrote no time, as long ago as it may have been without. */
export function believedAtMs(ageMs: number | undefined, nowMs: number): number {
  // By a wall clock that was set back it would be younger each time.
  return nowMs - Math.max(unwrittenForMs, ageMs ?? 0);
}

/** With one more answer, asked for at `askedAtMs`. */
export function nextTally(
  tally: Tally,
  answer: ProbeVerdict,
  at: { readonly askedAtMs: number; readonly nowMs: number },
): Tally {
  switch (answer.state) {
    case 'throttled':
      return { ...tally, throttles: tally.throttles + 1 };
    case 'failed': {
      const { failures, failingSinceMs = at.askedAtMs } = tally;
      return { failures: failures + 1, failingSinceMs, throttles: 0, verdictAtMs: at.nowMs };
    }
    case 'verified':
    case 'auth-required':
      return { failures: 0, throttles: 0, verdictAtMs: at.nowMs };
  }
}

/** Whether failures go on for long enough to say so. */
export function isFailing({ failures, failingSinceMs }: Tally, nowMs: number): boolean {
  if (failures >= failuresBeforeSaid) return true;
  return failures > 1 && failingSinceMs !== undefined && nowMs - failingSinceMs >= doubtfulForMs;
}

/** Whether what is known will be too old by the time a server that asks not to be asked may be asked again. */
export function isOutdated({ verdictAtMs }: Tally, nextAtMs: number): boolean {
  return nextAtMs - verdictAtMs > verdictStandsMs;
}

/** How long what is known may stand still, in milliseconds. */
export function untilOutdatedMs({ verdictAtMs }: Tally, nowMs: number): number {
  return Math.max(0, verdictStandsMs - (nowMs - verdictAtMs));
}

/** Whether it will be older than may be forgotten by then. */
export function hasToBeWritten({ verdictAtMs }: Tally, nextAtMs: number): boolean {
  return nextAtMs - verdictAtMs > unwrittenForMs;
}

/** How long to wait after a failure, whose `tries` is this for the same pods in a row, in milliseconds. */
export function untilRetryMs(tries: number, periodMs: number, random: () => number): number {
  return backoffDelay(tries, { ...retry, maxMs: Math.min(retry.maxMs, periodMs) }, random);
}

/** How long to leave a server alone that asks not to be asked, in milliseconds. What it says of that may be anything. */
export function untilAllowedMs({ throttles }: Tally, retryAfterMs: number | undefined, random: () => number): number {
  const least = backoffDelay(throttles, throttledRetry, random);
  if (retryAfterMs === undefined || Number.isNaN(retryAfterMs)) return least;
  return Math.max(least, Math.min(retryAfterMs, maxRetryAfterMs));
}
