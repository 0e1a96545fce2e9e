import { setTimeout as sleep } from 'node:timers/promises';

/** Between two times, in milliseconds. */
const periodMs = 500;

/** Does something again and again as long as `work` takes; where it fails it is tried the next time. */
export async function meanwhile<T>(again: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const repeat = async (): Promise<void> => {
    while (!signal.aborted) {
      await again().catch(() => undefined);
      await sleep(periodMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const repeating = repeat();
  try {
    return await work();
  } finally {
    over.abort();
    await repeating;
  }
}
