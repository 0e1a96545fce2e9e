import { childIdOf } from '../core/plan/action.ts';
import type { Action } from '../core/plan/action.ts';
import { isRelated } from '../core/plan/foreign/field-tree.ts';
import type { OwnedPath } from '../core/plan/foreign/field-tree.ts';
import type { PutOff } from '../core/plan/foreign/standing.ts';
import type { Clock } from '../platform/clock.ts';
import type { ChildCache } from './child-cache.ts';
import type { Executed } from './execute.ts';

/**
 * So often per generation it is done at once; who changes it again wins a pause, in milliseconds. `repair`: what is ours
 * is brought back; so many changes are no accident. `cleaning`: what others wrote is taken away, which restarts pods.
 */
const patience = {
  repair: { atOnce: 20, pauseMs: 30_000 },
  cleaning: { atOnce: 2, pauseMs: 600_000 },
} as const;
/** Servers whose pods may restart at the same time because of it: after an upgrade there may be a thousand. */
const maxServers = 10;
/** How long a server counts as one of them when its pods do not get ready, in milliseconds. */
const maxRolloutMs = 600_000;
/** How soon the others look whether it is their turn; for each that waits a little later, so that looking stays cheap. */
const turnMs = { first: 5_000, forEach: 50 };

type Kept = Readonly<Record<keyof typeof patience, { readonly times: number; readonly lastMs: number }>> & {
  readonly generation: number;
};

/** One of the servers whose pods restart because of us. */
interface Place {
  readonly sinceMs: number;
  /** Until then the cache shows the rollout before. */
  readonly isAnswered: boolean;
}

export interface Admitted {
  readonly actions: readonly Action[];
  readonly putOff: readonly PutOff[];
  /** When to come back for what was put off. */
  readonly afterMs?: number;
}

export interface PacingOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly deployments: Pick<ChildCache, 'get'>;
}

/**
 * When what others wrote is taken away, and what is ours is brought back. Each time may restart pods, and whoever wrote
 * may write again: so neither a fight nor an upgrade of ours may turn it into a storm. Counts what was done, as
 * {@link settle} is told; only a place among the servers that restart is taken before, and given back if nothing came of it.
 */
export class Pacing {
  readonly #options: PacingOptions;
  /** By server, then by the id of the child. */
  readonly #kept = new Map<string, Map<string, Kept>>();
  readonly #places = new Map<string, Place>();
  readonly #waiting = new Set<string>();

  constructor(options: PacingOptions) {
    this.#options = options;
  }

  /** Leaves out what has to wait. `generation` is the server's: a new one begins anew. Whatever becomes of it, settle. */
  admit(key: string, generation: number, actions: readonly Action[]): Admitted {
    const paced = actions.map((action) => this.#pace(key, generation, action));
    const waits = paced.flatMap(({ afterMs }) => afterMs ?? []);
    if (!paced.some(({ putOff }) => putOff?.state === 'Waiting')) this.#waiting.delete(key);
    return {
      actions: paced.flatMap(({ now }) => now ?? []),
      putOff: paced.flatMap(({ putOff }) => putOff ?? []),
      ...(waits.length === 0 ? {} : { afterMs: Math.min(...waits) }),
    };
  }

  /** What became of what was admitted. */
  settle(key: string, generation: number, executed: readonly Executed[]): void {
    for (const { action, result } of executed) {
      if (action.type !== 'apply') continue;
      const child = childIdOf(action);
      if (result === 'done' && action.cause === 'drift') this.#count(key, generation, { child, what: 'repair' });
      if (result === 'done' && isCleaning(action)) this.#count(key, generation, { child, what: 'cleaning' });
      if (action.of.hasPods === true) this.#answer(key, result);
    }
  }

  /**
   * How long a fight may go on although nothing is put off at this moment, in milliseconds: what was brought back after a
   * pause may not stand for long. Undefined: no fight is known.
   */
  fightMs(key: string, generation: number): number | undefined {
    const rests = [...(this.#kept.get(key)?.keys() ?? [])].flatMap((child) => {
      const { repair } = this.#keptOf(key, generation, child);
      return repair.times > patience.repair.atOnce ? this.#pauseOf(key, generation, { child, what: 'repair' }) : 0;
    });
    const restMs = Math.max(0, ...rests);
    return restMs === 0 ? undefined : restMs;
  }

  /** The server has nothing to be done; what was done stays counted, and its rollout too. */
  stopWaiting(key: string): void {
    this.#waiting.delete(key);
  }

  forget(key: string): void {
    this.#kept.delete(key);
    this.#places.delete(key);
    this.#waiting.delete(key);
  }

  #pace(key: string, generation: number, action: Action): PacedAction {
    if (action.type !== 'apply') return { now: action };
    const child = childIdOf(action);
    const repairMs = action.cause === 'drift' ? this.#pauseOf(key, generation, { child, what: 'repair' }) : 0;
    if (repairMs > 0) return { putOff: { action, state: 'ComesBack' }, afterMs: repairMs };
    if (!isCleaning(action)) return { now: action };
    const cleaningMs = this.#pauseOf(key, generation, { child, what: 'cleaning' });
    if (cleaningMs > 0) return withhold(action, 'ComesBack', cleaningMs);
    const waitMs = action.of.hasPods === true ? this.#takePlace(key) : 0;
    return waitMs > 0 ? withhold(action, 'Waiting', waitMs) : { now: action };
  }

