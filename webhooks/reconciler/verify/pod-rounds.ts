import type { FailingPod } from '../../core/plan/observed.ts';
import type { ServingPod } from '../../core/plan/serving.ts';
import { Agenda } from '../../platform/agenda.ts';
import type { Clock } from '../../platform/clock.ts';
import { splitKey } from '../../platform/kube/object.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { onBehalfOf } from '../../platform/unexpected-errors.ts';
import type { Release } from '../../platform/slots.ts';
import type { Lanes, LaneName, SlowAtMs } from './lanes.ts';
import type { ProbeVerdict } from '../../platform/mcp/probe.ts';
import { isFailing, nextTally, startTally, untilRetryMs } from './tally.ts';
import type { Tally } from './tally.ts';

export interface PodRoundsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Where pods wait for their turn: among all servers that are asked. */
  readonly lanes: Lanes;
  /** Those that serve now, in an order that stays. */
  readonly podsOf: (key: string) => readonly ServingPod[];
  /** Until when the server asked, through the Service, not to be asked; on the monotonic clock, undefined: it did not. */
  readonly notBeforeMs: (key: string) => number | undefined;
  /** Asks one pod at its own address. Undefined: it was not asked, and nothing follows. */
  readonly ask: (key: string, pod: ServingPod, signal: AbortSignal) => Promise<ProbeVerdict | undefined>;
  /** Other pods of this server fail than before. */
  readonly onChange: (key: string) => void;
}

/** Between two pods that nobody has asked yet, in milliseconds: after a rollout each is new. */
const newPodMs = 10_000;
/**
 * So many silent pods (or all of them, where there are fewer), of which none has ever answered: they cannot be reached by
 * themselves, as in some meshes.
 */
const silentPodsInReach = 3;
/** Until one of those is asked again, in milliseconds. */
const outOfReachMs = 600_000;
/** The longest wait before a pod in doubt is asked again, in milliseconds. */
const maxRetryMs = 60_000;

/**
 * Asks the pods of each server that has several, one after the other: what comes through the Service is always the answer
 * of one of them, often the same. One is asked each time that the Service was, so a server of fifty costs two questions in a
 * period; somewhat sooner only those that are new, and one whose answer is in doubt.
 *
 * A pod fails when it answers badly, four times in a row. One that does not answer at all fails only if another pod of the
 * server has: else it is us who cannot reach pods.
 */
export class PodRounds {
  readonly #options: PodRoundsOptions;
  readonly #rounds = new Map<string, Round>();
  /** What status said, until a pod of the server is known. */
  readonly #said = new Map<string, readonly FailingPod[]>();
  readonly #agenda: Agenda;

