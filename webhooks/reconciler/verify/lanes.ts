import type { Clock } from '../../platform/clock.ts';
import { Slots } from '../../platform/slots.ts';
import type { Release } from '../../platform/slots.ts';

/**
 * Where servers are asked. Everybody is asked among the prompt ones who was not slow lately, and has a slot there for
 * {@link patienceMs} at most; who takes longer moves to the slots of the slow, now and for the next ten minutes. So what
 * a prompt server waits for is bounded, however many slow ones there are in however many namespaces.
 *
 * A slot costs a connection; what answers take in memory has a budget of its own.
 */
const slots = {
  prompt: { count: 16, ofNamespace: 8, reserved: 4 },
  slow: { count: 32, ofNamespace: 8, reserved: 8 },
};

/** From when on a server counts as slow, in milliseconds: a handshake inside of a cluster takes some tens of them. */
const patienceMs = 2_000;
/** For how long after it was slow, in milliseconds: one that is slow and prompt in turn would be waited for each time. */
const slowForMs = 600_000;

/** Why a question is broken off that is asked again among the slow. */
const takesLong = 'takes long';

export type LaneName = keyof typeof slots;

/** When a server was slow last, on the monotonic clock; undefined: not that we knew. */
export type SlowAtMs = number | undefined;

export interface Turn {
  readonly namespace: string;
  readonly slowAtMs: SlowAtMs;
  /** Its slot, and where that is. */
  readonly lane: LaneName;
  readonly release: Release;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** What became of a question. `broken-off`: it is to be asked again among the slow. */
export type Asked<T> =
  | { readonly state: 'answered'; readonly answer: T; readonly slowAtMs: SlowAtMs }
  | { readonly state: 'broken-off'; readonly slowAtMs: number };

export class Lanes {
  readonly #clock: Clock;
  readonly #prompt = new Slots(slots.prompt);
  readonly #slow = new Slots(slots.slow);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many servers wait to be asked. */
  waiting(): Readonly<Record<LaneName, number>> {
    return { prompt: this.#prompt.waiting, slow: this.#slow.waiting };
  }

  /** Where a server is asked first. */
  laneOf(slowAtMs: SlowAtMs): LaneName {
    return slowAtMs === undefined || this.#nowMs() - slowAtMs >= slowForMs ? 'prompt' : 'slow';
  }

  /** As {@link Slots.wait}: who waits costs some hundred bytes, and thousands may, while their servers hang. */
  wait(lane: LaneName, namespace: string, onTurn: (slot: Release) => void): () => void {
    return (lane === 'prompt' ? this.#prompt : this.#slow).wait(namespace, onTurn);
  }

  /**
   * Asks a server that has a slot, and gives the slot back. When the answer takes long and all slots of the slow are taken, it is broken off
   * (reason {@link takesLong}): whoever wants it waits for one of those, as it has before, which is cheap. A function that waits here
   * with what it asked would take some kilobytes, and hundreds may.
   */
  async ask<T>(turn: Turn, ask: (signal: AbortSignal) => Promise<T>): Promise<Asked<T>> {
    const { namespace, signal, lane, release } = turn;
    if (lane === 'slow') return this.#finish(ask(signal), release, turn);
    const patience = new AbortController();
    const answering = ask(AbortSignal.any([signal, patience.signal]));
    const isPrompt = await this.#isPrompt(answering).finally(release);
    if (isPrompt) return { state: 'answered', answer: await answering, slowAtMs: undefined };
    const slot = this.#slow.takeFree(namespace);
    if (slot !== undefined) return this.#finish(answering, slot, turn);
    patience.abort(takesLong);
    await answering;
    return { state: 'broken-off', slowAtMs: this.#nowMs() };
  }

  async #isPrompt(answering: Promise<unknown>): Promise<boolean> {
    const answered = new AbortController();
    const late = this.#clock.sleep(patienceMs, answered.signal).then(() => false);
    return Promise.race([answering.then(() => true), late]).finally(() => {
      answered.abort();
    });
  }

  async #finish<T>(answering: Promise<T>, release: Release, { slowAtMs }: Turn): Promise<Asked<T>> {
    const beganAtMs = this.#nowMs();
    const answer = await answering.finally(release);
    const isSlow = slowAtMs === undefined || this.#nowMs() - beganAtMs >= patienceMs;
    return { state: 'answered', answer, slowAtMs: isSlow ? this.#nowMs() : slowAtMs };
  }

  #nowMs(): number {
    return this.#clock.monotonicMs();
  }
}
