import type { Clock } from '../platform/clock.ts';
import { splitKey } from '../platform/kube/object.ts';
import { Turns } from '../platform/turns.ts';
import type { ChildCache } from './child-cache.ts';

/** A place is not kept longer, in milliseconds: pods that do not come up hold up nobody else. */
const longestMs = 300_000;

/** Who wants pods replaced: the owner of the server, or whoever changed what it shares with others, or runs a release of ours. */
export type RolloutCause = 'owner' | 'shared';

/** One of the servers whose pods are replaced. */
interface Place {
  readonly cause: RolloutCause;
  readonly sinceMs: number;
  /** `offered`: its turn has come. `taken`: until the apply is answered, the cache shows the rollout before. */
  readonly state: 'offered' | 'taken' | 'rolling';
}

export interface RolloutPlacesOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly deployments: Pick<ChildCache, 'get'>;
  /** Servers whose pods are replaced at the same time. */
  readonly max: number;
  /** Its turn has come: look at it. */
  readonly onTurn: (key: string) => void;
  /** Whether there are servers in several namespaces; default: in one. */
  readonly isShared?: () => boolean;
  /** Whose pods are replaced already, as an earlier reconciler has written it; asked when the first one takes a place. */
  readonly begun?: () => Iterable<string>;
  /** Whose next version is proven already, in the same way. */
  readonly proving?: () => Iterable<string>;
}

/**
 * How many servers replace their pods at a time: an upgrade of ours, one ConfigMap that a thousand share, or a repository that
 * is applied at once would else start a thousand pods beside those that run. Owners come first, and the last place is theirs
 * alone; but for one while others wait. Where there is but one place, the two take turns. Among each of the two namespaces take turns, and the last place is for one that has
 * none: a ConfigMap of one namespace may hold all the others for as long as pods do not come up.
 */
export class RolloutPlaces {
  readonly #options: RolloutPlacesOptions;
  readonly #places = new Map<string, Place>();
  readonly #waiting: Readonly<Record<RolloutCause, Turns<string>>> = { owner: new Turns(), shared: new Turns() };

  /** Why the last place was given. */
  #last: RolloutCause = 'shared';
  #isBegun = false;

  constructor(options: RolloutPlacesOptions) {
    this.#options = options;
  }

  /** How many servers wait for a place. */
  get waiting(): number {
    return this.#waiting.owner.size + this.#waiting.shared.size;
  }

