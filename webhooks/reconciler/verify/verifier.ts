import type { ProtocolEra, Verification, VerifiedEndpoint } from '../../core/plan/observed.ts';
import { Agenda } from '../../platform/agenda.ts';
import type { Clock } from '../../platform/clock.ts';
import { jittered } from '../../platform/kube/backoff.ts';
import { splitKey } from '../../platform/kube/object.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { onBehalfOf } from '../../platform/unexpected-errors.ts';
import { Lanes } from './lanes.ts';
import type { LaneName, SlowAtMs, Turn } from './lanes.ts';
import type { ProbeMemory } from './probe-memory.ts';
import type { Probe, Verdict } from './probe.ts';
import { settle } from './settle.ts';
import type { Standing } from './settle.ts';
import { isFailing, isOutdated, nextTally, startTally, untilAllowedMs, untilRetryMs } from './tally.ts';
import type { Tally } from './tally.ts';
import { tlsTrustKey } from './tls-trust.ts';
import type { TlsTrust } from './tls-trust.ts';

export interface VerifierOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly clientVersion: string;
  /** The answer for this server is another one than before: reconcile it. */
  readonly onChange: (key: string) => void;
  readonly onProbed?: (result: Verdict['state'], seconds: number) => void;
}

/** What to ask, and for which state of the spec the answer counts. */
export interface VerificationTarget {
  readonly url: string;
  readonly generation: number;
  /** Between two questions to a server that answered, in milliseconds. */
  readonly periodMs: number;
  /** With an `https` URL: whose certificates count. */
  readonly tls?: TlsTrust | undefined;
  /** What runs there: what was learnt of another image does not count. */
  readonly image: string;
  /** How status says that this image is asked; what we have learnt ourselves goes before it. */
  readonly era?: ProtocolEra | undefined;
  /** Which pods answer there: another text when they are others, as far as that is seen. */
  readonly pods: string;
}

/** By which share of itself the period of each server varies, so that servers do not come in step. */
const jitter = 0.15;
/** Over which the first questions are spread after a restart, in milliseconds; also for servers asked once a day. */
const maxSpreadMs = 60_000;
/** Between two counts of what a server lists, in milliseconds: lists may be long, and change rarely. */
const countPeriodMs = 600_000;
/** Before an unexpected answer of a server that answers is asked for a second time, in milliseconds. */
const secondLookMs = 5_000;
/** Between two questions whose reason is that something has changed, in milliseconds: pods may change all the time. */
const minBetweenMs = 1_000;
/** Before a server is asked again on which our own code failed, in milliseconds. */
const afterErrorMs = 60_000;
/** Highest number of failures that is told. */
const maxFailuresSaid = 8;
/** How soon a server that closed the connection of a question is not available, if it has ended, in milliseconds. */
const goneWithinMs = 30_000;

