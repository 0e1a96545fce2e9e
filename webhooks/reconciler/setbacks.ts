import { printable } from '../core/engine/text.ts';
import type { ApiError } from '../platform/kube/api.ts';

/** How one write of one server fails, time after time. */
export interface Setback {
  /** In a row, the last one included. */
  readonly failures: number;
  /** What the API server says, well-formed. */
  readonly words: string;
  /** Whether trying again can help. */
  readonly retry: boolean;
}

/**
 * Failures in a row that its owner is told: fewer may be chance, or the moment in which a replica of the API server or of
 * somebody's webhook is replaced. They take about two and four seconds.
 */
const failuresBeforeTold = { ofStatus: 3, ofChild: 5 };

/**
 * How long words are repeated, in milliseconds: the same refusal may name another address or duration each time, and who
 * passes each on writes each time.
 */
const sameWordsMs = 600_000;

/** Remembers which writes fail again and again: of a child, by its kind, or of the status. Nothing of those that succeed. */
export class Setbacks {
  readonly #kept = new Map<string, Map<string, Setback & { readonly wordsFromMs: number }>>();

  note(what: string, key: string, { error, nowMs }: { readonly error: ApiError; readonly nowMs: number }): Setback {
    const servers = this.#kept.get(what) ?? new Map<string, Setback & { readonly wordsFromMs: number }>();
    this.#kept.set(what, servers);
    const before = servers.get(key);
    const failures = (before?.failures ?? 0) + 1;
    const { retry } = error;
    // A refusal is about what we said, and somebody may have changed what is refused.
    const isNew = before?.retry !== retry || (what !== STATUS && !retry);
    const isOld = isNew || nowMs - before.wordsFromMs >= sameWordsMs;
    const { words, wordsFromMs } = isOld ? { words: printable(error.message), wordsFromMs: nowMs } : before;
    const setback = { failures, words, retry, wordsFromMs };
    servers.set(key, setback);
    return setback;
  }

  of(what: string, key: string): Setback | undefined {
    return this.#kept.get(what)?.get(key);
  }

  end(what: string, key: string): void {
    this.#kept.get(what)?.delete(key);
  }

  /** The server is gone. */
  forget(key: string): void {
    for (const servers of this.#kept.values()) servers.delete(key);
  }

  /** For how many servers it is told. */
  told(what: string): number {
    return [...(this.#kept.get(what)?.values() ?? [])].filter((setback) => isLasting(what, setback)).length;
  }
}

/** Whether the owner of the server has to know: it goes on for long, or, of a child, is no failure that passes. */
export function isTold(what: string, { failures, retry }: Setback): boolean {
  return (what !== STATUS && !retry) || isLasting(what, { failures });
}

function isLasting(what: string, { failures }: Pick<Setback, 'failures'>): boolean {
  return failures >= (what === STATUS ? failuresBeforeTold.ofStatus : failuresBeforeTold.ofChild);
}

/** The status, among what is written for a server; everything else is a kind. */
export const STATUS = 'status';
