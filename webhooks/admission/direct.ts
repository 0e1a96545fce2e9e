import type { Socket } from 'node:net';
import { errorText, type Logger } from '../platform/log.ts';
import { startRepeating } from '../platform/timer.ts';
import type { BodyRoom } from './body-room.ts';
import { usableTimeoutMs } from './call-timeout.ts';
import type { Connections } from './connections.ts';
import { readKnownHead, type KnownHead } from './known-head.ts';
import type { AdmissionMetrics } from './metrics.ts';
import type { RefusedReview } from './parse-review.ts';
import { PendingCall } from './pending-call.ts';
import { pieceCost, type Uploads } from './uploads.ts';

/** Longest body that is read here, in bytes: nearly all of them are far shorter. */
const longestBody = 64 * 1024;

/**
 * What is read of the requests after one that is judged, in bytes, as pieces take them of the room for bodies. A
 * connection that is not read does not tell that its caller hung up, so it is read to here, and ended beyond: nobody who
 * waits for an answer sends so much meanwhile. Only what is looked up takes so long, so few have it at a time.
 */
const longestAhead = 64 * 1024;

/** How often bodies are looked at that have not arrived as a whole, in milliseconds. None stays for two looks. */
const tickMs = 50;

/** What is shared with Node's HTTP: bodies take the same room, whichever way they came. */
export interface DirectParts {
  readonly judge: (call: PendingCall) => void;
  readonly uploads: Pick<Uploads, 'take' | 'give'>;
  readonly room: Pick<BodyRoom, 'enterNow' | 'leave'>;
  /** What a body of so many bytes takes of the room. */
  readonly costOf: (bytes: number) => number;
  readonly maxBodyBytes: number;
}

export interface DirectOptions extends DirectParts {
  readonly connections: Pick<Connections, 'used' | 'rested' | 'handedOver'>;
  readonly metrics: Pick<AdmissionMetrics, 'aborted'>;
  readonly log: Logger;
  /** Whether the caller is told to send nothing more on the connection. */
  readonly isLast: (socket: Socket) => boolean;
  /** Has Node's HTTP serve the connection from here on. */
  readonly toHttp: (socket: Socket) => void;
}

/**
 * Serves connections as long as what comes on them is what API servers send: short requests of a known form, one after the
 * other. Node's HTTP costs more than judging most of them. It gets the connection for good, with every byte of the
 * request, as soon as anything is unusual: another head, a body that is long, slow or no AdmissionReview, no room, a
 * second request before the first is answered. So nothing is refused here, and there is no second set of limits.
 */
export function createDirect(options: DirectOptions): (socket: Socket) => void {
  const arrivals = new Arrivals();
  startRepeating(() => {
    arrivals.look();
  }, tickMs).unref();
  return (socket) => {
    new DirectConnection(options, arrivals, socket).start();
  };
}

/** Connections on which a part of a body is there, and how often they were looked at. */
class Arrivals {
  readonly #looks = new Map<DirectConnection, number>();
  /** The time of the last look, as HTTP writes it. */
  date = new Date().toUTCString();

  add(connection: DirectConnection): void {
    if (!this.#looks.has(connection)) this.#looks.set(connection, 0);
  }

  remove(connection: DirectConnection): void {
    this.#looks.delete(connection);
  }

  look(): void {
    this.date = new Date().toUTCString();
    for (const [connection, looks] of this.#looks) {
      if (looks === 0) this.#looks.set(connection, 1);
      else connection.handOver();
    }
  }
}

class DirectConnection {
  readonly options: DirectOptions;
  readonly arrivals: Arrivals;
  readonly socket: Socket;
  /** The request that arrives or is judged, from its first byte on. */
  #pieces: Buffer[] = [];
  #head: KnownHead | undefined;
  /** Bytes that are missing of it. */
  #missing = 0;
  /** What its pieces take of the room for bodies that arrive. */
  #held = 0;
  #call: DirectCall | undefined;
  /** What came before it was answered. */
  readonly #ahead: Buffer[] = [];
  #aheadCost = 0;

  constructor(options: DirectOptions, arrivals: Arrivals, socket: Socket) {
    this.options = options;
    this.arrivals = arrivals;
    this.socket = socket;
  }