/**
 * Asks every available server again and again, for its life. Right after a start the Service is often not programmed
 * yet, so failures are retried within fractions of a second first; a failure is never final, and neither is a success.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #learnt = new Map<string, Learnt>();
  readonly #lanes: Lanes;
  /** When each of them is asked that is not being asked. */
  readonly #agenda: Agenda;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.clock);
    this.#agenda = new Agenda({
      clock: options.clock,
      onDue: (key) => {
        this.#onDue(key);
      },
    });
  }

  /** How many servers are being asked. */
  get size(): number {
    return this.#watched.size;
  }

  /** How many of them wait for their turn. */
  waiting(): Readonly<Record<LaneName, number>> {
    return this.#lanes.waiting();
  }

  /** What is known about this generation. */
  current(key: string, generation: number): Verification {
    const watched = this.#watched.get(key);
    return watched?.target.generation === generation ? watched.standing.result : { state: 'not-attempted' };
  }

  /** What we have learnt ourselves of how this image is asked. */
  eraOf(key: string, image: string): ProtocolEra | undefined {
    const learnt = this.#learnt.get(key);
    return learnt?.image === image ? learnt.era : undefined;
  }

  /** How often in a row it closed the connection of a question and was not available after that; undefined: never. */
  goneOf(key: string, image: string): number | undefined {
    const learnt = this.#learnt.get(key);
    return learnt?.image === image && learnt.gone !== undefined ? inSteps(learnt.gone) : undefined;
  }

  /**
   * Starts asking, or goes on if the target is the same. `believed` is an earlier answer for this target (from status,
   * after a restart): it stands until the first answer of our own. When only the trust has changed (another CA), the pods,
   * or the spec in what does not concern the endpoint (another period), the answer stands too, and the server is asked
   * again at once.
   */
  watch(key: string, target: VerificationTarget, believed?: Verdict): void {
    const known = this.#watched.get(key);
    if (known !== undefined && isSameTarget(known.target, target)) return;
    known?.stop?.();
    const before = known?.target.url === target.url ? known : undefined;
    const nowMs = this.#options.clock.monotonicMs();
    const watched =
      before === undefined ? begin(target, believed ?? { state: 'not-attempted' }, nowMs) : goOn(before, target, nowMs);
    const isFirst = known === undefined;
    // Failures in a row that other pods had say nothing about how soon these may answer.
    watched.tries = isFirst ? watched.tally.failures : 0;
    this.#watched.set(key, watched);
    this.#agenda.set(key, this.#untilFirstMs(key, watched, isFirst));
  }

  /** Stops asking and forgets what was answered, and all else: the server is gone. */
  forget(key: string): void {
    const watched = this.#watched.get(key);
    if (watched !== undefined) watched.isGone = true;
    this.rest(key);
    this.#learnt.delete(key);
  }

  /** Stops asking and forgets what was answered, not how to ask: the server is not available. */
  rest(key: string): void {
    this.#noteEnd(key);
    this.#watched.get(key)?.stop?.();
    this.#watched.delete(key);
    this.#agenda.delete(key);
  }

  #noteEnd(key: string): void {
    const learnt = this.#learnt.get(key);
    const { closedAtMs, gone = 0 } = learnt ?? {};
    if (learnt === undefined || closedAtMs === undefined) return;
    const isSoon = this.#options.clock.monotonicMs() - closedAtMs <= goneWithinMs;
    this.#learnt.set(key, { ...learnt, closedAtMs: undefined, gone: isSoon ? gone + 1 : learnt.gone });
  }

  stop(): void {
    for (const key of [...this.#watched.keys()]) this.forget(key);
  }

  #onDue(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    const { namespace } = splitKey(key);
    const lane = this.#lanes.laneOf(this.#learnt.get(key)?.slowAtMs);
    const leave = this.#lanes.wait(lane, namespace, (release) => {
      this.#onTurn(key, watched, { lane, release });
    });
    // Not when it has its turn already.
    watched.stop ??= leave;
  }

  /** Whatever goes wrong with one server ends neither the asking nor the process. */
  #onTurn(key: string, watched: Watched, place: Pick<Turn, 'lane' | 'release'>): void {
    onBehalfOf(key, () => this.#ask(key, watched, place)).catch((error: unknown) => {
      this.#options.log.error('verification: unexpected error; the server is asked again', {
        server: key,
        error: errorText(error),
      });
      watched.stop = undefined;
      this.#askAfter(key, watched, afterErrorMs);
    });
  }

  async #ask(key: string, watched: Watched, place: Pick<Turn, 'lane' | 'release'>): Promise<void> {
    const stop = new AbortController();
    watched.stop = () => {
      stop.abort();
    };
    const turn = {
      ...{ namespace: splitKey(key).namespace, signal: stop.signal },
      ...{ ...place, slowAtMs: this.#learnt.get(key)?.slowAtMs },
    };
    const asked = await this.#lanes.ask(turn, (until) => this.#probe(key, watched, until));
    watched.stop = undefined;
    if (asked !== undefined) this.#learn(key, watched, { slowAtMs: asked.slowAtMs });
    // Whoever has stopped us has seen to what comes next.
    if (asked?.answer === undefined || stop.signal.aborted) return;
    watched.tries = asked.answer.state === 'failed' ? watched.tries + 1 : 0;
    this.#askAfter(key, watched, this.#take(key, watched, asked.answer));
  }

  #askAfter(key: string, watched: Watched, ms: number): void {
    if (this.#watched.get(key) === watched) this.#agenda.set(key, ms);
  }

  #untilFirstMs(key: string, { askedAtMs, standing, target }: Watched, isFirst: boolean): number {
    const { clock, random } = this.#options;
    const nowMs = clock.monotonicMs();
    const learnt = this.#learnt.get(key);
    const allowedAtMs = learnt?.image === target.image ? learnt.notBeforeMs : undefined;
    const untilAllowed = Math.max(0, (allowedAtMs ?? nowMs) - nowMs);
    // After a restart all believed servers are due at once.
    if (isFirst && standing.result.state === 'verified') {
      return Math.max(untilAllowed, random() * Math.min(target.periodMs, maxSpreadMs));
    }
    return askedAtMs === undefined ? untilAllowed : Math.max(untilAllowed, askedAtMs + minBetweenMs - nowMs);
  }

  /** Believes the answer, if it is one to believe already, and says how long to wait until the next question, in milliseconds. */
  #take(key: string, watched: Watched, answer: Verdict): number {
    const { clock, random } = this.#options;
    const { tally, standing, target } = watched;
    const nowMs = clock.monotonicMs();
    switch (answer.state) {
      case 'failed':
        if (isFailing(tally, nowMs) || standing.result.state === 'failed') this.#believe(key, watched, answer);
        return untilRetryMs(watched.tries, target.periodMs, random);
      case 'throttled': {
        const waitMs = untilAllowedMs(tally, answer.retryAfterMs, random);
        this.#learn(key, watched, { notBeforeMs: nowMs + waitMs });
        const isUnknown = standing.result.state === 'not-attempted' || standing.result.state === 'throttled';
        if (isUnknown || isOutdated(tally, nowMs + waitMs)) this.#believe(key, watched, answer);
        return waitMs;
      }
      case 'verified':
      case 'auth-required':
        this.#believe(key, watched, answer);
        // One second look: who answers differently each time is not asked more often for it.
        return watched.standing.candidate === undefined || standing.candidate !== undefined
          ? jittered(target.periodMs, jitter, random)
          : Math.min(secondLookMs, target.periodMs);
    }
  }

  #believe(key: string, watched: Watched, answer: Verdict): void {
    const { clock, log, onChange } = this.#options;
    const { result: before } = watched.standing;
    watched.standing = settle(watched.standing, complete(answer, watched), clock.monotonicMs());
    if (watched.standing.result === before) return;
    log.debug('verification: another answer', { server: key, state: answer.state });
    onChange(key);
  }

  /** Undefined when we were stopped meanwhile: then the answer says nothing. */
  async #probe(key: string, watched: Watched, signal: AbortSignal): Promise<Verdict | undefined> {
    const { clock, clientVersion, onProbed, probe } = this.#options;
    const startedAtMs = clock.monotonicMs();
    watched.askedAtMs = startedAtMs;
    const countsOffers = isCountDue(watched, startedAtMs);
    const { image } = watched.target;
    let result: Verdict;
    let kept: ProbeMemory | undefined;
    let hasClosed = false;
    try {
      const { url, tls } = watched.target;
      const { memory } = watched;
      const era = this.eraOf(key, image) ?? watched.target.era;
      const answer = await probe({ url, tls, countsOffers, clientVersion, signal, memory, era });
      ({ memory: kept, hasClosed = false, ...result } = { memory: undefined, ...answer });
    } catch (error) {
      result = { state: 'failed', message: errorText(error) };
    }
    // Also when we were stopped: the server may have gone for what we asked.
    if ('era' in result) this.#learn(key, watched, { era: result.era });
    if (hasClosed) this.#learn(key, watched, { closedAtMs: clock.monotonicMs() });
    if (result.state !== 'failed') this.#learn(key, watched, { closedAtMs: undefined, gone: undefined });
    if (signal.aborted) return undefined;
    watched.memory = kept;
    const nowMs = clock.monotonicMs();
    note(watched, result, { askedAtMs: startedAtMs, nowMs });
    onProbed?.(result.state, (nowMs - startedAtMs) / 1_000);
    return result;
  }

  #learn(key: string, { isGone, target: { image } }: Watched, news: Partial<Learnt>): void {
    if (isGone) return;
    const known = this.#learnt.get(key);
    const kept: Learnt = known?.image === image ? known : { image, slowAtMs: known?.slowAtMs };
    this.#learnt.set(key, { ...kept, ...news });
  }
}

