import type { AnswerPool } from '../platform/mcp/answer-pool.ts';
import type { Logger } from '../platform/log.ts';
import type { Leftovers } from './leftovers.ts';
import { createLineReader } from './lines.ts';
import { parseMessage, type Message } from './message.ts';
import type { BridgeMetrics } from './metrics.ts';
import type { Child, ChildExit, Opened, Shim } from './shim.ts';

/** What a process of the server may cost us, and where it is told. */
export interface ConnectionContext {
  readonly shim: Shim;
  /** Longest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Bytes of messages that are not complete yet. */
  readonly pool: AnswerPool;
  readonly unsent: Unsent;
  readonly leftovers: Leftovers;
  readonly log: Logger;
  readonly metrics: BridgeMetrics;
}

export interface ConnectionEvents {
  onMessage(message: Message): void;
  /** Once. Undefined `exit`: nobody knows. `why`: we ended it, for this reason (a clause). */
  onEnd(end: { readonly exit: ChildExit | undefined; readonly why?: string }): void;
}

/** One process of the server, message by message. */
export interface Connection {
  readonly label: string;
  /** False when the process, or too many together, do not read what they were sent before. */
  send(bytes: Uint8Array): boolean;
  /** While it is held nothing more is read of the process: a message or two may still come. */
  hold(isHeld: boolean): void;
  close(): void;
}

/** Most bytes that wait for a process that does not read, before the message that is refused. */
const maxUnsentBytes = 1024 * 1024;

/** Bytes that all processes together have not taken yet. */
export class Unsent {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns what gives them back; undefined: there is no room. */
  hold(bytes: number): (() => void) | undefined {
    if (this.#bytes + bytes > this.#maxBytes) return undefined;
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }
}

const lineEnd = Buffer.from('\n');

/** Starts a process and reads its messages; lines that are none are somebody's log and are passed by. */
export async function openConnection(
  { shim, maxMessageBytes, pool, unsent, leftovers, log, metrics }: ConnectionContext,
  events: ConnectionEvents,
): Promise<{ readonly type: 'open'; readonly connection: Connection } | Exclude<Opened, { readonly type: 'open' }>> {
  const started: { child?: Child } = {};
  let why: string | undefined;
  let hasToldOfGarbage = false;
  const lines = createLineReader({
    maxBytes: maxMessageBytes,
    pool,
    owner: String((nextOwner += 1)),
    onLine: (line) => {
      leftovers.add(line.length);
      const parsed = parseMessage(withoutReturn(line));
      if (parsed.ok) {
        events.onMessage(parsed.message);
        return;
      }
      metrics.garbageLine();
      if (hasToldOfGarbage) return;
      hasToldOfGarbage = true;
      log.warn('the server writes lines to its standard output that are no messages: they are dropped', {
        child: started.child?.label,
        problem: parsed.problem,
        bytes: line.length,
      });
    },
    onTooMuch: (reason) => {
      why = reason;
      log.warn('a process of the server is ended', { child: started.child?.label, why });
      started.child?.close();
    },
  });
  const opened = await shim.open({
    onData: (chunk) => {
      lines.push(chunk);
    },
    onEnd: (exit) => {
      lines.end();
      events.onEnd({ exit, ...(why === undefined ? {} : { why }) });
    },
  });
  if (opened.type !== 'open') {
    lines.end();
    return opened;
  }
  const { child } = opened;
  started.child = child;
  return {
    type: 'open',
    connection: {
      label: child.label,
      send: (bytes) => {
        if (child.unsent > maxUnsentBytes) return false;
        const giveBack = unsent.hold(bytes.length + lineEnd.length);
        if (giveBack === undefined) return false;
        child.write(Buffer.concat([bytes, lineEnd]), giveBack);
        return true;
      },
      hold: (isHeld) => {
        if (isHeld) child.pause();
        else child.resume();
      },
      close: () => {
        child.close();
      },
    },
  };
}

let nextOwner = 0;

const carriageReturn = 0x0d;

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
