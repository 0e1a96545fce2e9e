import { startTimer } from '../platform/timer.ts';

export interface BodyRoomLimits {
  /** Bytes of bodies that may be inside at the same time. */
  readonly maxBytes: number;
  /** Requests that may wait for their turn; one more is turned away at once. */
  readonly maxWaiting: number;
}

/** `in`: go on, and leave later. `full` and `waited`: turned away, there is nothing to leave. */
export type Entry = 'in' | 'full' | 'waited';

/** Lets requests in as long as their bodies fit together, the others in order of arrival. */
export interface BodyRoom {
  /** `bytes` above its limit count as the limit: alone in it. Answers synchronously when there is room. */
  enter(bytes: number, maxWaitMs: number): Entry | Promise<Entry>;
  /** Whether there was room at once. */
  enterNow(bytes: number): boolean;
  /** With the same number of bytes as at the entry. True when nobody is inside now. */
  leave(bytes: number): boolean;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: (entry: Entry) => void;
  readonly timer: NodeJS.Timeout;
}

/** A semaphore over bytes: what bounds memory is the size of what is being read and parsed, not the number of requests. */
export function createBodyRoom({ maxBytes, maxWaiting }: BodyRoomLimits): BodyRoom {
  const waiting: Waiting[] = [];
  let inside = 0;
  const cost = (bytes: number): number => Math.min(bytes, maxBytes);

  const admitWaiting = (): void => {
    for (let next = waiting[0]; next !== undefined && inside + next.bytes <= maxBytes; next = waiting[0]) {
      waiting.shift();
      clearTimeout(next.timer);
      inside += next.bytes;
      next.resolve('in');
    }
  };

  const enterNow = (bytes: number): boolean => {
    const needed = cost(bytes);
    if (waiting.length > 0 || inside + needed > maxBytes) return false;
    inside += needed;
    return true;
  };

  return {
    enterNow,
    enter(bytes, maxWaitMs) {
      if (enterNow(bytes)) return 'in';
      const needed = cost(bytes);
      if (waiting.length >= maxWaiting) return 'full';
      return new Promise((resolve) => {
        const timer = startTimer(() => {
          waiting.splice(waiting.indexOf(entry), 1);
          resolve('waited');
          // The next in line may be smaller.
          admitWaiting();
        }, maxWaitMs);
        const entry = { bytes: needed, resolve, timer };
        waiting.push(entry);
      });
    },
    leave(bytes) {
      inside -= cost(bytes);
      admitWaiting();
      return inside === 0;
    },
  };
}
