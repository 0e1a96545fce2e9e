import type { Clock } from '../platform/clock.ts';
import { splitKey } from '../platform/kube/object.ts';
import { Turns } from '../platform/turns.ts';
import type { WorkQueue } from './queue.ts';

export interface RejudgingOptions {
  readonly clock: Clock;
  readonly queue: Pick<WorkQueue, 'add' | 'depth'>;
}

/** Between two looks at the queue, in milliseconds. */
const pauseMs = 100;
/** Keys that may wait in the queue when more are added: what somebody changes meanwhile comes after so many at most. */
const room = 20;
/** Keys that are added at each look, however long the queue is: 1,000 servers are through within 50 s. */
const atLeast = 2;

/**
 * Hands servers to the queue that have to be looked at again although nothing about them changed: another policy. Behind
 * everything else, a few at a time, and namespaces take turns.
 */
export class Rejudging {
  readonly #options: RejudgingOptions;
  readonly #waiting = new Turns<string>();
  #wake: () => void = () => undefined;

  constructor(options: RejudgingOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Who waits already keeps its place. */
  add(keys: Iterable<string>): void {
    for (const key of keys) this.#waiting.add(splitKey(key).namespace, key);
    this.#wake();
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    signal.addEventListener('abort', () => {
      this.#wake();
    });
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#waiting.size === 0) {
        await woken;
        continue;
      }
      this.#handOn();
      await clock.sleep(pauseMs, signal);
    }
  }

  #handOn(): void {
    const { queue } = this.#options;
    for (let added = 0; added < atLeast || queue.depth < room; added += 1) {
      const taken = this.#waiting.take();
      if (taken === undefined) return;
      queue.add(taken.item);
    }
  }
}
