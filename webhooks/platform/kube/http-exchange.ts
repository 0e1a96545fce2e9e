import { StringDecoder } from 'node:string_decoder';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { startTimer } from '../timer.ts';
import type { ApiRequest } from './api.ts';

/** How one HTTP exchange ended. */
export type Exchanged =
  | { readonly type: 'answered'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'timeout' | 'aborted' | 'too-large' };

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** See {@link ApiRequest.onChunk}. */
  readonly onChunk?: ApiRequest['onChunk'] | undefined;
}

/** Sends the request with its body and reads the whole answer, within the limits. Never rejects. */
export function exchange(
  request: ClientRequest,
  payload: string | undefined,
  limits: ExchangeLimits,
): Promise<Exchanged> {
  return new Promise((resolve) => {
    const finish = (answer: Exchanged): void => {
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
    // Before anything can end the request: destroying it is an error too, which ends the process if nobody listens.
    request.on('error', (error) => {
      finish({ type: 'failed', error });
    });
    if (limits.signal?.aborted === true) {
      onAbort();
      return;
    }
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    request.on('response', (response) => {
      readBody(response, limits, finish);
    });
    request.end(payload);
  });
}

/** Bytes become text as they come: kept buffers would live outside the heap, where nobody hurries to collect them. */
function readBody(response: IncomingMessage, limits: ExchangeLimits, finish: (answer: Exchanged) => void): void {
  const decoder = new StringDecoder('utf8');
  const onChunk = (response.statusCode ?? 0) < 400 ? limits.onChunk : undefined;
  let body = '';
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > limits.maxBytes) finish({ type: 'too-large' });
    else if (onChunk === undefined) body += decoder.write(chunk);
    else onChunk(chunk);
  };
  response.on('data', (chunk: Buffer) => {
    // An error in a handler of a stream has nobody above it that could catch it.
    try {
      take(chunk);
    } catch (error) {
      finish({ type: 'failed', error });
    }
  });
  response.on('error', (error) => {
    finish({ type: 'failed', error });
  });
  response.on('end', () => {
    body += decoder.end();
    finish({ type: 'answered', status: response.statusCode ?? 0, headers: response.headers, body });
  });
}
