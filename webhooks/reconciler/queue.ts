import { Agenda } from '../platform/agenda.ts';
import type { Clock } from '../platform/clock.ts';
import { backoffDelay } from '../platform/kube/backoff.ts';
import type { BackoffLimits } from '../platform/kube/backoff.ts';
import { errorText } from '../platform/log.ts';
import { splitKey } from '../platform/kube/object.ts';
import type { Logger } from '../platform/log.ts';
import { Turns } from '../platform/turns.ts';

/** How the work on one key ended. */
export type WorkResult =
  | { readonly type: 'done' }
  /** Again, by the key's own backoff but not before `notBeforeMs`: the world failed, not the key. */
  | { readonly type: 'retry'; readonly why: string; readonly notBeforeMs?: number }
  /** Settled for now; look again after this time, or a moment if that is no time, because nothing would tell us. Not a failure. */
  | { readonly type: 'again'; readonly afterMs: number };

/**
 * How long a key rests for what is no hurry, in milliseconds: what a Deployment's controller writes about a new one comes in
 * pieces within as much, and each would be a round of its own. Nor does one that asks to come again come sooner: whatever it
 * asks for, it is no loop without rest. Each step of a rollout waits so long, and others for that rollout.
 */
const restMs = 100;

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Keys worked on at the same time, in all and of one namespace: fewer, so that the next one of another never waits. */
  readonly concurrency: { readonly inAll: number; readonly ofNamespace: number };
  readonly backoff: BackoffLimits;
  /** Whether working on the key takes much memory: of those one is worked on at a time. Default: none does. */
  readonly isLarge?: (key: string) => boolean;
}

/** What is done with each key. */
export interface Worker {
  /** Throwing is our bug: it is caught here, counted as a failure of the key, and tried again. */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult>;
  /** A key's work threw; `failures` in a row. */
  readonly onCrash?: (key: string, crash: { readonly failures: number; readonly error: unknown }) => void;
}

