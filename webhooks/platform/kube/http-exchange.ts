import { StringDecoder } from 'node:string_decoder';

import { startTimer } from '../timer.ts';
import type { AnswerHead } from './answer-parser.ts';
import type { ApiRequest } from './api.ts';
import type { Opened } from './opened-request.ts';

/** How one HTTP exchange ended. */
export type Exchanged =
  | ({ readonly type: 'answered'; readonly body: string } & AnswerHead)
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'timeout' | 'aborted' | 'too-large' };

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** See {@link ApiRequest.onChunk}. */
  readonly onChunk?: ApiRequest['onChunk'] | undefined;
}

/**
 * Sends the request with its body and reads the whole answer, within the limits. Never rejects. Bytes become text as they
 * come: kept buffers would live outside the heap, where nobody hurries to collect them.
 */
export function exchange(request: Opened, payload: string | undefined, limits: ExchangeLimits): Promise<Exchanged> {
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (answer: Exchanged): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', onAbort);
      resolve(answer);
      if (answer.type !== 'answered') request.destroy();
    };
    const onAbort = (): void => {
      finish({ type: 'aborted' });
    };
    const timer = startTimer(() => {
      finish({ type: 'timeout' });
    }, limits.timeoutMs);
    if (limits.signal?.aborted === true) {
      onAbort();
      return;
    }
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    const decoder = new StringDecoder('utf8');
    let head: AnswerHead = { status: 0 };
    let body = '';
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      const onChunk = head.status < 400 ? limits.onChunk : undefined;
      if (bytes > limits.maxBytes) finish({ type: 'too-large' });
      else if (onChunk === undefined) body += decoder.write(chunk);
      else onChunk(chunk);
    };
    request.send(payload, {
      onHead(found) {
        head = found;
      },
      onBody(chunk) {
        if (isOver) return;
        // An error in a handler of a stream has nobody above it that could catch it.
        try {
          take(chunk);
        } catch (error) {
          finish({ type: 'failed', error });
        }
      },
      onError(error) {
        finish({ type: 'failed', error });
      },
      onEnd() {
        body += decoder.end();
        finish({ type: 'answered', ...head, body });
      },
    });
  });
}
