import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { isRecord, numberAt, stringAt } from '../platform/kube/object.ts';
import { errorText } from '../platform/log.ts';
import { startTimer } from '../platform/timer.ts';
import type { Child, ChildEvents, ChildExit, GivingUp, Opened, Shim, ShimEvents, ShimRefusal } from './shim.ts';

export interface UnixShimOptions {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly events: ShimEvents;
}

/** Longest line of the shim, in bytes; it is as strict with ours. */
const maxLineBytes = 4_096;
/** How long the shim may take to answer to a connection, in milliseconds: it starts a process at most. */
const answerMs = 10_000;
/** How long what was written last has to arrive, in milliseconds. */
const farewellMs = 500;
/**
 * How long the exit of a process may come after the end of its output, in milliseconds. The shim tells it before it closes
 * the connection; what is closed before is an output that its process has closed, and goes on.
 */
const exitMs = 1_000;
/** How long a new process waits for the control connection, in milliseconds: without it nobody knows how one ends. */
const controlMs = 2_000;
/** Between looks for a socket that is not there: the bridge starts before the container of the shim. */
const firstRetryMs = 50;
const lastRetryMs = 1_000;
/** Exits that are kept until the output of their process has ended too, whose connection may end after the shim; more processes than this there never are. */
const maxKeptExits = 512;

const lineFeed = 0x0a;

const refusals: readonly ShimRefusal[] = ['Limit', 'NotFound', 'NotExecutable', 'Cwd', 'Stopping'];

/** The shim behind its Unix socket: one connection for control, and one for each process. */
export class UnixShim implements Shim {
  readonly #options: UnixShimOptions;
  readonly #exits = new Map<string, ChildExit>();
  readonly #waiting = new Map<string, (exit: ChildExit | undefined) => void>();
  /** Each looks whether there is a control connection now. */
  readonly #seekers = new Set<() => void>();
  #control: Socket | undefined;

  constructor(options: UnixShimOptions) {
    this.#options = options;
  }

  /** Keeps a control connection until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let delayMs = firstRetryMs;
    while (!signal.aborted) {
      const lasted = await this.#holdControl(signal);
      delayMs = lasted ? firstRetryMs : Math.min(delayMs * 2, lastRetryMs);
      await clock.sleep(delayMs, signal);
    }
  }

  async open(events: ChildEvents): Promise<Opened> {
    const control = await this.#controlSoon();
    if (control === undefined) return { type: 'unreachable', why: 'the shim is not there' };
    const label = randomBytes(4).toString('hex');
    const greeted = await greet(this.#options.socketPath, { shim: 1, kind: 'child', label });
    if (greeted.type === 'unreachable') return greeted;
    const { socket, answer } = greeted;
    if (this.#control !== control) {
      // Of a container that has ended, or of the next one, which we have not met yet.
      socket.destroy();
      return { type: 'unreachable', why: 'the shim is another one' };
    }
    if (answer['ok'] !== true) {
      socket.destroy();
      const reason = refusals.find((one) => one === stringAt(answer, 'reason'));
      const message = stringAt(answer, 'message') ?? '';
      return reason === undefined
        ? { type: 'unreachable', why: 'the shim refused in words that are not known' }
        : { type: 'refused', reason, message };
    }
    return { type: 'open', child: this.#attach(label, socket, events) };
  }

  giveUp({ code, why, reason }: GivingUp): void {
    this.#control?.write(`${JSON.stringify({ exit: code, why, reason })}\n`);
  }

  #attach(label: string, socket: Socket, events: ChildEvents): Child {
    let isClosed = false;
    let hasEnded = false;
    const end = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      if (isClosed) {
        // Nobody asks for it, and the event of its exit finds nobody.
        events.onEnd(undefined);
        return;
      }
      this.#exitOf(label).then(
        (exit) => {
          events.onEnd(exit);
        },
        () => {
          events.onEnd(undefined);
        },
      );
    };
    socket.on('data', (chunk) => {
      if (!isClosed) events.onData(chunk);
    });
    // A process that has closed its output says nothing any more: for us it has ended.
    socket.once('end', () => {
      socket.end();
      end();
    });
    socket.once('close', end);
    socket.resume();
    return {
      label,
      get unsent() {
        return socket.writableLength;
      },
      write: (bytes, onWritten) => {
        if (!isClosed && socket.writable) socket.write(bytes, onWritten);
        else onWritten();
      },
      pause: () => {
        socket.pause();
      },
      resume: () => {
        socket.resume();
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        socket.resume();
        // Not at once: what was written last shall arrive. But for the shim the session is over only then.
        socket.end();
        startTimer(() => socket.destroy(), farewellMs).unref();
        end();
      },
    };
  }

  #exitOf(label: string): Promise<ChildExit | undefined> {
    const known = this.#exits.get(label);
    this.#exits.delete(label);
    // Without control nobody will tell.
    if (known !== undefined || this.#control === undefined) return Promise.resolve(known);
    return new Promise((resolve) => {
      const tell = (exit: ChildExit | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(label);
        resolve(exit);
      };
      // Timers come before what has arrived meanwhile: on a busy machine it lies there unread.
      const timer = startTimer(() => {
        setImmediate(tell, undefined);
      }, exitMs);
      this.#waiting.set(label, tell);
    });
  }

  #controlSoon(): Promise<Socket | undefined> {
    if (this.#control !== undefined) return Promise.resolve(this.#control);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#seekers.delete(settle);
        resolve(this.#control);
      };
      const timer = startTimer(settle, controlMs);
      this.#seekers.add(settle);
    });
  }

  /** True when there was a connection. */
  async #holdControl(signal: AbortSignal): Promise<boolean> {
    const { socketPath, events } = this.#options;
    const greeted = await greet(socketPath, { shim: 1, kind: 'control' });
    if (greeted.type === 'unreachable') return false;
    const { socket, answer } = greeted;
    if (answer['ok'] !== true || signal.aborted) {
      socket.destroy();
      return false;
    }
    this.#control = socket;
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
    const onAbort = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const take = lineTaker((line) => {
      this.#takeEvent(line);
    });
    socket.on('data', (chunk) => {
      if (!take(chunk)) socket.destroy();
    });
    socket.once('end', () => socket.destroy());
    for (const seek of [...this.#seekers]) seek();
    events.onConnected();
    socket.resume();
    await closed;
    signal.removeEventListener('abort', onAbort);
    this.#control = undefined;
    for (const tell of [...this.#waiting.values()]) tell(undefined);
    events.onLost();
    return true;
  }

  #takeEvent(line: string): void {
    const event = parseLine(line);
    const name = stringAt(event, 'event');
    // Others are of a newer shim, and not for us.
    if (name === 'stopping') this.#options.events.onStopping();
    if (name !== 'exit') return;
    this.#takeExit(stringAt(event, 'label') ?? '', {
      code: numberAt(event, 'code') ?? null,
      signal: stringAt(event, 'signal') ?? null,
    });
  }