  /** Whether the server has a place now; if not, it waits for one, and is told. */
  take(key: string, cause: RolloutCause = 'shared'): boolean {
    if (!this.#isBegun) this.#begin();
    this.look();
    const held = this.#places.get(key);
    const { namespace } = splitKey(key);
    if (held === undefined && !this.#hasRoomFor(namespace, cause)) {
      // An owner may have changed what waited already.
      this.#waiting[cause === 'owner' ? 'shared' : 'owner'].delete(namespace, key);
      this.#waiting[cause].add(namespace, key);
      return false;
    }
    this.#leaveQueue(key);
    if (held === undefined) this.#last = cause;
    this.#places.set(key, { cause, sinceMs: held?.sinceMs ?? this.#nowMs(), state: 'taken' });
    return true;
  }

  /** It begins whether there is a place or not, and counts as the others do: fewer of them begin after it. */
  takeBeyond(key: string, cause: RolloutCause): void {
    if (this.take(key, cause)) return;
    this.#leaveQueue(key);
    this.#last = cause;
    this.#places.set(key, { cause, sinceMs: this.#nowMs(), state: 'taken' });
  }

  /** What became of the apply for which a place was taken: the cache has the answer, so what it says of a rollout is about this one. */
  answer(key: string, result: 'done' | 'failed'): void {
    const place = this.#places.get(key);
    if (place?.state !== 'taken') return;
    if (result === 'done') this.#places.set(key, { ...place, state: 'rolling' });
    else this.#free(key);
  }

  /** The server wants no place now; a rollout of it goes on. */
  stopWaiting(key: string): void {
    this.#leaveQueue(key);
    if (this.#places.get(key)?.state === 'offered') this.#free(key);
  }

  /** Nothing is proven any more; what rolls out keeps its place until it is done. */
  leave(key: string): void {
    if (this.#places.get(key)?.state === 'taken') this.#free(key);
  }

  forget(key: string): void {
    this.#leaveQueue(key);
    if (this.#places.has(key)) this.#free(key);
  }

  /** Who is done, or took too long, makes room. */
  look(): void {
    const nowMs = this.#nowMs();
    for (const [key, { sinceMs, state }] of this.#places)
      if (nowMs - sinceMs >= longestMs || (state === 'rolling' && this.#isRolledOut(key))) this.#places.delete(key);
    this.#letIn();
  }

  /** As many more would roll besides, each time that another of us leads. Why they do is not written. */
  #begin(): void {
    this.#isBegun = true;
    const sinceMs = this.#nowMs();
    const { begun, proving } = this.#options;
    for (const key of begun?.() ?? []) this.#places.set(key, { cause: 'shared', sinceMs, state: 'rolling' });
    for (const key of proving?.() ?? []) this.#places.set(key, { cause: 'shared', sinceMs, state: 'taken' });
  }

  #free(key: string): void {
    this.#places.delete(key);
    this.#letIn();
  }

  #letIn(): void {
    const isSharedFirst = this.#options.max === 1 && this.#last === 'owner';
    for (const cause of isSharedFirst ? (['shared', 'owner'] as const) : (['owner', 'shared'] as const)) {
      for (;;) {
        const next = this.#waiting[cause].take((namespace) => this.#hasRoomFor(namespace, cause));
        if (next === undefined) break;
        this.#last = cause;
        this.#places.set(next.item, { cause, sinceMs: this.#nowMs(), state: 'offered' });
        this.#options.onTurn(next.item);
      }
    }
  }

  #hasRoomFor(namespace: string, cause: RolloutCause): boolean {
    const ofCause = [...this.#places].filter(([, place]) => place.cause === cause);
    const room = Math.min(this.#options.max - this.#places.size, this.#mostOf(cause) - ofCause.length);
    if (room !== 1 || this.#options.isShared?.() !== true) return room > 0;
    return !ofCause.some(([key]) => splitKey(key).namespace === namespace);
  }

  /** Whoever comes first leaves one to the other. */
  #mostOf(cause: RolloutCause): number {
    const { max } = this.#options;
    const isAlone = cause === 'owner' && this.#waiting.shared.size === 0;
    return isAlone ? max : Math.max(1, max - 1);
  }

  #leaveQueue(key: string): void {
    const { namespace } = splitKey(key);
    this.#waiting.owner.delete(namespace, key);
    this.#waiting.shared.delete(namespace, key);
  }

  /**
   * Stricter than what status says of a rollout: a Deployment that says nothing of its progress keeps its place until that
   * runs out. To be wrong so costs the others a wait; the other way round, more pods are replaced at once than may.
   */
  #isRolledOut(key: string): boolean {
    const deployment = this.#options.deployments.get(key)?.deployment;
    if (deployment === undefined) return true;
    const { generation, observedGeneration, replicas, updatedReplicas, readyReplicas, conditions } = deployment;
    const { wantedReplicas = replicas } = deployment;
    const progress = conditions.find(({ type }) => type === 'Progressing');
    // A template that was there before has its ReplicaSet: the condition speaks of the last rollout for a while.
    const isOfThis = observedGeneration >= generation && updatedReplicas === replicas;
    // Where the old pod goes first, there is none of either template for a while, and 0 are as many as 0.
    const areThere = Math.min(updatedReplicas, readyReplicas) >= wantedReplicas;
    return isOfThis && areThere && progress?.reason === 'NewReplicaSetAvailable';
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
