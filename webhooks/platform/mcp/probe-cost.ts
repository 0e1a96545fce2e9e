import { AnswerPool } from './answer-pool.ts';
import { TooMuch } from './pile.ts';

/**
 * What the answers to one probe may take of us, all of its messages together, in milliseconds of CPU. A handshake takes
 * some five of them, a list of a megabyte about thirty.
 */
export const maxCpuMs = 250;

/** Bytes of long answers in memory at the same time; see {@link AnswerPool}. */
const maxPooledBytes = 3 * 1024 * 1024;

/** Taken without asking the pool, by each probe: nearly every one, so that those who fill it hold up no other handshake. */
const freeBytes = 32 * 1024;

const pool = new AnswerPool(maxPooledBytes);

/** CPU time of this thread, in milliseconds. Not the clock: a busy machine must not look like a costly server. */
export type CpuMeter = () => number;

const threadCpu: CpuMeter = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const tooMuchAtOnce = 'its answer is long, and came while other answers took the memory that long ones share';

/** What one probe has cost so far, and may still cost. */
export interface ProbeCost {
  /** Work on bytes of an answer begins; it ends with the returned function. */
  start(): () => void;
  /** Throws {@link TooMuch} when the work took more than it may, or its memory is needed by others. */
  check(): void;
  /** Room for one answer. `giveUp`, which has to be a function of its own, is called when others need it more. */
  createRoom(giveUp: (why: string) => void): AnswerRoom;
  /** So many bytes of what was read are kept to the end of the probe. Throws {@link TooMuch}. */
  keep(bytes: number): void;
  /** Gives everything back. */
  end(): void;
}

/** The memory of one answer. */
export interface AnswerRoom {
  /** Throws {@link TooMuch} when there is none. `bytes` is all that the answer has then. */
  growTo(bytes: number): void;
  /** Called with the release. */
  onRelease(free: () => void): void;
  release(): void;
}

export interface ProbeCostOptions {
  /** Whose the server is: its namespace. */
  readonly owner: string;
  readonly cpuMs?: CpuMeter;
  readonly pool?: AnswerPool;
}

export function createProbeCost({ owner, cpuMs = threadCpu, pool: of = pool }: ProbeCostOptions): ProbeCost {
  let spentMs = 0;
  let keptBytes = 0;
  let isEvicted = false;
  /** One for each answer on its way: more than one when something is not waited for. */
  const rooms = new Map<(why: string) => void, number>();
  const holder = {
    owner,
    onEvicted: () => {
      isEvicted = true;
      for (const giveUp of [...rooms.keys()]) giveUp(tooMuchAtOnce);
    },
  };
  const hold = (): boolean => {
    const bytes = [...rooms.values()].reduce((sum, each) => sum + each, keptBytes);
    if (bytes > freeBytes) return !isEvicted && of.hold(holder, bytes);
    of.release(holder);
    return true;
  };
  return {
    start() {
      const startedAt = cpuMs();
      return () => {
        spentMs += cpuMs() - startedAt;
      };
    },
    check() {
      if (isEvicted) throw new TooMuch(tooMuchAtOnce);
      if (spentMs > maxCpuMs) throw new TooMuch(`reading its answers takes more than ${maxCpuMs} ms of CPU time`);
    },
    createRoom: (giveUp) => createRoom(rooms, giveUp, hold),
    keep(bytes) {
      keptBytes += bytes;
      if (hold()) return;
      keptBytes -= bytes;
      throw new TooMuch(tooMuchAtOnce);
    },
    end() {
      keptBytes = 0;
      rooms.clear();
      of.release(holder);
    },
  };
}

/** `hold` says whether all rooms together may have what they hold now. */
function createRoom(
  rooms: Map<(why: string) => void, number>,
  giveUp: (why: string) => void,
  hold: () => boolean,
): AnswerRoom {
  let isReleased = false;
  const frees: (() => void)[] = [];
  return {
    growTo(bytes) {
      // Bytes that come after the verdict, with those that brought it.
      if (isReleased) throw new TooMuch('its answer was read already');
      rooms.set(giveUp, bytes);
      if (!hold()) throw new TooMuch(tooMuchAtOnce);
    },
    onRelease(free) {
      frees.push(free);
    },
    release() {
      isReleased = true;
      for (const free of frees) free();
      // It is less than before, so there is room for what stays.
      if (rooms.delete(giveUp)) hold();
    },
  };
}

/** Whose budget an address uses: `<name>.<namespace>.svc…`. */
export function ownerOf({ hostname }: URL): string {
  return hostname.split('.')[1] ?? hostname;
}
