import type { IncomingMessage } from 'node:http';

import { startRepeating, startTimer } from '../platform/timer.ts';

/** The bytes, or why there are none. */
export type ReadBody = Buffer | 'too large' | 'too slow' | 'aborted';

/** Ends what takes longer than the limit. */
export interface UploadWatch {
  /** Calls `onLate` once, unless the returned function is called before. */
  start(onLate: () => void): () => void;
}

/**
 * One timer for all uploads, because one for each is a measurable part of what an admission costs. So it is not exact:
 * an upload ends between `maxMs` and a quarter more.
 */
export function createUploadWatch(maxMs: number): UploadWatch {
  /** In order of their start, as sets keep it. */
  const running = new Set<{ readonly endsAt: number; readonly onLate: () => void }>();
  startRepeating(() => {
    const now = performance.now();
    for (const upload of running) {
      if (upload.endsAt > now) break;
      running.delete(upload);
      upload.onLate();
    }
  }, maxMs / 4).unref();
  return {
    start(onLate) {
      const upload = { endsAt: performance.now() + maxMs, onLate };
      running.add(upload);
      return () => running.delete(upload);
    },
  };
}

/** Where the bytes of a body go while it arrives. */
interface Sink {
  readonly add: (chunk: Buffer) => void;
  readonly take: () => Buffer;
}

/** Keeps the pieces: one for nearly every admission, so nothing is copied. */
export function createPieces(): Sink {
  const pieces: Buffer[] = [];
  return {
    add: (chunk) => pieces.push(chunk),
    take: () => (pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
  };
}

/** How much of a large body may hang outside of the heap before it is collected, in bytes. */
const collectEveryBytes = 2 * 1024 * 1024;

/**
 * Copies the pieces to where they belong; the body is valid until `buffer` is used again. `collect` is called from time
 * to time, because each piece is a buffer of its own that nobody needs any more.
 */
export function createFilling(buffer: Buffer, collect: () => void): Sink {
  let size = 0;
  let collectedAt = 0;
  return {
    add: (chunk) => {
      size += chunk.copy(buffer, size);
      if (size - collectedAt < collectEveryBytes) return;
      collectedAt = size;
      collect();
    },
    take: () => buffer.subarray(0, size),
  };
}

export interface ReadBodyOptions {
  readonly maxBytes: number;
  readonly watch: UploadWatch;
  readonly sink: Sink;
}

/** Reads a whole request body of at most `maxBytes` that arrives in time. Never rejects. */
export function readBody(request: IncomingMessage, { maxBytes, watch, sink }: ReadBodyOptions): Promise<ReadBody> {
  return new Promise((resolve) => {
    let size = 0;
    let isFinished = false;
    const onData = (chunk: Buffer): void => {
      if (isFinished) return;
      size += chunk.length;
      if (size > maxBytes) finish('too large');
      else sink.add(chunk);
    };
    const finish = (result: ReadBody): void => {
      if (isFinished) return;
      isFinished = true;
      stopWatching();
      resolve(result);
    };
    const stopWatching = watch.start(() => {
      finish('too slow');
    });
    request.on('data', onData);
    request.on('end', () => {
      finish(sink.take());
    });
    request.on('close', () => {
      finish('aborted');
    });
    // Without a listener an aborted upload would be an uncaught error; `close` follows it.
    request.on('error', () => undefined);
  });
}

/** Longest that we listen to a body that is refused already, in milliseconds. */
const discardMs = 1_000;

/** Most of it that we listen to. */
const discardBytes = 32 * 1024 * 1024;

/**
 * Reads the rest of a refused body away. Without it the kernel resets the connection under the feet of a client that is
 * still sending, and takes our answer with it. Resolves when the body has ended or is not worth waiting for.
 */
export function discardBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.complete || request.destroyed) {
      request.resume();
      resolve();
      return;
    }
    let size = 0;
    const timer = startTimer(resolve, discardMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > discardBytes) done();
    });
    request.on('end', done);
    request.on('close', done);
    request.on('error', () => undefined);
    request.resume();
  });
}
