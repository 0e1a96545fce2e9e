import { createCollector, type CollectGarbage } from '../platform/collect-garbage.ts';

/** A body is read in pieces, each a buffer of its own outside of the heap, which the engine is in no hurry to collect. */
const collectEveryBytes = 2 * 1024 * 1024;

/** What is smaller comes from ordinary requests, which fill the heap fast enough to be collected with it. */
const smallestPiece = 8 * 1024;

/** One heap, one collector: made when it is needed. */
let collector: CollectGarbage | undefined;
let bytes = 0;

/** To be told of every piece of a body; from time to time it collects those that nobody needs any more. */
export function pieceRead(piece: Buffer): void {
  if (piece.length < smallestPiece) return;
  bytes += piece.length;
  if (bytes < collectEveryBytes) return;
  bytes = 0;
  collect('young');
}

/** A large body leaves many megabytes of text and values behind, more than the container has room for twice. */
export function largeBodyJudged(): void {
  collect('all');
}

function collect(what: 'young' | 'all'): void {
  collector ??= createCollector();
  collector(what);
}
