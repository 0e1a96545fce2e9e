import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks, in milliseconds. */
const periodMs = 250;

/**
 * Looks until `look` returns something, and returns it. After `withinMs` it fails and says what was awaited and what
 * `describe` (default: nothing) sees now.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  options: { readonly withinMs?: number; readonly describe?: () => Promise<unknown> } = {},
): Promise<T> {
  const { withinMs = 60_000, describe } = options;
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) break;
    await sleep(periodMs);
  }
  const seen = describe === undefined ? '' : `; instead: ${JSON.stringify(await describe(), undefined, 2)}`;
  throw new Error(`not within ${withinMs / 1000} s: ${what}${seen}`);
}
