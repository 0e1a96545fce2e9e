/** How an answer begins. */
export interface AnswerHead {
  readonly status: number;
  readonly retryAfter?: string | undefined;
}

/** Whoever an answer is read for. */
export interface AnswerHandlers {
  onHead(head: AnswerHead): void;
  /** A part of the body, as it comes. */
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

/** Longest line between chunks, and most in all heads and trailers of one answer, in bytes: those of API servers have some hundred. */
const maxHeadBytes = 64 * 1024;

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'after-chunk' | 'trailer' | 'until-end' | 'done';

/**
 * Reads one answer in HTTP/1.1 as it comes off a connection: its head, and a body that has a length, comes in chunks, or ends
 * with the connection. Throws an error with one of Node's codes for what is no such answer.
 */
export class AnswerParser {
  readonly #handlers: AnswerHandlers;
  #state: State = 'head';
  /** Of a head or a line of which the end has not come yet. */
  #pending: Buffer | undefined;
  /** Bytes of the body, or of its chunk, that are to come. */
  #left = 0;
  /** What came of heads and trailers, in bytes: nobody says how many there are of either. */
  #headBytes = 0;
  #keepsConnection = true;

  constructor(handlers: AnswerHandlers) {
    this.#handlers = handlers;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Whether another answer may come on the connection. */
  get keepsConnection(): boolean {
    return this.#state === 'done' && this.#keepsConnection;
  }

  take(chunk: Buffer): void {
    let data = chunk;
    let at = 0;
    if (this.#pending !== undefined) {
      data = Buffer.concat([this.#pending, chunk]);
      this.#pending = undefined;
    }
    while (at < data.length) {
      // Nobody asked for more than one answer.
      if (this.#state === 'done') throw failure('HPE_CLOSED_CONNECTION', 'more than one answer came');
      at = this.#step(data, at);
    }
  }

  /** The connection has ended in good order; whether the answer is complete. */
  end(): boolean {
    if (this.#state === 'until-end') this.#finish();
    return this.#state === 'done';
  }

  /** Where it goes on. */
  #step(data: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#upTo('\r\n\r\n', data, at, (text) => {
          this.#takeHead(text);
        });
      case 'chunk-size':
        return this.#upTo('\r\n', data, at, (line) => {
          this.#takeSize(line);
        });
      case 'after-chunk':
        return this.#upTo('\r\n', data, at, (line) => {
          if (line !== '') throw failure('HPE_STRICT', 'a chunk is longer than it says');
          this.#state = 'chunk-size';
        });
      case 'trailer':
        return this.#upTo('\r\n', data, at, (line) => {
          this.#countHead(line);
          if (line === '') this.#finish();
        });
      case 'length':
      case 'chunk':
      case 'until-end':
      case 'done':
        return this.#takeBody(data, at);
    }
  }

  #upTo(end: string, data: Buffer, at: number, take: (text: string) => void): number {
    const found = data.indexOf(end, at, 'latin1');
    if (found !== -1) {
      take(data.toString('latin1', at, found));
      return found + end.length;
    }
    if (data.length - at > maxHeadBytes) throw failure('HPE_HEADER_OVERFLOW', 'the head is too long');
    this.#pending = data.subarray(at);
    return data.length;
  }

  #takeBody(data: Buffer, at: number): number {
    const isCounted = this.#state !== 'until-end';
    const end = isCounted ? Math.min(data.length, at + this.#left) : data.length;
    const isLast = isCounted && end - at === this.#left;
    this.#left -= end - at;
    this.#handlers.onBody(data.subarray(at, end));
    if (isLast && this.#state === 'chunk') this.#state = 'after-chunk';
    else if (isLast) this.#finish();
    return end;
  }

  #countHead(text: string): void {
    this.#headBytes += text.length;
    if (this.#headBytes > maxHeadBytes) throw failure('HPE_HEADER_OVERFLOW', 'the head is too long');
  }

  #takeHead(text: string): void {
    this.#countHead(text);
    const [, minor, code] = statusLine.exec(text) ?? [];
    if (code === undefined) throw failure('HPE_INVALID_CONSTANT', 'it does not speak HTTP');
    const status = Number(code);
    // "Go on", and the like: the answer itself is yet to come.
    if (status < 200) return;
    const next = bodyOf(text, status);
    this.#keepsConnection = minor === '1' && next.state !== 'until-end' && !closing.test(text);
    this.#handlers.onHead({ status, retryAfter: retryAfter.exec(text)?.[1] });
    this.#left = next.length;
    if (next.state === 'done') this.#finish();
    else this.#state = next.state;
  }

  #takeSize(line: string): void {
    const [, size] = sizeLine.exec(line) ?? [];
    if (size === undefined) throw failure('HPE_INVALID_CHUNK_SIZE', 'a chunk does not say how long it is');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
  }

  #finish(): void {
    this.#state = 'done';
    this.#handlers.onEnd();
  }
}

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?:[ \r]|$)/;
/** A size may begin with any number of zeros; a chunk may have a name and a value besides, which nobody reads. */
const sizeLine = /^0*([0-9a-f]{1,7})[ \t]*(?:;.*)?$/i;
const contentLength = /\r\ncontent-length:[ \t]*([^\r]*)/i;
const transferEncoding = /\r\ntransfer-encoding:[ \t]*([^\r]*)/gi;
const closing = /\r\nconnection:[^\r]*\bclose\b/i;
const retryAfter = /\r\nretry-after:[ \t]*([^\r]*)/i;

function bodyOf(head: string, status: number): { readonly state: State; readonly length: number } {
  // They have none, whatever their fields say.
  if (status === 204 || status === 304) return { state: 'done', length: 0 };
  const length = lengthOf(head);
  if (isInChunks(head)) {
    if (length !== undefined) throw failure('HPE_UNEXPECTED_CONTENT_LENGTH', 'it has two lengths');
    return { state: 'chunk-size', length: 0 };
  }
  if (length === 0) return { state: 'done', length: 0 };
  return length === undefined ? { state: 'until-end', length: 0 } : { state: 'length', length };
}

function lengthOf(head: string): number | undefined {
  const found = contentLength.exec(head);
  if (found === null) return undefined;
  const [line = '', text = ''] = found;
  const isSaidOnce = !contentLength.test(head.slice(found.index + line.length));
  if (!/^\d{1,15}[ \t]*$/.test(text) || !isSaidOnce)
    throw failure('HPE_INVALID_CONTENT_LENGTH', 'it does not say in one valid way how long it is');
  return Number(text);
}

function isInChunks(head: string): boolean {
  // Several lines are one list.
  const said = [...head.matchAll(transferEncoding)].map(([, text = '']) => text.trim().toLowerCase());
  if (said.length === 0) return false;
  if (said.join() !== 'chunked')
    throw failure('HPE_INVALID_TRANSFER_ENCODING', 'it comes in another encoding than asked for');
  return true;
}

/** With the code by which network-error.ts knows it, which is that of Node's own parser. */
function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
