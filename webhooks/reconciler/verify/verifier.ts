import type { ProtocolEra, Verification } from '../../core/plan/observed.ts';
import type { Clock } from '../../platform/clock.ts';
import { backoffDelay, jittered } from '../../platform/kube/backoff.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { onBehalfOf } from '../../platform/unexpected-errors.ts';
import type { ProbeMemory } from './probe-memory.ts';
import type { Probe, Verdict } from './probe.ts';
import { settle } from './settle.ts';
import type { Standing } from './settle.ts';
import { createSlots } from './slots.ts';
import type { Slots } from './slots.ts';
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
}

/** After a failure, in milliseconds; a shorter period of the server's own ends the growth earlier. */
const retry = { initialMs: 250, maxMs: 60_000 };
/** By which share of itself the period of each server varies, so that servers do not come in step. */
const jitter = 0.15;
/** Over which the first questions are spread after a restart, in milliseconds; also for servers asked once a day. */
const maxSpreadMs = 60_000;
/** Between two counts of what a server lists, in milliseconds: lists may be long, and change rarely. */
const countPeriodMs = 600_000;
/** Before an unexpected answer of a server that answers is asked for a second time, in milliseconds. */
const secondLookMs = 5_000;
/** Servers that are known to fail have places of their own: those that hang for seconds keep no other one waiting. */
const maxParallelProbes = { ofOthers: 16, ofFailing: 8 };
/**
 * Failures in a row before they count: right after a start the Service may not be programmed in every node, and a pod
 * that is replaced may still get a connection. Four take less than two seconds when each fails at once, and about 40
 * when each runs into the timeout.
 */
const failuresBeforeSaid = 4;
/** Why a probe is ended whose server nobody will ask again. */
const isGone = 'gone';
/** Highest number of failures that is told. */
const maxFailuresSaid = 8;

