import type { ServerResponse } from 'node:http';
import type { Heart } from './heart.ts';
import type { MessageId } from './message.ts';
import { renderRpcError, type RpcError } from './rpc-error.ts';
import type { Unread } from './unread.ts';

/**
 * Most bytes that a client may leave unread before the next message closes its stream. So one that does not read costs
 * this much and one message, and all of them together what `Unread` allows.
 */
const maxUnreadBytes = 1024 * 1024;
/** Beyond so many unread bytes a client is behind: nothing more is read of a process that is there for it alone. */
const maxAheadBytes = 256 * 1024;
/** How long a client that is behind, or has its answer, may take nothing of it at all, in milliseconds. */
const stallMs = 20_000;

const eventStart = Buffer.from('event: message\ndata: ');
const eventEnd = Buffer.from('\n\n');
const comment = Buffer.from(': alive\n\n');

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // nginx holds events back otherwise.
  'x-accel-buffering': 'no',
};

/** Of all replies. */
export interface ReplyContext {
  readonly heart: Heart;
  readonly unread: Unread;
}

export interface ReplyOptions extends ReplyContext {
  /** Whether the client takes server-sent events. */
  readonly streams: boolean;
  /** For whom it counts what its client does not read. */
  readonly owner: string;
}

/**
 * What a client gets for one request: the answer as JSON, or, when something else comes before it or it takes long, a
 * stream of events that ends with it.
 */
export class Reply {
  readonly #response: ServerResponse;
  readonly #options: ReplyOptions;
  #isStream = false;
  /** Its client has to go on reading. */
  #isTimed = false;
  #isOver = false;
  /** How often the heart has beaten since it began. */
  #beats = 0;
  /** Called once, when the client has gone before its answer. */
  onGone: (() => void) | undefined;

  constructor(response: ServerResponse, options: ReplyOptions) {
    this.#response = response;
    this.#options = options;
    options.heart.add(this);
    // What an answer before it on the connection left counts no longer, and its own time begins with its turn.
    if (response.socket === null) response.once('socket', this.#time.bind(this));
    else this.#time();
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

  /** Undefined, or, while its client is behind, what is over when it is not, or has gone. */
  get relief(): Promise<void> | undefined {
    const response = this.#response;
    // Behind another answer on its connection it is nobody's to read, and that one may still have to come.
    if (response.socket === null || response.destroyed) return undefined;
    if (response.writableLength <= maxAheadBytes) return undefined;
    return new Promise((resolve) => {
      const onRelief = (): void => {
        response.off('drain', onRelief).off('close', onRelief);
        resolve();
      };
      // Of what has ended only the second comes.
      response.once('drain', onRelief).once('close', onRelief);
    });
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
    this.#count();
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
    // One that does not read hears nothing, and each beat would be a sign of life.
    if (this.#response.writableNeedDrain) return;
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
      this.#options.unread.cutOff(this.#response);
      return false;
    }
    this.#response.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    this.#count();
    return true;
  }

  /** What the kernel has not taken stays with us: it counts, and not for ever. */
  #count(): void {
    const { unread, owner } = this.#options;
    const response = this.#response;
    unread.add(response, owner);
    const isLast = response.writableEnded && response.writableLength > 0;
    if (this.#isTimed || (!isLast && response.writableLength <= maxAheadBytes)) return;
    this.#isTimed = true;
    this.#time();
    response.once('drain', () => {
      this.#isTimed = false;
      this.#time();
    });
  }

  /** Behind another answer on its connection it is nobody's to read: then it has none. */
  #time(): void {
    // Nobody listens to it: the server then closes the connection. A part that was taken begins it anew.
    this.#response.socket?.setTimeout(this.#isTimed ? stallMs : 0);
  }
}

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}