/** What is known of how to ask a server; outlives that it is not available, for it may be our question that ends it. */
interface Learnt {
  /** Of which the era and the time are; that a server is slow is known whatever it runs. */
  readonly image: string;
  readonly era?: ProtocolEra;
  /** Until when it asked not to be asked, on the monotonic clock. */
  readonly notBeforeMs?: number;
  readonly slowAtMs?: SlowAtMs;
  /** When it closed the connection of a question last, and has neither answered nor been unavailable since. */
  readonly closedAtMs?: number | undefined;
  /** How often in a row it was not available after that. */
  readonly gone?: number | undefined;
}

interface Watched {
  readonly target: VerificationTarget;
  /** Ends its waiting for a turn, or what it is asked. */
  stop: (() => void) | undefined;
  /** Nobody will ask it again. */
  isGone: boolean;
  /** Failures in a row of these pods. */
  tries: number;
  standing: Standing;
  tally: Tally;
  /** What it listed when that was counted last. */
  lists: Lists;
  /** When that was; undefined: not by us, or not of these pods. */
  countedAtMs: number | undefined;
  askedAtMs: number | undefined;
  /** What the last probe of these pods leaves to the next one. */
  memory: ProbeMemory | undefined;
}

function begin(target: VerificationTarget, believed: Verification, nowMs: number): Watched {
  return {
    ...{ target, stop: undefined, isGone: false, tries: 0 },
    ...{ standing: { result: believed }, tally: startTally(believed, nowMs), lists: listsOf(believed) },
    ...{ countedAtMs: undefined, askedAtMs: undefined, memory: undefined },
  };
}