/**
 * Asks every available server again and again, for its life. Right after a start the Service is often not programmed
 * yet, so failures are retried within fractions of a second first; a failure is never final, and neither is a success.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #watched = new Map<string, Watched>();
  /** Which era each server speaks; outlives that it is not available, for it may be our question that ends it. */
  readonly #learnt = new Map<string, { readonly image: string; readonly era: ProtocolEra }>();
  readonly #slots: Slots = createSlots(maxParallelProbes.ofOthers);
  readonly #slotsOfFailing: Slots = createSlots(maxParallelProbes.ofFailing);

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** How many servers are being asked. */
  get size(): number {
    return this.#watched.size;
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

  /**
   * Starts asking, or goes on if the target is the same. `believed` is an earlier answer for this target (from status,
   * after a restart): it stands until the first answer of our own. When only the trust has changed (another CA), or the
   * spec in what does not concern the endpoint (another period), the answer stands too, and the server is asked again
   * at once.
   */
  watch(key: string, target: VerificationTarget, believed?: Verdict): void {
    const known = this.#watched.get(key);
    if (known !== undefined && isSameTarget(known.target, target)) return;
    known?.stop.abort();
    const kept = known?.target.url === target.url ? known : undefined;
    const watched: Watched = {
      target,
      stop: new AbortController(),
      standing: kept?.standing ?? { result: believed ?? { state: 'not-attempted' } },
      countedAtMs: kept?.countedAtMs,
      memory: undefined,
    };
    this.#watched.set(key, watched);
    void onBehalfOf(key, () => this.#keepAsking(key, watched, known === undefined));
  }

  /** Stops asking and forgets what was answered, and all else: the server is gone. */
  forget(key: string): void {
    this.#watched.get(key)?.stop.abort(isGone);
    this.#watched.delete(key);
    this.#learnt.delete(key);
  }

  /** Stops asking and forgets what was answered: the server is not available. */
  rest(key: string): void {
    this.#watched.get(key)?.stop.abort();
    this.#watched.delete(key);
  }

  stop(): void {
    for (const key of [...this.#watched.keys()]) this.forget(key);
  }

  /** Whatever goes wrong with one server ends neither the asking nor the process. */
  async #keepAsking(key: string, watched: Watched, isFirst: boolean): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = watched.stop;
    while (!signal.aborted) {
      try {
        await this.#run(key, watched, isFirst);
        return;
      } catch (error) {
        log.error('verification: unexpected error; the server is asked again', {
          server: key,
          error: errorText(error),
        });
        await clock.sleep(retry.maxMs, signal);
      }
    }
  }

  async #run(key: string, watched: Watched, isFirst: boolean): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = watched.stop;
    const { periodMs } = watched.target;
    let failures = failuresSoFar(watched.standing.result);
    // After a restart all believed servers are due at once.
    if (isFirst && watched.standing.result.state === 'verified') {
      await clock.sleep(random() * Math.min(periodMs, maxSpreadMs), signal);
    }
    while (!signal.aborted) {
      const slots = failures < failuresBeforeSaid ? this.#slots : this.#slotsOfFailing;
      const answer = await slots.run(() => this.#probe(key, watched, signal));
      if (answer === undefined) return;
      failures = answer.state === 'failed' ? failures + 1 : 0;
      this.#take(key, watched, answer, failures);
      await clock.sleep(this.#untilNext(watched, failures, random), signal);
    }
  }

  #take(key: string, watched: Watched, answer: Verdict, failures: number): void {
    const { clock, log, onChange } = this.#options;
    const { result: before } = watched.standing;
    if (answer.state === 'failed' && failures < failuresBeforeSaid && before.state !== 'failed') return;
    watched.standing = settle(watched.standing, complete(answer, before, failures), clock.monotonicMs());
    if (watched.standing.result === before) return;
    log.debug('verification: another answer', { server: key, state: answer.state });
    onChange(key);
  }

  #untilNext({ target, standing }: Watched, failures: number, random: () => number): number {
    const { periodMs } = target;
    if (failures > 0) return backoffDelay(failures, { ...retry, maxMs: Math.min(retry.maxMs, periodMs) }, random);
    return standing.candidate === undefined ? jittered(periodMs, jitter, random) : Math.min(secondLookMs, periodMs);
  }

  /** Undefined when we were stopped meanwhile: then the answer says nothing. */
  async #probe(key: string, watched: Watched, signal: AbortSignal): Promise<Verdict | undefined> {
    const { clock, clientVersion, onProbed, probe } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const countsOffers = isCountDue(watched, startedAtMs);
    const { image } = watched.target;
    let result: Verdict;
    try {
      const { url, tls } = watched.target;
      const { memory } = watched;
      const era = this.eraOf(key, image) ?? watched.target.era;
      const answer = await probe({ url, tls, countsOffers, clientVersion, signal, memory, era });
      ({ memory: watched.memory, ...result } = { memory: undefined, ...answer });
    } catch (error) {
      result = { state: 'failed', message: errorText(error) };
    }
    // Also when we were stopped: the server may have gone for what we asked.
    if ('era' in result && signal.reason !== isGone) {
      this.#learnt.set(key, { image, era: result.era });
    }
    if (signal.aborted) return undefined;
    if (countsOffers && result.state === 'verified') watched.countedAtMs = startedAtMs;
    onProbed?.(result.state, (clock.monotonicMs() - startedAtMs) / 1_000);
    return result;
  }
}

interface Watched {
  readonly target: VerificationTarget;
  readonly stop: AbortController;
  standing: Standing;
  /** When its lists were counted last; undefined: not by us. */
  countedAtMs: number | undefined;
  /** What the last probe of these pods leaves to the next one. */
  memory: ProbeMemory | undefined;
}

/** What is asked for a second time is asked for as a whole. */
function isCountDue({ standing, countedAtMs }: Watched, nowMs: number): boolean {
  return countedAtMs === undefined || standing.candidate !== undefined || nowMs - countedAtMs >= countPeriodMs;
}

/** An answer with what it does not say itself: how often it failed, and the counts of the last time. */
function complete(answer: Verdict, before: Verification, failures: number): Verdict {
  switch (answer.state) {
    case 'failed':
      return { ...answer, failures: Math.min(2 ** Math.floor(Math.log2(failures)), maxFailuresSaid) };
    case 'verified': {
      const offers = answer.offers ?? (before.state === 'verified' ? before.offers : undefined);
      return { ...answer, ...(offers === undefined ? {} : { offers }) };
    }
    case 'auth-required':
    case 'throttled':
      return answer;
  }
}

function failuresSoFar(result: Verification): number {
  return result.state === 'failed' ? (result.failures ?? failuresBeforeSaid) : 0;
}

function isSameTarget(a: VerificationTarget, b: VerificationTarget): boolean {
  const isSameSpec = a.url === b.url && a.generation === b.generation && a.periodMs === b.periodMs;
  return isSameSpec && tlsTrustKey(a.tls) === tlsTrustKey(b.tls);
}
