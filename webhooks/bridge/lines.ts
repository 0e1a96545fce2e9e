import type { AnswerPool } from '../platform/mcp/answer-pool.ts';
import { createPile, TooMuch } from '../platform/mcp/pile.ts';

export interface LineReaderOptions {
  /** Longest line, in bytes. */
  readonly maxBytes: number;
  /** The bytes of all lines that are not complete yet. */
  readonly pool: AnswerPool;
  /** Who has the most of them gives way. */
  readonly owner: string;
  /** A line that is the callee's to keep, without its end; never an empty one. */
  readonly onLine: (line: Buffer) => void;
  /** Called once, with a clause. Nothing is read after it. */
  readonly onTooMuch: (why: string) => void;
}

export interface LineReader {
  push(chunk: Uint8Array): void;
  /** Gives the memory back; nothing is read any more. */
  end(): void;
}

const lineFeed = 0x0a;

/** Cuts what a process writes into lines, however it comes in pieces. */
export function createLineReader({ maxBytes, pool, owner, onLine, onTooMuch }: LineReaderOptions): LineReader {
  let hasEnded = false;
  const stop = (why: string): void => {
    if (hasEnded) return;
    end();
    onTooMuch(why);
  };
  const holder = {
    owner,
    onEvicted: () => {
      stop('its message takes too much of the memory that all sessions share');
    },
  };
  const pile = createPile((bytes) => {
    // A pile doubles, so what it asks for may be twice what came.
    if (!pool.hold(holder, bytes)) throw new TooMuch('there is no memory for its message');
  });
  let size = 0;
  const end = (): void => {
    hasEnded = true;
    pile.free();
    pool.release(holder);
  };
  const addToLine = (bytes: Uint8Array): boolean => {
    size += bytes.length;
    if (size > maxBytes) {
      stop(`its message is longer than ${maxBytes} bytes`);
      return false;
    }
    try {
      pile.add(bytes);
      return true;
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      stop(error.message);
      return false;
    }
  };
  const takeLine = (rest: Uint8Array): void => {
    // Nearly every line comes in one piece.
    const whole = size === 0 && rest.length <= maxBytes;
    if (!whole && !addToLine(rest)) return;
    const line = Buffer.from(whole ? rest : pile.take());
    if (!whole) {
      pile.free();
      pool.release(holder);
    }
    size = 0;
    if (line.length > 0) onLine(line);
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(lineFeed); at !== -1 && !hasEnded; at = chunk.indexOf(lineFeed, from)) {
        takeLine(chunk.subarray(from, at));
        from = at + 1;
      }
      if (!hasEnded && from < chunk.length) addToLine(chunk.subarray(from));
    },
    end,
  };
}
