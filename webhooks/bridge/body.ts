import type { IncomingMessage } from 'node:http';
import type { AnswerPool } from '../platform/mcp/answer-pool.ts';
import { createPile, TooMuch } from '../platform/mcp/pile.ts';

export type Body =
  | { readonly type: 'whole'; readonly bytes: Buffer }
  | { readonly type: 'too long' }
  /** Other bodies take the memory. */
  | { readonly type: 'no room' }
  | { readonly type: 'gone' };

/** Reads a body of at most so many bytes; all bodies together are bounded by the pool, which has room for the long ones of who has few. */
export function readBody(
  request: IncomingMessage,
  { maxBytes, pool }: { readonly maxBytes: number; readonly pool: AnswerPool },
): Promise<Body> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.resolve({ type: 'too long' });
  // Its listeners stay for as long as its answer takes, and what one of them sees is kept: this one sees nothing.
  request.on('error', () => undefined);
  return new Promise((resolve) => {
    let size = 0;
    const holder = {
      owner: request.socket.remoteAddress ?? '',
      onEvicted: () => {
        finish({ type: 'no room' });
      },
    };
    const pile = createPile((bytes) => {
      if (!pool.hold(holder, bytes)) throw new TooMuch('there is no room');
    });
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) {
        finish({ type: 'too long' });
        return;
      }
      try {
        pile.add(chunk);
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        finish({ type: 'no room' });
      }
    };
    const onEnd = (): void => {
      finish({ type: 'whole', bytes: Buffer.from(pile.take()) });
    };
    const onClose = (): void => {
      finish({ type: 'gone' });
    };
    const finish = (body: Body): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      pile.free();
      pool.release(holder);
      resolve(body);
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