/**
 * Works on each key in turn, never on one key twice at the same time. Namespaces take turns: one in which a thousand servers
 * change delays the others' by one of them, not by all. A key that is added while it waits is there
 * once; one that is added while it is worked on comes again afterwards, so no change is missed.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Turns<string>();
  /** Keys that wait, and those that are worked on, with their group: it may be another one the next time. */
  readonly #waiting = new Map<string, string>();
  readonly #running = new Map<string, string>();
  readonly #again = new Set<string>();
  /** The same, where it is no hurry. */
  readonly #againSoon = new Set<string>();
  /** When keys were worked on last, the longest ago first; only those that rest. */
  readonly #endedAtMs = new Map<string, number>();
  readonly #delayed: Agenda;
  readonly #failures = new Map<string, number>();
  readonly #crashed = new Set<string>();
  #wake: () => void = () => undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#delayed = new Agenda({
      clock: options.clock,
      onDue: (key) => {
        this.add(key);
      },
    });
  }

  /** Keys that could be worked on now. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys whose last work threw. */
  get quarantined(): number {
    return this.#crashed.size;
  }

  add(key: string): void {
    if (this.#running.has(key)) this.#again.add(key);
    else {
      const group = this.#waiting.get(key) ?? this.#groupOf(key);
      this.#waiting.set(key, group);
      this.#ready.add(group, key);
    }
    this.#wake();
  }

  /**
   * As {@link add}, of what comes in pieces: at once for a key that was left alone for a while, and else together with all
   * that comes while it rests.
   */
  addSoon(key: string): void {
    if (this.#waiting.has(key)) return;
    if (this.#running.has(key)) this.#againSoon.add(key);
    else if (this.#restOf(key) > 0) this.#delayed.set(key, this.#restOf(key));
    else this.add(key);
  }

  #restOf(key: string): number {
    const endedAtMs = this.#endedAtMs.get(key);
    return endedAtMs === undefined ? 0 : endedAtMs + restMs - this.#options.clock.monotonicMs();
  }

  #beginRest(key: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [other, endedAtMs] of this.#endedAtMs) {
      if (endedAtMs + restMs > nowMs) break;
      this.#endedAtMs.delete(other);
    }
    this.#endedAtMs.delete(key);
    this.#endedAtMs.set(key, nowMs);
  }

  /** Runs until the signal aborts and what is under way has ended. */
  async run(worker: Worker, signal: AbortSignal): Promise<void> {
    const under = new Set<Promise<void>>();
    signal.addEventListener('abort', () => {
      this.#wake();
    });
    while (!signal.aborted) {
      // Before anything starts: what that adds at once must wake us, too.
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      for (let key = this.#next(); key !== undefined; key = this.#next()) {
        const work: Promise<void> = this.#workOn(key, worker, signal).finally(() => {
          under.delete(work);
          this.#wake();
        });
        under.add(work);
      }
      await woken;
    }
    this.#delayed.clear();
    await Promise.allSettled(under);
  }

  /** Whose turn it is, if anybody may be worked on now. */
  #next(): string | undefined {
    if (this.#running.size >= this.#options.concurrency.inAll) return undefined;
    const taken = this.#ready.take((group) => this.#hasRoom(group));
    if (taken === undefined) return undefined;
    const { group, item: key } = taken;
    this.#waiting.delete(key);
    this.#running.set(key, group);
    return key;
  }

  #hasRoom(group: string): boolean {
    const running = [...this.#running.values()];
    if (isOfLarge(group)) return !running.some(isOfLarge);
    return running.filter((other) => other === group).length < this.#options.concurrency.ofNamespace;
  }

  #groupOf(key: string): string {
    const namespace = namespaceOf(key);
    return this.#options.isLarge?.(key) === true ? `${largeMark}${namespace}` : namespace;
  }

  async #workOn(key: string, { work, onCrash }: Worker, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    this.#delayed.delete(key);
    try {
      const result = await work(key, signal);
      this.#crashed.delete(key);
      this.#afterWork(key, result, signal);
    } catch (error) {
      const failures = this.#countFailure(key);
      this.#crashed.add(key);
      log.error('reconcile: unexpected error; the key is tried again later', {
        key,
        failures,
        error: errorText(error),
      });
      onCrash?.(key, { failures, error });
      this.#addAfter(key, backoffDelay(failures, this.#options.backoff, this.#options.random), signal);
    } finally {
      this.#running.delete(key);
      this.#beginRest(key);
      const isSoon = this.#againSoon.delete(key);
      if (this.#again.delete(key)) this.add(key);
      else if (isSoon && !signal.aborted) this.addSoon(key);
    }
  }

  #afterWork(key: string, result: WorkResult, signal: AbortSignal): void {
    const { backoff, log, random } = this.#options;
    switch (result.type) {
      case 'done':
        // Also the end of a key whose object is gone: nothing is left of it.
        this.#failures.delete(key);
        return;
      case 'again':
        this.#failures.delete(key);
        this.#addAfter(key, result.afterMs >= restMs ? result.afterMs : restMs, signal);
        return;
      case 'retry': {
        if (signal.aborted) return;
        const failures = this.#countFailure(key);
        const waitMs = Math.max(backoffDelay(failures, backoff, random), result.notBeforeMs ?? 0);
        log.warn('reconcile: to be tried again', { key, why: result.why, failures, retryInMs: waitMs });
        this.#addAfter(key, waitMs, signal);
      }
    }
  }

  #countFailure(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return failures;
  }

  #addAfter(key: string, ms: number, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#delayed.set(key, ms);
  }
}

/** Begins the group of the large keys of a namespace; no namespace does. */
const largeMark = '*';

function isOfLarge(group: string): boolean {
  return group.startsWith(largeMark);
}

function namespaceOf(key: string): string {
  return splitKey(key).namespace;
}
