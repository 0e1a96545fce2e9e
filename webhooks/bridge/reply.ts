import type { ServerResponse } from 'node:http';
import type { Heart } from './heart.ts';
import type { MessageId } from './message.ts';
import { renderRpcError, type RpcError } from './rpc-error.ts';

/**
 * Most bytes that a client may leave unread before the next message closes its stream. So one that does not read costs
 * this much and one message.
 */
const maxUnreadBytes = 1024 * 1024;

const eventStart = Buffer.from('event: message\ndata: ');
const eventEnd = Buffer.from('\n\n');
const comment = Buffer.from(': alive\n\n');

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // nginx holds events back otherwise.
  'x-accel-buffering': 'no',
};

export interface ReplyOptions {
  /** Whether the client takes server-sent events. */
  readonly streams: boolean;
  readonly heart: Heart;
}

/**
 * What a client gets for one request: the answer as JSON, or, when something else comes before it or it takes long, a
 * stream of events that ends with it.
 */
export class Reply {
  readonly #response: ServerResponse;
  readonly #options: ReplyOptions;
  #isStream = false;
  #isOver = false;
  /** How often the heart has beaten since it began. */
  #beats = 0;
  /** Called once, when the client has gone before its answer. */
  onGone: (() => void) | undefined;

  constructor(response: ServerResponse, options: ReplyOptions) {
    this.#response = response;
    this.#options = options;
    options.heart.add(this);
    response.once('close', () => {
      if (this.#finish()) this.onGone?.();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get streams(): boolean {
    return this.#options.streams;
  }

  /** Headers are sent now; for a stream that may have nothing to say for long. */
  open(): void {
    if (this.#isStream || this.#isOver || !this.#options.streams) return;
    this.#isStream = true;
    this.#response.writeHead(200, streamHeaders);
    this.#response.flushHeaders();
  }

  /** A message before the answer. False when it cannot be told: the client takes no stream, or has gone. */
  notify(message: Uint8Array): boolean {
    if (this.#isOver || !this.#options.streams) return false;
    this.open();
    return this.#write([eventStart, message, eventEnd]);
  }

  /** The answer, which is the last that is said. */
  answer(message: Uint8Array, { status = 200, headers = {} }: AnswerOptions = {}): void {
    if (this.#isOver) return;
    if (this.#isStream) {
      this.#write([eventStart, message, eventEnd]);
      this.end();
      return;
    }
    this.#finish();
    const length = String(message.length);
    this.#response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': length,
      ...headers,
    });
    this.#response.end(message);
  }

  refuse(id: MessageId | Uint8Array | undefined, error: RpcError, options: AnswerOptions = {}): void {
    this.answer(renderRpcError(id, error), options);
  }

  /** Without an answer. */
  end(): void {
    if (this.#isOver) return;
    this.open();
    this.#finish();
    if (!this.#isStream) this.#response.writeHead(204);
    this.#response.end();
  }

  /** Keeps whatever is between us and the client from taking silence for death, and notices a client that has gone. */
  beat(): void {
    this.#beats += 1;
    if (this.#isOver || !this.#options.streams || this.#beats < 2) return;
    this.open();
    this.#write([comment]);
  }

  /** False when it was over already. */
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#options.heart.remove(this);
    return true;
  }

  #write(pieces: readonly Uint8Array[]): boolean {
    if (this.#isOver) return false;
    if (this.#response.writableLength > maxUnreadBytes) {
      this.#response.destroy();
      return false;
    }
    this.#response.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    return true;
  }
}

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}
