import { startRepeating } from '../platform/timer.ts';
import type { Reply } from './reply.ts';

/** Between beats, in milliseconds: below the minute after which proxies take silence for death. */
const beatMs = 15_000;

/** One timer for all replies that are open. */
export class Heart {
  readonly #replies = new Set<Reply>();

  add(reply: Reply): void {
    this.#replies.add(reply);
  }

  remove(reply: Reply): void {
    this.#replies.delete(reply);
  }

  beat(): void {
    for (const reply of this.#replies) reply.beat();
  }

  /** Returns what stops it. */
  start(): () => void {
    const timer = startRepeating(() => {
      this.beat();
    }, beatMs);
    return () => {
      clearInterval(timer);
    };
  }
}
