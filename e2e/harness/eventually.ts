import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks, in milliseconds. */
const periodMs = 250;

/**
 * What a wait may take, in milliseconds: far beyond what a busy machine needs, because it costs time in a failure only.
 * Longer than each pause that Kubernetes keeps by itself and a case meets: a container that ended is started again after
 * up to 40 s, a Lease runs out after 15 s, a mounted Secret is brought up to date within 90 s.
 */
const patienceMs = 300_000;

/** As much of one look and the pause after it counts, in milliseconds: while a machine stands still, so does what is awaited. */
const longestRoundMs = 10_000;

/**
 * Looks until `look` returns something, and returns it. A look that throws has seen nothing: API servers and pods have
 * moments in which they do not answer. After `withinMs` it fails and says what was awaited, what the last look threw,
 * and what `describe` (default: nothing) sees now.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  options: { readonly withinMs?: number; readonly describe?: () => Promise<unknown> } = {},
): Promise<T> {
  const { withinMs = patienceMs, describe } = options;
  let waitedMs = 0;
  let failure: unknown;
  for (;;) {
    const begun = performance.now();
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (waitedMs > withinMs) break;
    await sleep(periodMs);
    waitedMs += Math.min(performance.now() - begun, longestRoundMs);
  }
  const thrown = failure === undefined ? '' : `; the last look threw: ${textOf(failure)}`;
  const seen = describe === undefined ? '' : `; instead: ${await describe().then(toJson, textOf)}`;
  throw new Error(`not within ${withinMs / 1000} s: ${what}${thrown}${seen}`);
}

function toJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