  #takeExit(label: string, exit: ChildExit): void {
    const waiting = this.#waiting.get(label);
    if (waiting !== undefined) {
      waiting(exit);
      return;
    }
    this.#exits.set(label, exit);
    const [oldest] = this.#exits.keys();
    if (this.#exits.size > maxKeptExits && oldest !== undefined) this.#exits.delete(oldest);
  }
}

type Greeted =
  | {
      readonly type: 'greeted';
      /** Paused, before whatever came behind the answer. */
      readonly socket: Socket;
      readonly answer: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'unreachable'; readonly why: string };

/** Connects, says who we are and reads the line that answers. */
function greet(path: string, hello: Readonly<Record<string, unknown>>): Promise<Greeted> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    let read = Buffer.alloc(0);
    const fail = (why: string): void => {
      settle({ type: 'unreachable', why });
      socket.destroy();
    };
    const timer = startTimer(() => {
      fail('the shim does not answer');
    }, answerMs);
    const onData = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const at = read.indexOf(lineFeed);
      if (at === -1 && read.length <= maxLineBytes) return;
      const answer = at === -1 ? undefined : parseLine(read.toString('utf8', 0, at));
      if (answer === undefined) {
        fail('what answers is no shim');
        return;
      }
      socket.pause();
      settle({ type: 'greeted', socket, answer });
      if (at + 1 < read.length) socket.unshift(read.subarray(at + 1));
    };
    const onEnd = (): void => {
      fail('the shim ended the connection');
    };
    const settle = (greeted: Greeted): void => {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('end', onEnd);
      resolve(greeted);
    };
    // For the life of the socket: who is gone has nothing to say, and `close` follows.
    socket.on('error', (error) => {
      fail(`the shim cannot be reached: ${errorText(error)}`);
    });
    socket.on('data', onData);
    socket.once('end', onEnd);
    socket.write(`${JSON.stringify(hello)}\n`);
  });
}

/** Hands on each complete line; false when one is too long. */
function lineTaker(onLine: (line: string) => void): (chunk: Buffer) => boolean {
  let read = Buffer.alloc(0);
  return (chunk) => {
    read = Buffer.concat([read, chunk]);
    for (let at = read.indexOf(lineFeed); at !== -1; at = read.indexOf(lineFeed)) {
      onLine(read.toString('utf8', 0, at));
      read = read.subarray(at + 1);
    }
    return read.length <= maxLineBytes;
  };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
