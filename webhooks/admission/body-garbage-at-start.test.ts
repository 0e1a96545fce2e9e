import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { pieceRead } from './body-garbage.ts';

const mebibyte = 1024 * 1024;

/** What Node's own types leave out. */
interface Collection {
  readonly detail: { readonly kind: number; readonly flags: number };
}

function isForcedMajor(entry: PerformanceEntry): boolean {
  const { kind, flags } = (entry as PerformanceEntry & Collection).detail;
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR && (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
}

it('what hung outside of the heap before the first piece, and stays there, is no reason to collect everything', async () => {
  const seen: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const kept = Buffer.alloc(20 * mebibyte);
  for (let bytes = 0; bytes < 8 * mebibyte; bytes += 64 * 1024) pieceRead(Buffer.allocUnsafeSlow(64 * 1024));
  await nextTurn();
  seen.push(...observer.takeRecords());
  observer.disconnect();
  expect(kept).toHaveLength(20 * mebibyte);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter(isForcedMajor)).toEqual([]);
});
