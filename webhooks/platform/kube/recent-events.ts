import { digest } from '../digest.ts';
import { Turns } from '../turns.ts';

/** An Event that was written, and how often what it tells has happened. */
export interface Written {
  readonly name: string;
  readonly count: number;
}

/** What is told, as a digest of all of it, and in which namespace. */
export interface Story {
  readonly story: string;
  readonly namespace: string;
}

export function storyOf(event: { readonly regarding: { readonly namespace: string } }): Story {
  return { story: digest(JSON.stringify(event)), namespace: event.regarding.namespace };
}

/** What happens again so soon after the last time is the same story, in milliseconds. Clusters keep an Event for an hour. */
const sameStoryMs = 600_000;

/**
 * Events that are remembered, about 200 bytes each; beyond it the oldest of the namespace that has most are forgotten, and
 * their repeats are new Events.
 */
const maxRemembered = 1_000;

/** What was told lately: something that flaps is one Event that counts, not one Event each time. */
export class RecentEvents {
  readonly #written = new Map<string, Written & { readonly atMs: number }>();
  /** Their keys by namespace, the first one is what has not happened for the longest time. */
  readonly #order = new Turns<string>();

  /** The Event that told exactly the same a short while ago. */
  find({ story }: Story, nowMs: number): Written | undefined {
    const written = this.#written.get(story);
    return written !== undefined && nowMs - written.atMs < sameStoryMs ? written : undefined;
  }

  put({ story, namespace }: Story, written: Written, nowMs: number): void {
    this.#written.set(story, { ...written, atMs: nowMs });
    this.#order.delete(namespace, story);
    this.#order.add(namespace, story);
    const forgotten = this.#order.size > maxRemembered ? this.#order.takeFromLargest() : undefined;
    if (forgotten !== undefined) this.#written.delete(forgotten);
  }
}
