import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../platform/clock.ts';

/** Who takes nothing for so long does not read, in milliseconds: shorter pauses are of the way to the client. */
const pauseMs = 1_000;

interface Waiting {
  readonly owner: string;
  /** Of its connection, and when that was less. */
  takenBytes: number;
  takenAtMs: number;
}

/**
 * All that clients have not read yet, of everybody together. A client that reads slowly costs what it was sent for as long
 * as it takes, and there may be a connection for each of some hundred. Beyond the budget whoever has taken nothing for the
 * longest time gives way, so a client that reads without long pauses is not cut off for those that do not, however many they
 * are and however little each of them leaves. Where nobody pauses, whoever leaves the most unread gives way, its oldest first.
 */
export class Unread {
  readonly #maxBytes: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #onCutOff: () => void;
  /** In the order in which they began to have something unread, as maps keep it. */
  readonly #waiting = new Map<ServerResponse, Waiting>();

  constructor(maxBytes: number, clock: Pick<Clock, 'monotonicMs'>, onCutOff: () => void) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#onCutOff = onCutOff;
  }

  /** Of all responses together. */
  get bytes(): number {
    let sum = 0;
    for (const response of this.#waiting.keys()) sum += response.writableLength;
    return sum;
  }

  /** Something has been written to it. */
  add(response: ServerResponse, owner: string): void {
    const takenAtMs = this.#clock.monotonicMs();
    this.#lookAgain(takenAtMs);
    if (response.writableLength === 0) return;
    if (!this.#waiting.has(response)) {
      this.#waiting.set(response, { owner, takenBytes: takenBytes(response.req.socket), takenAtMs });
    }
    while (this.bytes > this.#maxBytes && this.#waiting.size > 1) this.#cutOffOne(takenAtMs);
  }

  cutOff(response: ServerResponse): void {
    this.#waiting.delete(response);
    // One that waits for its turn, behind others of its connection, has no socket of its own yet.
    response.req.socket.destroy();
    this.#onCutOff();
  }

  #lookAgain(nowMs: number): void {
    for (const [response, waiting] of this.#waiting) {
      const { socket } = response.req;
      // One that never had its turn keeps what it holds when its connection ends.
      if (response.writableLength === 0 || socket.destroyed) this.#waiting.delete(response);
      const taken = takenBytes(socket);
      if (taken === waiting.takenBytes) continue;
      waiting.takenBytes = taken;
      waiting.takenAtMs = nowMs;
    }
  }

  #cutOffOne(nowMs: number): void {
    const [response] = this.#longestPause(nowMs) ?? this.#oldestOfLargest() ?? [];
    if (response !== undefined) this.cutOff(response);
  }

  #longestPause(nowMs: number): readonly [ServerResponse, Waiting] | undefined {
    const [longest] = [...this.#waiting].sort(([, a], [, b]) => a.takenAtMs - b.takenAtMs);
    return longest !== undefined && nowMs - longest[1].takenAtMs >= pauseMs ? longest : undefined;
  }

  #oldestOfLargest(): readonly [ServerResponse, Waiting] | undefined {
    const sums = new Map<string, number>();
    for (const [response, { owner }] of this.#waiting) {
      sums.set(owner, (sums.get(owner) ?? 0) + response.writableLength);
    }
    const [largest] = [...sums].sort(([, a], [, b]) => b - a);
    return [...this.#waiting].find(([, { owner }]) => owner === largest?.[0]);
  }
}

/**
 * What the kernel has taken of a connection. One long write counts as written only when all of it is taken, so it is asked
 * as Node's own timer of a connection does: for the queue of the handle, which nothing else tells.
 */
function takenBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return 0;
  const [written, queued] = ['bytesWritten', 'writeQueueSize'].map((name) => Number(Reflect.get(handle, name)));
  return (written ?? 0) - (queued ?? 0);
}
