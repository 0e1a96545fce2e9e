import type { ClientRequest } from 'node:http';

import type { AnswerHandlers } from './answer-parser.ts';

export interface OpenedHandlers extends AnswerHandlers {
  /** At most once, and nothing comes after it. */
  onError(error: unknown): void;
}

/** A request whose head is known, on whatever connection. */
export interface Opened {
  /** Whether it went out on a connection that had been used before. */
  readonly isReused: boolean;
  send(payload: string | undefined, handlers: OpenedHandlers): void;
  /** Nothing is called any more; nor is it sent, if it was not. */
  destroy(): void;
  /** Ends the free connections beside its own, so that the next request opens another. */
  dropIdle(): void;
}

/** Of Node's own client. */
export function openedByNode(request: ClientRequest, dropIdle: () => void): Opened {
  return {
    dropIdle,
    get isReused() {
      return request.reusedSocket;
    },
    send(payload, handlers) {
      request.on('response', (response) => {
        handlers.onHead({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        response.on('data', (chunk: Buffer) => {
          handlers.onBody(chunk);
        });
        response.on('error', (error) => {
          handlers.onError(error);
        });
        response.on('end', () => {
          handlers.onEnd();
        });
      });
      request.on('error', (error) => {
        handlers.onError(error);
      });
      request.end(payload);
    },
    destroy() {
      // Destroying is an error too, which ends the process if nobody listens.
      if (request.listenerCount('error') === 0) request.on('error', () => undefined);
      request.destroy();
    },
  };
}

/** Text that ends no line of a head; everything that goes into one has to be. */
const oneLine = /^[\t\x20-\x7e]*$/;
const target = /^[\x21-\x7e]+$/;

/** The head of a request in HTTP/1.1. Throws for what would be another request. */
export function renderHead(method: string, path: string, headers: Readonly<Record<string, string | number>>): string {
  if (!target.test(path)) throw new Error('the path of a request has characters that none may have');
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    const text = String(value);
    if (!oneLine.test(text)) throw new Error(`the header ${name} has characters that none may have`);
    head += `${name}: ${text}\r\n`;
  }
  return `${head}\r\n`;
}