  constructor(options: PodRoundsOptions) {
    this.#options = options;
    this.#agenda = new Agenda({
      clock: options.clock,
      onDue: (key) => {
        this.#onDue(key);
      },
    });
  }

  /** Those that fail, as far as they serve; none as long as it may be all of them. */
  failing(key: string): readonly FailingPod[] {
    if (!this.#rounds.has(key) && (this.#said.get(key)?.length ?? 0) === 0) return [];
    const pods = this.#options.podsOf(key);
    const round = this.#roundOf(key, pods);
    if (round.isServiceFailing && !pods.some((pod) => round.seen.get(idOf(pod))?.isWell === true)) return [];
    return pods.flatMap((pod) => {
      const doubt = round.seen.get(idOf(pod))?.doubt;
      return isTold(doubt, round) ? [{ name: pod.name, message: doubt.message }] : [];
    });
  }

  /** What status says after a restart of ours: these fail until they have answered, and none is new. */
  believe(key: string, failing: readonly FailingPod[]): void {
    this.#said.set(key, failing);
  }

  /** The Service has told whether a server is there, so the next pod may be asked. */
  next(key: string, service: 'well' | 'failing'): void {
    const pods = this.#options.podsOf(key);
    if (pods.length < 2) {
      // It was this one.
      if (pods.length === 1) this.forget(key);
      return;
    }
    const round = this.#roundOf(key, pods);
    const isServiceFailing = service === 'failing';
    // What pods answered before it failed says nothing, unless it is known which of them fail.
    if (isServiceFailing && !round.isServiceFailing && this.failing(key).length === 0) {
      for (const seen of round.seen.values()) seen.isWell = false;
    }
    round.isServiceFailing = isServiceFailing;
    forgetOthers(round, pods);
    const isLeftAlone = this.#options.clock.monotonicMs() < round.notBeforeMs;
    if (round.stop === undefined && !isLeftAlone) this.#agenda.set(key, 0);
  }

  /** Other pods may serve by now: the next question to the Service is a period away, which is too long for one that took the place of another. */
  lookForNew(key: string): void {
    const round = this.#rounds.get(key);
    if (round === undefined || round.stop !== undefined || this.#agenda.has(key)) return;
    const { clock, podsOf } = this.#options;
    const pods = podsOf(key);
    const isNew = pods.length > 1 && pods.some((pod) => !round.seen.has(idOf(pod)));
    if (isNew && clock.monotonicMs() >= round.notBeforeMs) this.#agenda.set(key, newPodMs);
  }

  forget(key: string): void {
    this.#rounds.get(key)?.stop?.();
    this.#rounds.delete(key);
    this.#said.delete(key);
    this.#agenda.delete(key);
  }

  #onDue(key: string): void {
    const round = this.#rounds.get(key);
    if (round === undefined || round.stop !== undefined) return;
    const { clock, lanes, notBeforeMs } = this.#options;
    const waitMs = (notBeforeMs(key) ?? 0) - clock.monotonicMs();
    if (waitMs > 0) {
      this.#agenda.set(key, waitMs);
      return;
    }
    const lane = lanes.laneOf(round.slowAtMs);
    const turn = { hasCome: false };
    const leave = lanes.wait(lane, splitKey(key).namespace, (release) => {
      turn.hasCome = true;
      this.#onTurn(key, round, { lane, release });
    });
    if (!turn.hasCome) round.stop = leave;
  }

  /** Whatever goes wrong with one pod ends nothing: the next one is asked when the Service has answered again. */
  #onTurn(key: string, round: Round, place: { readonly lane: LaneName; readonly release: Release }): void {
    onBehalfOf(key, () => this.#ask(key, round, place)).catch((error: unknown) => {
      this.#options.log.error('verification: unexpected error while a pod was asked', {
        key,
        error: errorText(error),
      });
      round.stop = undefined;
    });
  }

  async #ask(key: string, round: Round, place: { readonly lane: LaneName; readonly release: Release }): Promise<void> {
    const { clock, lanes, podsOf } = this.#options;
    const pods = podsOf(key);
    const pod = pods.length < 2 ? undefined : nextPod(round, pods);
    if (pod === undefined) {
      place.release();
      round.stop = undefined;
      return;
    }
    const stop = new AbortController();
    round.stop = () => {
      stop.abort();
    };
    const askedAtMs = clock.monotonicMs();
    const turn = { namespace: splitKey(key).namespace, signal: stop.signal, slowAtMs: round.slowAtMs, ...place };
    const asked = await lanes.ask(turn, (signal) => this.#options.ask(key, pod, signal));
    round.stop = undefined;
    round.slowAtMs = asked.slowAtMs;
    if (stop.signal.aborted) return;
    if (asked.state === 'broken-off') this.#agenda.set(key, 0);
    else if (asked.answer !== undefined) this.#takeFrom(key, round, { pod, pods, answer: asked.answer, askedAtMs });
  }

  #takeFrom(
    key: string,
    round: Round,
    from: {
      readonly pod: ServingPod;
      readonly pods: readonly ServingPod[];
      readonly answer: ProbeVerdict;
      readonly askedAtMs: number;
    },
  ): void {
    const { pod, pods, answer, askedAtMs } = from;
    const before = this.failing(key).length;
    const afterMs = this.#take(round, pod, { answer, askedAtMs });
    if (areOutOfReach(round, pods.length)) round.notBeforeMs = this.#options.clock.monotonicMs() + outOfReachMs;
    else if (afterMs !== undefined) this.#agenda.set(key, afterMs);
    else if (pods.some((one) => !round.seen.has(idOf(one)))) this.#agenda.set(key, newPodMs);
    if (this.failing(key).length !== before) this.#options.onChange(key);
  }

  /** As soon as pods are known, what status said of them is, too: after a restart they are listed a little later. */
  #roundOf(key: string, pods: readonly ServingPod[]): Round {
    const round = this.#rounds.get(key) ?? beginRound();
    this.#rounds.set(key, round);
    const said = this.#said.get(key);
    if (said === undefined || pods.length === 0) return round;
    this.#said.delete(key);
    const nowMs = this.#options.clock.monotonicMs();
    for (const pod of pods) {
      const message = said.find(({ name }) => name === pod.name)?.message;
      const doubt = message === undefined ? undefined : believedDoubt(message, nowMs);
      round.seen.set(idOf(pod), { isThrough: false, isWell: doubt === undefined, doubt });
    }
    return round;
  }

  /** Remembers an answer, and says when to ask the same pod again if that must not wait for the Service, in milliseconds. */
  #take(
    round: Round,
    pod: ServingPod,
    { answer, askedAtMs }: { readonly answer: ProbeVerdict; readonly askedAtMs: number },
  ): number | undefined {
    const { clock, random } = this.#options;
    const id = idOf(pod);
    const before = round.seen.get(id);
    const through = { isWell: false, doubt: undefined, ...before, isThrough: true };
    if (answer.state === 'throttled') round.seen.set(id, through);
    else if (answer.state === 'failed') {
      const doubt = nextDoubt(before?.doubt, answer, { askedAtMs, nowMs: clock.monotonicMs() });
      round.seen.set(id, { ...through, isWell: false, doubt });
      return doubt.isCertain ? undefined : untilRetryMs(doubt.tally.failures, maxRetryMs, random);
    } else {
      round.hasAnswered = true;
      round.seen.set(id, { ...through, isWell: true, doubt: undefined });
    }
    return undefined;
  }
}

