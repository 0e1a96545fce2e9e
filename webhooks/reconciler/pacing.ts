import { LABELS } from '../core/mcpserver/api.ts';
import type { StandingField } from '../core/mcpserver/types.gen.ts';
import { childIdOf, kindOf } from '../core/plan/action.ts';
import type { Action } from '../core/plan/action.ts';
import { isRelated } from '../core/plan/foreign/field-tree.ts';
import type { OwnedPath } from '../core/plan/foreign/field-tree.ts';
import type { PutOff } from '../core/plan/foreign/standing.ts';
import type { Clock } from '../platform/clock.ts';
import { digest } from '../platform/digest.ts';
import { Cleanings } from './cleanings.ts';
import type { Executed } from './execute.ts';
import type { RolloutCause, RolloutPlaces } from './rollout-places.ts';

/**
 * So often per generation what is ours is brought back at once; who changes it again wins a pause, in milliseconds: so many
 * changes are no accident. Of what others wrote see {@link Cleanings}.
 */
const patience = { atOnce: 20, pauseMs: 30_000 } as const;
/**
 * How soon those that wait for a place look whether one is free, though they are told: who has it may have gone silent. For
 * each that waits a little later, so that looking stays cheap.
 */
const turnMs = { first: 5_000, forEach: 50 };

/** What was done to one child. */
interface Kept {
  readonly generation: number;
  readonly repair: { readonly times: number; readonly lastMs: number };
  readonly cleanings: Cleanings;
}

export interface Admitted {
  readonly actions: readonly Action[];
  readonly putOff: readonly PutOff[];
  /** When to come back for what was put off. */
  readonly afterMs?: number;
}

/** One server, as it is paced. */
export interface Paced {
  readonly key: string;
  /** Of the server: with a new one counting begins anew. */
  readonly generation: number;
  /** Clients call it, and what it answers is known to be good: only then its pods are replaced in turn. A repair waits for nobody. */
  readonly isVerified: boolean;
  /** This generation does not serve yet: its owner has changed it, and comes first. */
  readonly isChanged: boolean;
  /**
   * What serves is reached as before until its pods are replaced, whatever has become of its Service and NetworkPolicy. Without
   * that an owner's change waits for nobody: of a port that is here and not there clients get nothing.
   */
  readonly staysReachable?: boolean;
  /** What status says of this generation that it comes back: an earlier reconciler has taken it away as often as may be at once. */
  readonly comesBack?: readonly StandingField[];
  /**
   * Of a verified rollout that has begun, so that it waits no more. `proving`: its place stays taken, whatever is applied.
   * `rolling`: what is applied replaces the pods.
   */
  readonly rollout?: 'proving' | 'rolling';
}

export interface PacingOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly places: RolloutPlaces;
}

/**
 * When what others wrote is taken away, what is ours is brought back, and pods are replaced. Each time may restart pods, and
 * whoever wrote may write again: so neither a fight nor an upgrade of ours may turn it into a storm. Counts what was done, as
 * {@link settle} is told; only a place among the servers that restart is taken before, and given back if nothing came of it.
 */
export class Pacing {
  readonly #options: PacingOptions;
  /** By server, then by the id of the child. */
  readonly #kept = new Map<string, Map<string, Kept>>();
  /**
   * Of servers whose pods wait for their turn: the fields of the Deployment that were ours when they began to, as a digest. They
   * are some thousand characters of each, and a thousand servers may wait.
   */
  readonly #queued = new Map<string, string>();

  constructor(options: PacingOptions) {
    this.#options = options;
  }

