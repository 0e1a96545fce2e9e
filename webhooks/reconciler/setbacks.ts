import { printable } from '../core/engine/text.ts';
import { kindOf } from '../core/plan/action.ts';
import { causeOf } from '../platform/kube/api-error.ts';
import type { ApiError } from '../platform/kube/api.ts';

/** How one write of one server fails, time after time. */
export interface Setback {
  /** In a row, the last one included. */
  readonly failures: number;
  /** What the API server says, well-formed. */
  readonly words: string;
  /** Which failure these words are of, in no words. */
  readonly cause: string;
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

/**
 * Remembers which writes fail again and again: of a child, by its id (`childIdOf`), or of the status. Nothing of those that
 * succeed. What fails for one server, or of one object, says nothing about another.
 */
export class Setbacks {
  /** By server, then by what. */
  readonly #kept = new Map<string, Map<string, Kept>>();

  note(what: string, key: string, { error, nowMs }: { readonly error: ApiError; readonly nowMs: number }): Setback {
    const kept = this.#kept.get(key) ?? new Map<string, Kept>();
    this.#kept.set(key, kept);
    const before = kept.get(what);
    const failures = (before?.failures ?? 0) + 1;
    const { retry } = error;
    // A refusal is about what we said, and somebody may have changed what is refused.
    const isNew = before?.retry !== retry || (what !== STATUS && !retry);
    const isOld = isNew || nowMs - before.wordsFromMs >= sameWordsMs;
    const said = isOld ? { words: printable(error.message), cause: causeOf(error), wordsFromMs: nowMs } : before;
    const setback = { ...said, failures, retry };
    kept.set(what, setback);
    return setback;
  }

  of(what: string, key: string): Setback | undefined {
    return this.#kept.get(key)?.get(what);
  }

  end(what: string, key: string): void {
    const kept = this.#kept.get(key);
    kept?.delete(what);
    if (kept?.size === 0) this.#kept.delete(key);
  }

  /** All that is left of the children of a server is that of these. */
  keepChildren(key: string, children: Pick<ReadonlySet<string>, 'has'>): void {
    for (const what of [...(this.#kept.get(key)?.keys() ?? [])]) {
      if (kindOf(what) !== what && !children.has(what)) this.end(what, key);
    }
  }

  /** The server is gone. */
  forget(key: string): void {
    this.#kept.delete(key);
  }

  /** For how many servers it is told: of a kind of children, or of the status. */
  told(kind: string): number {
    return [...this.#kept.values()].filter((kept) =>
      [...kept].some(([what, setback]) => kindOf(what) === kind && isLasting(what, setback)),
    ).length;
  }
}

type Kept = Setback & { readonly wordsFromMs: number };

/** Whether the owner of the server has to know: it goes on for long, or, of a child, is no failure that passes. */
export function isTold(what: string, { failures, retry }: Setback): boolean {
  return (what !== STATUS && !retry) || isLasting(what, { failures });
}

function isLasting(what: string, { failures }: Pick<Setback, 'failures'>): boolean {
  return failures >= (what === STATUS ? failuresBeforeTold.ofStatus : failuresBeforeTold.ofChild);
}

/** The status, among what is written for a server. */
export const STATUS = 'status';
