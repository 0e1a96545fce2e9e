import net from 'node:net';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

import { AnswerParser } from './answer-parser.ts';
import type { Opened, OpenedHandlers } from './opened-request.ts';

export interface DirectOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: ConnectionOptions;
  /** At the same time; requests beyond it wait for a free one. */
  readonly maxSockets: number;
  /** How long a connection without a request is kept, in milliseconds. */
  readonly idleMs: number;
}

/** How soon the kernel asks whether a silent connection is still there, in milliseconds. */
const keepAliveMs = 15_000;

/**
 * Connections to one server that speaks HTTP/1.1 itself, kept for the next requests. A request is one write, and its answer is read
 * off the connection: what Node's HTTP client makes of each (streams, timers, ticks, an agent) costs more than all that is
 * done with it (docs/decisions/0068-what-a-round-costs.md).
 */
export class DirectConnections {
  readonly #options: DirectOptions;
  /** The one that was used last is the last. */
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #open = 0;
  #isClosed = false;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  /** A request with its whole head, which ends in an empty line; it is sent when its body is known. */
  request(head: string): Opened {
    return new DirectRequest(head, this);
  }

  /** Those that have a request go on until it is answered. */
  close(): void {
    this.#isClosed = true;
    this.dropIdle();
  }

  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Calls back at once if a connection is free or may be opened; returns what takes the wish back. */
  take(onConnection: (connection: Connection) => void): () => void {
    const idle = this.#nextIdle();
    if (idle !== undefined) onConnection(idle);
    else if (this.#open < this.#options.maxSockets) onConnection(this.#connect());
    else {
      this.#waiting.push(onConnection);
      return () => {
        const at = this.#waiting.indexOf(onConnection);
        if (at !== -1) this.#waiting.splice(at, 1);
      };
    }
    return () => undefined;
  }

  /** Who goes out on a connection that is known to be over is lost, although nothing of it was sent: it is closed some ticks later. */
  #nextIdle(): Connection | undefined {
    let next = this.#idle.pop();
    while (next?.isOver === true) next = this.#idle.pop();
    return next;
  }

  #connect(): Connection {
    this.#open += 1;
    const { host, port, tls: options } = this.#options;
    const socket =
      options === undefined
        ? net.connect({ host, port })
        : tls.connect({ host, port, ALPNProtocols: ['http/1.1'], ...nameOf(host), ...options });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    return new Connection(socket, {
      onFree: (connection) => {
        this.#offer(connection);
      },
      onGone: (connection) => {
        this.#open -= 1;
        const at = this.#idle.indexOf(connection);
        if (at !== -1) this.#idle.splice(at, 1);
        const next = this.#waiting.shift();
        if (next !== undefined) next(this.#connect());
      },
    });
  }

  #offer(connection: Connection): void {
    // Who waits is served when it is gone.
    if (connection.isOver) return;
    const next = this.#waiting.shift();
    if (next !== undefined) next(connection);
    else if (this.#isClosed) connection.destroy();
    else {
      this.#idle.push(connection);
      connection.rest(this.#options.idleMs);
    }
  }
}

/** An address is no name that a server could have a certificate for under SNI. */
function nameOf(host: string): Pick<ConnectionOptions, 'servername'> {
  return net.isIP(host) === 0 ? { servername: host } : {};
}

class DirectRequest implements Opened {
  readonly #head: string;
  readonly #connections: DirectConnections;
  #connection: Connection | undefined;
  #giveUp: () => void = () => undefined;
  #isOver = false;
  isReused = false;

  constructor(head: string, connections: DirectConnections) {
    this.#head = head;
    this.#connections = connections;
  }

  send(payload: string | undefined, handlers: OpenedHandlers): void {
    this.#giveUp = this.#connections.take((connection) => {
      this.#connection = connection;
      this.isReused = connection.isUsed;
      connection.exchange(this.#head + (payload ?? ''), {
        ...handlers,
        onHead: handlers.onHead.bind(handlers),
        onBody: handlers.onBody.bind(handlers),
        onError: (error) => {
          this.#isOver = true;
          handlers.onError(error);
        },
        onEnd: () => {
          this.#isOver = true;
          handlers.onEnd();
        },
      });
    });
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#giveUp();
    this.#connection?.destroy();
  }

  dropIdle(): void {
    this.#connections.dropIdle();
  }
}

interface ConnectionHandlers {
  readonly onFree: (connection: Connection) => void;
  readonly onGone: (connection: Connection) => void;
}

class Connection {
  readonly #socket: Socket;
  #current: { readonly parser: AnswerParser; readonly handlers: OpenedHandlers } | undefined;
  /** Whether an answer came on it before. */
  isUsed = false;

  constructor(socket: Socket, { onFree, onGone }: ConnectionHandlers) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk, onFree);
    });
    socket.on('end', () => {
      if (this.#current?.parser.end() === true) this.#current = undefined;
      // Also one that was free: the other side is done with it.
      this.#fail(closedEarly());
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('timeout', () => {
      this.#socket.destroy();
    });
    socket.on('close', () => {
      this.#fail(closedEarly());
      onGone(this);
    });
  }

  /** No request can be answered on it: the other side has ended it, we have, or it broke. */
  get isOver(): boolean {
    return !this.#socket.readable || !this.#socket.writable;
  }

  exchange(text: string, handlers: OpenedHandlers): void {
    this.#current = { parser: new AnswerParser(handlers), handlers };
    if (this.isUsed) {
      this.#socket.setTimeout(0);
      this.#socket.ref();
    }
    this.#socket.write(text, 'utf8');
  }

  /** Nobody needs it now; and it keeps no program from its end. */
  rest(idleMs: number): void {
    this.#socket.setTimeout(idleMs);
    this.#socket.unref();
  }

  destroy(): void {
    this.#current = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer, onFree: (connection: Connection) => void): void {
    if (this.#current === undefined) {
      this.#socket.destroy();
      return;
    }
    const { parser } = this.#current;
    // An error in a handler of a socket has nobody above it that could catch it.
    try {
      parser.take(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!parser.isDone) return;
    // Who was answered may have destroyed it, or asked the next thing already.
    if (!this.#isAnswering(parser)) return;
    this.#current = undefined;
    this.isUsed = true;
    if (parser.keepsConnection) onFree(this);
    else this.#socket.destroy();
  }

  #isAnswering(parser: AnswerParser): boolean {
    return this.#current?.parser === parser;
  }

  #fail(error: unknown): void {
    const current = this.#current;
    this.#current = undefined;
    this.#socket.destroy();
    current?.handlers.onError(error);
  }
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed before the answer was complete'), { code: 'ECONNRESET' });
}