  /** Leaves out what has to wait. Whatever becomes of it, settle. */
  admit(paced: Paced, actions: readonly Action[]): Admitted {
    const { places } = this.#options;
    places.look();
    const results = actions.map((action) => this.#pace(paced, action));
    const waits = results.flatMap(({ afterMs }) => afterMs ?? []);
    if (!results.some(({ usesPlace }) => usesPlace === true)) this.stopWaiting(paced.key);
    return {
      actions: results.flatMap(({ now }) => now ?? []),
      putOff: results.flatMap(({ putOff }) => putOff ?? []),
      ...(waits.length === 0 ? {} : { afterMs: Math.min(...waits) }),
    };
  }

  /** What became of what was admitted. */
  settle(
    { key, generation, rollout }: Pick<Paced, 'key' | 'generation' | 'rollout'>,
    executed: readonly Executed[],
  ): void {
    for (const { action, result } of executed) {
      if (action.type !== 'apply') continue;
      const child = childIdOf(action);
      if (result === 'done' && action.cause === 'drift') this.#countRepair(key, generation, child);
      if (result === 'done' && isCleaning(action)) this.#countCleaning(key, generation, action);
      if (!hasServingPods(action)) continue;
      // What stands now is what we applied.
      if (result === 'done') this.#queued.delete(key);
      if (rollout !== 'proving') this.#options.places.answer(key, result);
    }
  }

  /**
   * How long a fight may go on although nothing is put off at this moment, in milliseconds: what was brought back after a
   * pause may not stand for long. Undefined: no fight is known.
   */
  fightMs(key: string, generation: number): number | undefined {
    const rests = [...(this.#kept.get(key)?.keys() ?? [])].flatMap((child) => {
      const { repair } = this.#keptOf(key, generation, child);
      return repair.times > patience.atOnce ? this.#untilRepairMs(repair) : 0;
    });
    const restMs = Math.max(0, ...rests);
    return restMs === 0 ? undefined : restMs;
  }

  /** The server has nothing to be done; what was done stays counted, and its rollout too. */
  stopWaiting(key: string): void {
    this.#queued.delete(key);
    this.#options.places.stopWaiting(key);
  }

  forget(key: string): void {
    this.#kept.delete(key);
    this.#queued.delete(key);
    this.#options.places.forget(key);
  }

  #pace(paced: Paced, action: Action): PacedAction {
    if (action.type !== 'apply') return { now: action };
    const { key, generation } = paced;
    const { repair, cleanings } = this.#keptOf(key, generation, childIdOf(action), paced.comesBack);
    const repairMs = action.cause === 'drift' ? this.#untilRepairMs(repair) : 0;
    if (repairMs > 0) return { putOff: { action, state: 'ComesBack' }, afterMs: repairMs };
    if (replacesServingPods(action) && isPacedRollout(paced)) {
      const cause = paced.isChanged ? 'owner' : 'shared';
      if (this.#isAsItWas(key, action)) return this.#inTurn(key, action, { state: 'Queued', cause });
      this.#queued.delete(key);
      this.#options.places.takeBeyond(key, cause);
      return { now: action, usesPlace: true };
    }
    if (!isCleaning(action)) return { now: action };
    const cleaningMs = cleanings.pauseMs(action, this.#nowMs());
    if (cleaningMs > 0) return withhold(action, 'ComesBack', cleaningMs);
    if (action.of.hasPods !== true) return { now: action };
    return this.#inTurn(key, action, { state: 'Waiting', cause: 'shared' });
  }

  /**
   * It waits only as long as what stands is what we applied: whatever somebody
   * writes meanwhile takes fields away from us, or has to be taken away. Fields that this release applies for the first time
   * are not ours either; so what we own is compared with what it was when the server began to wait.
   */
  #isAsItWas(key: string, { claims, owned = '' }: Apply): boolean {
    if (claims?.isTakeOver === false) return false;
    const now = digest(owned);
    const before = this.#queued.get(key) ?? now;
    this.#queued.set(key, before);
    return before === now;
  }

  /** Now, if there is a place. */
  #inTurn(
    key: string,
    action: Apply,
    { state, cause }: { readonly state: 'Queued' | 'Waiting'; readonly cause: RolloutCause },
  ): PacedAction {
    const { places } = this.#options;
    if (places.take(key, cause)) {
      this.#queued.delete(key);
      return { now: action, usesPlace: true };
    }
    const afterMs = turnMs.first + turnMs.forEach * places.waiting;
    return {
      ...(state === 'Queued' ? { putOff: { action, state }, afterMs } : withhold(action, state, afterMs)),
      usesPlace: true,
    };
  }

  #untilRepairMs({ times, lastMs }: Kept['repair']): number {
    return times < patience.atOnce ? 0 : Math.max(0, patience.pauseMs - (this.#nowMs() - lastMs));
  }

  #countRepair(key: string, generation: number, child: string): void {
    const kept = this.#keptOf(key, generation, child);
    this.#keep(key, child, { ...kept, repair: { times: kept.repair.times + 1, lastMs: this.#nowMs() } });
  }

  #countCleaning(key: string, generation: number, action: Apply): void {
    const child = childIdOf(action);
    const kept = this.#keptOf(key, generation, child);
    kept.cleanings.count(action, this.#nowMs());
    this.#keep(key, child, kept);
  }

  /** `comesBack`: see {@link Paced}; counts where nothing is known of the child yet. */
  #keptOf(key: string, generation: number, child: string, comesBack: readonly StandingField[] = []): Kept {
    const kept = this.#kept.get(key)?.get(child);
    if (kept?.generation === generation) return kept;
    const said = kept === undefined ? comesBack.filter(({ kind }) => kindOf(child) === kind) : [];
    const paths = said.map(({ path }) => path);
    const begun = { generation, repair: never, cleanings: new Cleanings(paths, this.#nowMs()) };
    if (said.length > 0) this.#keep(key, child, begun);
    return begun;
  }

  #keep(key: string, child: string, kept: Kept): void {
    const children = this.#kept.get(key) ?? new Map<string, Kept>();
    this.#kept.set(key, children.set(child, kept));
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

/** Whether it takes a place to replace its pods: it serves, and goes on to, and has none yet. */
function isPacedRollout({ isVerified, isChanged, staysReachable = false, rollout }: Paced): boolean {
  return isVerified && (!isChanged || staysReachable) && rollout === undefined;
}

const never = { times: 0, lastMs: -Infinity };

/** An action in two: what is done now, and what is put off. */
interface PacedAction {
  readonly now?: Action;
  readonly putOff?: PutOff;
  readonly afterMs?: number;
  /** It has a place among the servers whose pods are replaced, or waits for one. */
  readonly usesPlace?: true;
}

/** Those that are called: a candidate has one that nobody calls. */
function hasServingPods({ of, object }: Apply): boolean {
  return of.hasPods === true && object.metadata.labels?.[LABELS.candidateOf] === undefined;
}

/** A template that is another one, by a change of somebody: not one that has to be brought back. */
export function replacesServingPods(action: Action): action is Apply {
  if (action.type !== 'apply' || action.replacesPods !== true || !hasServingPods(action)) return false;
  return action.cause === 'changed' || action.cause === 'adopted';
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