/** What is known of the pods of one server. */
interface Round {
  /** Ends the waiting of a pod for its turn, or what it is asked. */
  stop: (() => void) | undefined;
  /** Those that were asked, by {@link idOf}. */
  readonly seen: Map<string, SeenPod>;
  /** Some pod has, at its own address. */
  hasAnswered: boolean;
  isServiceFailing: boolean;
  /** How often a pod was asked whose turn it was. */
  turns: number;
  slowAtMs: SlowAtMs;
  /** On the monotonic clock. */
  notBeforeMs: number;
}

interface SeenPod {
  /** It has been asked since all of them had been. */
  isThrough: boolean;
  /** It spoke MCP when it was asked last, and the Service has not begun to fail since. */
  isWell: boolean;
  readonly doubt: Doubt | undefined;
}

/** A pod that failed when it was asked last. */
interface Doubt {
  readonly tally: Tally;
  /** What came back when it became certain; other words later are no news, but for the first ones at all. */
  readonly message: string;
  readonly isCertain: boolean;
  /** Nothing came back at all. */
  readonly isSilent: boolean;
}

function beginRound(): Round {
  return {
    ...{ stop: undefined, seen: new Map(), hasAnswered: false, isServiceFailing: false },
    ...{ turns: 0, slowAtMs: undefined, notBeforeMs: 0 },
  };
}

/** One that was started again is another one. */
function idOf({ name, restarts }: ServingPod): string {
  return `${name}/${restarts}`;
}

/** Whom to ask: the one in doubt; by turns one that fails, which may be well again; else the next one. */
function nextPod(round: Round, pods: readonly ServingPod[]): ServingPod | undefined {
  forgetOthers(round, pods);
  const seen = pods.map((pod) => ({ pod, ...round.seen.get(idOf(pod)) }));
  const inDoubt = seen.find(({ doubt }) => doubt?.isCertain === false);
  if (inDoubt !== undefined) return inDoubt.pod;
  round.turns += 1;
  const failing = seen.filter(({ doubt }) => isTold(doubt, round));
  if (round.turns % 2 === 0 && failing.length > 0) return failing[(round.turns / 2) % failing.length]?.pod;
  const next = seen.find(({ isThrough = false }) => !isThrough);
  if (next !== undefined) return next.pod;
  for (const one of round.seen.values()) one.isThrough = false;
  return pods[0];
}

/** When all of them are others, nobody knows whether those can be reached. */
function forgetOthers(round: Round, pods: readonly ServingPod[]): void {
  const { seen } = round;
  const ids = new Set(pods.map(idOf));
  for (const id of [...seen.keys()]) if (!ids.has(id)) seen.delete(id);
  if (seen.size === 0) round.notBeforeMs = 0;
}

function believedDoubt(message: string, nowMs: number): Doubt {
  return { tally: startTally({ state: 'failed', message }, nowMs), message, isCertain: true, isSilent: false };
}

function nextDoubt(
  known: Doubt | undefined,
  answer: Extract<ProbeVerdict, { readonly state: 'failed' }>,
  at: { readonly askedAtMs: number; readonly nowMs: number },
): Doubt {
  const tally = nextTally(known?.tally ?? startTally({ state: 'not-attempted' }, at.nowMs), answer, at);
  const isSilent = answer.isUnanswered === true;
  if (known?.isCertain === true && (isSilent || !known.isSilent)) return { ...known, tally };
  return { tally, message: answer.message, isCertain: isFailing(tally, at.nowMs), isSilent };
}

function isTold(doubt: Doubt | undefined, { hasAnswered }: Round): doubt is Doubt {
  return doubt !== undefined && doubt.isCertain && (!doubt.isSilent || hasAnswered);
}

function areOutOfReach({ seen, hasAnswered }: Round, pods: number): boolean {
  if (hasAnswered) return false;
  const silent = [...seen.values()].filter(({ doubt }) => doubt?.isCertain === true && doubt.isSilent);
  return silent.length >= Math.min(silentPodsInReach, pods);
}
