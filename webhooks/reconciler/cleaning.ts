import type { Action } from '../core/plan/action.ts';
import { HAS_FOREIGN_FIELDS, WAS_CHANGED } from '../core/plan/plan.ts';
import type { Clock } from '../platform/clock.ts';
import type { ChildCache } from './child-cache.ts';

/** So often per generation is taken away at once what others wrote; who writes it again wins a pause. */
const atOnce = 2;
/** And then once in this time, in milliseconds. */
const comesBackMs = 600_000;
/** What is ours was changed so often in one generation that it is no accident, and from then on is brought back slowly. */
const repairsAtOnce = 20;
const repairMs = 30_000;
/** Servers whose pods may restart at the same time because of it: after an upgrade there may be a thousand. */
const maxServers = 10;
/** How long a server counts as one of them when its pods do not get ready, in milliseconds. */
const maxRolloutMs = 600_000;
/** How soon the others look whether it is their turn; for each that waits a little later, so that looking stays cheap. */
const turnMs = { first: 5_000, forEach: 50 };

interface Known {
  readonly generation: number;
  /** Times that something was taken away although all that is ours stood. */
  readonly times: number;
  /** Times that what is ours was brought back. */
  readonly repairs: number;
  readonly lastMs: number;
}

export interface Admitted {
  readonly actions: readonly Action[];
  /** When to come back for what was put off. */
  readonly afterMs?: number;
}

export interface CleaningOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly deployments: Pick<ChildCache, 'get'>;
}

/**
 * When fields of others are taken away. Each time may restart pods, and whoever wrote them may write them again: so
 * neither a fight nor an upgrade of ours may turn it into a storm.
 */
export class Cleaning {
  readonly #options: CleaningOptions;
  /** By server, then by kind of the child. */
  readonly #known = new Map<string, Map<string, Known>>();
  /** Servers whose pods restart because of us, and since when. */
  readonly #restarting = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(options: CleaningOptions) {
    this.#options = options;
  }

  /** Leaves out what has to wait. `generation` is the server's: a new one begins anew. */
  admit(key: string, generation: number, actions: readonly Action[]): Admitted {
    const waits = new Map(actions.map((action) => [action, this.#waitOf(key, generation, action)]));
    const put = [...waits.values()].filter((ms) => ms > 0);
    for (const [action, ms] of waits) if (ms === 0) this.#note(key, generation, action);
    if (put.length === 0) this.#waiting.delete(key);
    return {
      actions: actions.filter((action) => waits.get(action) === 0),
      ...(put.length === 0 ? {} : { afterMs: Math.min(...put) }),
    };
  }

  /** Whether what was taken away in this generation was written again. */
  comesBack(key: string, generation: number): boolean {
    const kinds = [...(this.#known.get(key)?.values() ?? [])];
    return kinds.some((known) => known.generation === generation && known.times >= atOnce);
  }

  forget(key: string): void {
    this.#known.delete(key);
    this.#restarting.delete(key);
    this.#waiting.delete(key);
  }

  /** Milliseconds; 0 for everything that is not about others' fields alone. */
  #waitOf(key: string, generation: number, action: Action): number {
    const known = this.#of(key, generation, action.of.kind);
    const sinceMs = this.#nowMs() - known.lastMs;
    if (isRepair(action)) return known.repairs < repairsAtOnce ? 0 : Math.max(0, repairMs - sinceMs);
    if (!isCleaning(action)) return 0;
    const patience = known.times < atOnce ? 0 : Math.max(0, comesBackMs - sinceMs);
    return patience > 0 || action.of.kind !== 'Deployment' ? patience : this.#waitForTurn(key);
  }

  #waitForTurn(key: string): number {
    for (const [other, sinceMs] of this.#restarting)
      if (this.#isRolledOut(other) || this.#nowMs() - sinceMs >= maxRolloutMs) this.#restarting.delete(other);
    if (this.#restarting.has(key) || this.#restarting.size < maxServers) return 0;
    this.#waiting.add(key);
    return turnMs.first + turnMs.forEach * this.#waiting.size;
  }

  #note(key: string, generation: number, action: Action): void {
    const { kind } = action.of;
    const known = this.#of(key, generation, kind);
    const lastMs = this.#nowMs();
    if (isRepair(action)) this.#set(key, kind, { ...known, repairs: known.repairs + 1, lastMs });
    if (!isCleaning(action)) return;
    this.#set(key, kind, { ...known, times: known.times + 1, lastMs });
    if (kind === 'Deployment') this.#restarting.set(key, lastMs);
  }

  #set(key: string, kind: string, known: Known): void {
    const kinds = this.#known.get(key) ?? new Map<string, Known>();
    this.#known.set(key, kinds.set(kind, known));
  }

  #of(key: string, generation: number, kind: string): Known {
    const known = this.#known.get(key)?.get(kind);
    return known?.generation === generation ? known : { generation, times: 0, repairs: 0, lastMs: -Infinity };
  }

  #isRolledOut(key: string): boolean {
    const deployment = this.#options.deployments.get(key)?.deployment;
    if (deployment === undefined) return true;
    const { generation, observedGeneration, conditions } = deployment;
    const progress = conditions.find(({ type }) => type === 'Progressing');
    return observedGeneration >= generation && progress?.reason === 'NewReplicaSetAvailable';
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function isCleaning(action: Action): boolean {
  return action.type === 'apply' && action.why === HAS_FOREIGN_FIELDS;
}

function isRepair(action: Action): boolean {
  return action.type === 'apply' && action.why === WAS_CHANGED;
}
