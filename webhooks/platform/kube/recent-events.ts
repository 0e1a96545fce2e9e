import { digest } from '../digest.ts';

/** An Event that was written, and how often what it tells has happened. */
export interface Written {
  readonly name: string;
  readonly count: number;
}

/** What happens again so soon after the last time is the same story, in milliseconds. Clusters keep an Event for an hour. */
const sameStoryMs = 600_000;

/** Events that are remembered, about 200 bytes each; beyond it the oldest are forgotten, and their repeats are new Events. */
const maxRemembered = 1_000;

/** What was told lately: something that flaps is one Event that counts, not one Event each time. */
export class RecentEvents {
  readonly #written = new Map<string, Written & { readonly atMs: number }>();

  /** The Event that told exactly the same a short while ago. */
  find(event: object, nowMs: number): Written | undefined {
    const written = this.#written.get(keyOf(event));
    return written !== undefined && nowMs - written.atMs < sameStoryMs ? written : undefined;
  }

  put(event: object, written: Written, nowMs: number): void {
    const key = keyOf(event);
    // Maps keep the order of insertion: the first one is what has not happened for the longest time.
    this.#written.delete(key);
    this.#written.set(key, { ...written, atMs: nowMs });
    const [oldest] = this.#written.keys();
    if (this.#written.size > maxRemembered && oldest !== undefined) this.#written.delete(oldest);
  }
}

function keyOf(event: object): string {
  return digest(JSON.stringify(event));
}