  /** Milliseconds until a place is free, perhaps; 0: it is taken. */
  #takePlace(key: string): number {
    const nowMs = this.#nowMs();
    for (const [other, { sinceMs, isAnswered }] of this.#places)
      if ((isAnswered && this.#isDoneRestarting(other)) || nowMs - sinceMs >= maxRolloutMs) this.#places.delete(other);
    if (this.#places.has(key) || this.#places.size < maxServers) {
      this.#places.set(key, { sinceMs: nowMs, isAnswered: false });
      return 0;
    }
    this.#waiting.add(key);
    return turnMs.first + turnMs.forEach * this.#waiting.size;
  }

  /** The cache has the answer, so what it says of the rollout is about this apply. */
  #answer(key: string, result: Executed['result']): void {
    const place = this.#places.get(key);
    if (place === undefined || place.isAnswered) return;
    if (result === 'done') this.#places.set(key, { ...place, isAnswered: true });
    else this.#places.delete(key);
  }

  #pauseOf(key: string, generation: number, { child, what }: Counted): number {
    const { times, lastMs } = this.#keptOf(key, generation, child)[what];
    const { atOnce, pauseMs } = patience[what];
    return times < atOnce ? 0 : Math.max(0, pauseMs - (this.#nowMs() - lastMs));
  }

  #count(key: string, generation: number, { child, what }: Counted): void {
    const kept = this.#keptOf(key, generation, child);
    const children = this.#kept.get(key) ?? new Map<string, Kept>();
    const counted = { times: kept[what].times + 1, lastMs: this.#nowMs() };
    this.#kept.set(key, children.set(child, { ...kept, [what]: counted }));
  }

  #keptOf(key: string, generation: number, child: string): Kept {
    const kept = this.#kept.get(key)?.get(child);
    return kept?.generation === generation ? kept : { generation, repair: never, cleaning: never };
  }

  /**
   * Stricter than what status says of a rollout: a Deployment that says nothing of its progress keeps its place until that
   * runs out. To be wrong so costs the others a wait; the other way round, more pods restart at once than may.
   */
  #isDoneRestarting(key: string): boolean {
    const deployment = this.#options.deployments.get(key)?.deployment;
    if (deployment === undefined) return true;
    const { generation, observedGeneration, replicas, updatedReplicas, conditions } = deployment;
    const progress = conditions.find(({ type }) => type === 'Progressing');
    // A template that was there before has its ReplicaSet: the condition speaks of the last rollout for a while.
    const isOfThis = observedGeneration >= generation && updatedReplicas === replicas;
    return isOfThis && progress?.reason === 'NewReplicaSetAvailable';
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

const never = { times: 0, lastMs: -Infinity };

interface Counted {
  readonly child: string;
  readonly what: keyof typeof patience;
}

/** An action in two: what is done now, and what is put off. */
interface PacedAction {
  readonly now?: Action;
  readonly putOff?: PutOff;
  readonly afterMs?: number;
}

type Apply = Action & { readonly type: 'apply' };

/** What is ours is brought back all the same, where that alone takes nothing away. */
function withhold(action: Apply, state: PutOff['state'], afterMs: number): PacedAction {
  const { claims, drift, ...rest } = action;
  if (action.cause !== 'drift' || claims === undefined || drift === undefined || drift.extra.length > 0)
    return { putOff: { action, state }, afterMs };
  return { now: { ...rest, drift }, putOff: { action: { ...rest, cause: 'foreign', claims }, state }, afterMs };
}

const template: OwnedPath = ['f:spec', 'f:template'];

/**
 * Whether the action takes away for no other reason, or restarts pods for no other one. Not where the apply is needed
 * anyway and restarts them itself: a new spec, or drift in the template, which may be what keeps the server down. Nor
 * where nothing restarts: a Service whose port somebody replaced is refused with both ports.
 */
function isCleaning({ of, cause, claims, drift }: Apply): boolean {
  if (cause === 'foreign') return true;
  if (of.hasPods !== true) return false;
  const takesAway = claims !== undefined || (drift?.extra.length ?? 0) > 0;
  return cause === 'drift' && takesAway && drift?.lost.some((path) => isRelated(path, template)) !== true;
}