/** The same endpoint: what was answered stands, and what was learnt about other pods or another spec does not. */
function goOn(before: Watched, target: VerificationTarget, nowMs: number): Watched {
  const isSameSpec = before.target.generation === target.generation;
  return {
    ...before,
    ...{ target, stop: undefined, tries: 0, memory: undefined },
    tally: isSameSpec ? before.tally : startTally(before.standing.result, nowMs),
    countedAtMs: before.target.pods === target.pods ? before.countedAtMs : undefined,
  };
}

/** The part of an answer that is there only when lists were counted. */
type Lists = Pick<VerifiedEndpoint, 'offers' | 'toolsDigest' | 'notCounted'>;

function listsOf(answer: Verification): Lists {
  if (answer.state !== 'verified') return {};
  const { offers, toolsDigest, notCounted } = answer;
  return {
    ...(offers === undefined ? {} : { offers }),
    ...(toolsDigest === undefined ? {} : { toolsDigest }),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}

/** What an answer says besides what is believed of it. */
function note(watched: Watched, answer: Verdict, at: { readonly askedAtMs: number; readonly nowMs: number }): void {
  if (answer.state === 'verified' && isCountDue(watched, at.askedAtMs)) watched.countedAtMs = at.askedAtMs;
  if (answer.state === 'verified' && answer.offers !== undefined) watched.lists = listsOf(answer);
  watched.tally = nextTally(watched.tally, answer, at);
}

/**
 * Every ten minutes; when an unexpected answer is asked for a second time, because all of it has to be the same then; and
 * after a failure, because what answers now may be another server.
 */
function isCountDue({ standing, tally, countedAtMs }: Watched, nowMs: number): boolean {
  const isDoubted = standing.candidate !== undefined || tally.failures > 0;
  return countedAtMs === undefined || isDoubted || nowMs - countedAtMs >= countPeriodMs;
}

/** An answer with what it does not say itself: how often it failed, and what it listed the last time. */
function complete(answer: Verdict, { lists, tally }: Watched): Verdict {
  switch (answer.state) {
    case 'failed':
      return { ...answer, failures: inSteps(tally.failures) };
    case 'verified':
      return { ...answer, ...(answer.offers === undefined ? lists : {}) };
    case 'throttled':
      // How long it wants to be left alone is nobody's to know, and another one each time.
      return { state: 'throttled', message: answer.message };
    case 'auth-required':
      return answer;
  }
}

/** A number that costs few writes while it grows: it doubles, and stays at the highest. */
function inSteps(count: number): number {
  return Math.min(2 ** Math.floor(Math.log2(count)), maxFailuresSaid);
}

function isSameTarget(a: VerificationTarget, b: VerificationTarget): boolean {
  const isSameSpec = a.url === b.url && a.generation === b.generation && a.periodMs === b.periodMs;
  return isSameSpec && a.pods === b.pods && tlsTrustKey(a.tls) === tlsTrustKey(b.tls);
}
