/** A growing delay: `initialMs`, doubled with each failure in a row, never above `maxMs`. */
export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * Delay before attempt number `failures + 1`, in milliseconds: between half and the whole of the nominal value, so
 * that clients that failed together do not come back together.
 */
export function backoffDelay(failures: number, limits: BackoffLimits, random: () => number): number {
  const nominal = Math.min(limits.initialMs * 2 ** Math.min(Math.max(failures - 1, 0), 30), limits.maxMs);
  return Math.round(nominal * (0.5 + random() / 2));
}

/** `value` spread by ± `share` (0.1 = ten per cent). */
export function jittered(value: number, share: number, random: () => number): number {
  return Math.round(value * (1 - share + random() * 2 * share));
}