  start(): void {
    this.socket.on('data', this.#onData);
    this.socket.on('close', this.#onClose);
    // Without a listener a connection that is reset would be an uncaught error; `close` follows it.
    this.socket.on('error', () => undefined);
  }

  /** Gives the connection to Node's HTTP, with all that came on it since the last answer. */
  handOver(): void {
    const { options, socket } = this;
    this.#leave();
    socket.off('data', this.#onData);
    socket.off('close', this.#onClose);
    if (socket.destroyed) return;
    options.connections.handedOver(socket);
    options.toHttp(socket);
    // To the listener that is there now; what comes later it reads by itself.
    socket.emit('data', Buffer.concat([...this.#pieces, ...this.#ahead]));
    socket.resume();
  }

  /** API servers send the head by itself: then the body is one piece, and nothing is copied. */
  bodyOf({ headBytes }: KnownHead): Buffer {
    const [first, ...others] = this.#pieces;
    return first?.length === headBytes ? join(others) : join(this.#pieces).subarray(headBytes);
  }

  giveBack(): void {
    if (this.#held === 0) return;
    this.options.uploads.give(this.#held);
    this.#held = 0;
  }

  /** The call is over; refused, it has no answer yet. */
  onFinished({ bodyBytes }: KnownHead, refused: RefusedReview | undefined): void {
    const { options, socket } = this;
    if (this.#call === undefined) return;
    this.#call = undefined;
    this.giveBack();
    options.room.leave(options.costOf(bodyBytes));
    options.connections.rested(socket);
    if (refused === undefined) {
      this.#pieces = [];
      this.#head = undefined;
    }
    if (refused !== undefined || this.#ahead.length > 0) this.handOver();
  }

  readonly #onData = (piece: Buffer): void => {
    if (this.#call !== undefined) {
      this.#ahead.push(piece);
      this.#aheadCost += piece.length + pieceCost;
      if (this.#aheadCost > longestAhead) this.socket.destroy();
      return;
    }
    this.#pieces.push(piece);
    if (this.#head === undefined) this.#begin(piece);
    else this.#missing -= piece.length;
    if (this.#head === undefined || this.#missing < 0 || !this.#hold(piece.length)) this.handOver();
    else if (this.#missing > 0) this.arrivals.add(this);
    else this.#judge(this.#head);
  };

  #begin(piece: Buffer): void {
    const { connections, maxBodyBytes } = this.options;
    const head = readKnownHead(piece);
    if (head === undefined || head.bodyBytes > Math.min(longestBody, maxBodyBytes)) return;
    connections.used(this.socket);
    this.#head = head;
    this.#missing = head.headBytes + head.bodyBytes - piece.length;
  }

  #hold(bytes: number): boolean {
    const taken = this.options.uploads.take(bytes);
    this.#held += taken;
    return taken > 0;
  }

  #judge(head: KnownHead): void {
    const { room, costOf, judge } = this.options;
    if (this.socket.writableNeedDrain || !room.enterNow(costOf(head.bodyBytes))) {
      this.handOver();
      return;
    }
    if (this.#pieces.length > 1) this.arrivals.remove(this);
    this.#call = new DirectCall(this, head);
    judge(this.#call);
  }

  #leave(): void {
    this.arrivals.remove(this);
    this.giveBack();
  }

  readonly #onClose = (): void => {
    if (this.#call !== undefined) this.#call.hangUp();
    else if (this.#head !== undefined) this.options.metrics.aborted();
    this.#leave();
  };
}

class DirectCall extends PendingCall {
  readonly #connection: DirectConnection;
  readonly #head: KnownHead;
  #onGone: (() => void) | undefined;

  constructor(connection: DirectConnection, head: KnownHead) {
    const startedAt = performance.now();
    super(head.endpoint, startedAt, startedAt + usableTimeoutMs(head.url));
    this.#connection = connection;
    this.#head = head;
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  get isGone(): boolean {
    return this.#connection.socket.destroyed;
  }

  get body(): Buffer {
    return this.#connection.bodyOf(this.#head);
  }

  giveBack(): void {
    this.#connection.giveBack();
  }

  answer(text: string): void {
    const { socket, arrivals, options } = this.#connection;
    const bytes = Buffer.byteLength(text);
    const isLast = options.isLast(socket);
    const head =
      `HTTP/1.1 200 OK\r\nDate: ${arrivals.date}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n` +
      (isLast ? 'Connection: close\r\n\r\n' : '\r\n');
    // ASCII is the same in both, and as Latin-1 it is copied and not encoded: nearly every answer.
    socket.write(head + text, bytes === text.length ? 'latin1' : 'utf8');
    if (isLast) socket.destroySoon();
  }

  finish(refused?: RefusedReview): void {
    this.#connection.onFinished(this.#head, refused);
  }

  fail(error: unknown): void {
    const { options, socket } = this.#connection;
    options.log.error('an admission call failed', { error: errorText(error) });
    socket.destroy();
    this.finish();
  }

  hangUp(): void {
    this.#onGone?.();
  }

  protected onGone(listener: () => void): void {
    this.#onGone = listener;
  }
}

function join(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
