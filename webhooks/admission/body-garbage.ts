import { getHeapStatistics } from 'node:v8';
import { createCollector, type CollectGarbage } from '../platform/collect-garbage.ts';

/** A body is read in pieces, each a buffer of its own outside of the heap, which the engine is in no hurry to collect. */
const collectEveryBytes = 2 * 1024 * 1024;

/**
 * A piece that had to wait for room has outlived the young generation, and is freed with the old one only, which sees
 * 32 MiB of such outside of the heap as no reason yet. A body that goes first has 7 MiB there, those that wait a few.
 * Beside what was there before the first piece, which no collection frees: 2 MiB in the image, 14 where Node reads types.
 */
const maxOutsideBytes = 14 * 1024 * 1024;

/** What is smaller comes from ordinary requests, which fill the heap fast enough to be collected with it. */
const smallestPiece = 8 * 1024;

/** One heap, one collector: made when it is needed. */
let collector: CollectGarbage | undefined;
let bytes = 0;
let outsideBefore: number | undefined;

/** To be told of every piece of a body; from time to time it collects those that nobody needs any more. */
export function pieceRead(piece: Buffer): void {
  if (piece.length < smallestPiece) return;
  outsideBefore ??= outsideBytes() - piece.length;
  bytes += piece.length;
  if (bytes < collectEveryBytes) return;
  bytes = 0;
  collect(outsideBytes() - outsideBefore > maxOutsideBytes ? 'all' : 'young');
}

/** What buffers hold outside of the heap, needed or not, and all else that is there. */
function outsideBytes(): number {
  return getHeapStatistics().external_memory;
}

/** A large body leaves many megabytes of text and values behind, more than the container has room for twice. */
export function largeBodyJudged(): void {
  collect('all');
}

function collect(what: 'young' | 'all'): void {
  collector ??= createCollector();
  collector(what);
}
