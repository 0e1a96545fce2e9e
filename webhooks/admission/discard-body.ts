import type { IncomingMessage } from 'node:http';
import { startTimer } from '../platform/timer.ts';
import { pieceRead } from './body-garbage.ts';

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
      pieceRead(chunk);
      if (size > discardBytes) done();
    });
    request.on('end', done);
    request.on('close', done);
    request.on('error', () => undefined);
    request.resume();
  });
}
