import { canonicalJson } from '../../core/engine/canonical-json.ts';
import type { FailingPod, KnownVerification, ProtocolEra, Verification } from '../../core/plan/observed.ts';
import { withFailingPods } from '../../core/plan/failing-pods.ts';
import { isDemanding } from '../../core/plan/tool-demands.ts';
import type { ServingPod } from '../../core/plan/serving.ts';
import { Agenda } from '../../platform/agenda.ts';
import type { Clock } from '../../platform/clock.ts';
import { digest } from '../../platform/digest.ts';
import { jittered } from '../../platform/kube/backoff.ts';
import { splitKey } from '../../platform/kube/object.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { onBehalfOf } from '../../platform/unexpected-errors.ts';
import { asksOnce } from '../../platform/mcp/handshake-era.ts';
import { KeptOnce } from '../kept-once.ts';
import { Lanes } from './lanes.ts';
import type { LaneName, SlowAtMs, Turn } from './lanes.ts';
import { PodRounds } from './pod-rounds.ts';
import type { Probe, ProbeResult, ProbeTarget, ProbeVerdict } from '../../platform/mcp/probe.ts';
import { isUp } from './settle.ts';
import type { Standing } from './settle.ts';
import { hasToBeWritten, isFailing, isOutdated, untilAllowedMs, untilOutdatedMs, untilRetryMs } from './tally.ts';
import {
  answeredBy,
  answerOfThese,
  askPeriodMs,
  asItRuns,
  begin,
  goOn,
  inSteps,
  isCountDue,
  isForOthers,
  isKnownToFail,
  isOfSameSpec,
  isOfThese,
  isRoutingLate,
  isSameQuestion,
  jitter,
  knownContract,
  mayBeOfOthers,
  moveOn,
  nextStanding,
  note,
  noteLists,
  noteMix,
  routingMs,
  ofAnotherQuestion,
  untilRoutedMs,
  withoutLists,
} from './watched.ts';
import type { Believed, Proof, VerificationTarget, Watched } from './watched.ts';

export interface VerifierOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly clientVersion: string;
  /** Whether every 403 counts as authentication, at this moment. */
  readonly acceptsForbidden?: () => boolean;
  /** The pods that serve now; none where nobody tells. */
  readonly podsOf?: (key: string) => readonly ServingPod[];
  /** The answer for this server is another one than before: reconcile it. */
  readonly onChange: (key: string) => void;
  readonly onProbed?: (key: string, result: ProbeVerdict['state'], seconds: number) => void;
}

/** Over which the first questions are spread after a restart, in milliseconds; also for servers asked once a day. */
const maxSpreadMs = 60_000;
/** Before an unexpected answer of a server that answers is asked for a second time, in milliseconds. */
const secondLookMs = 5_000;
/** Between two questions whose reason is that something has changed, in milliseconds: pods may change all the time. */
const minBetweenMs = 1_000;
/** Before a server is asked again on which our own code failed, in milliseconds. */
const afterErrorMs = 60_000;
/** Different answers that are kept once each. */
const maxShared = 300;
/** How soon a server that closed the connection of a question is not available, if it has ended, in milliseconds. */
const goneWithinMs = 30_000;

/**
 * Asks every available server again and again, for its life. Right after a start the Service is often not programmed
 * yet, so failures are retried within fractions of a second first; a failure is never final, and neither is a success.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #watched = new Map<string, Watched>();
  /** Those that are not asked until the pods are there which the question is for. */
  readonly #leftAlone = new Set<string>();
  /** Those that have served and do not: the Service may lead to pods on their way out for a moment when others do. */
  readonly #ended = new Set<string>();
  readonly #learnt = new Map<string, Learnt>();
  readonly #lanes: Lanes;
  /** When each of them is asked that is not being asked. */
  readonly #agenda: Agenda;
  /** Many servers say the same, and words of a failure are long. */
  readonly #answers = new KeptOnce<Verification>(maxShared);
  #isStopped = false;
  readonly #pods: PodRounds;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.clock);
    this.#pods = new PodRounds({
      ...{ clock: options.clock, log: options.log, random: options.random, lanes: this.#lanes },
      ...{ onChange: options.onChange, podsOf: (key) => this.#podsOf(key) },
      notBeforeMs: (key) => this.#notBeforeMs(key, this.#watched.get(key)?.target.image),
      ask: (key, pod, signal) => this.#askPod(key, pod, signal),
    });
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

  /**
   * What is known, and about which pods. `asked`: what the spec has asked by now; an answer to something else is one of no
   * pods that serve.
   */
  current(key: string, asked?: Pick<VerificationTarget, 'url' | 'tls'>): KnownVerification {
    const watched = this.#watched.get(key);
    if (watched?.of === undefined) return { verification: { state: 'not-attempted' } };
    const { standing, lastVerdictMs, target } = watched;
    const of = asked === undefined || isOfSameSpec(target, asked) ? watched.of : ofAnotherQuestion(watched.of);
    const pods = this.#podsOf(key);
    const verification = withFailingPods(standing.result, this.#pods.failing(key), pods.length);
    return { verification, of, ...(lastVerdictMs === undefined ? {} : { lastVerdictMs }) };
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
   * or the period, the answer stands too, and the server is asked again at once; when nothing but the generation has, the
   * answer is that generation's, and nobody is asked. Of whom the answer is, {@link current} says. Nobody is asked either
   * while the pods are older ones than the question is for; who comes after them is asked at once.
   */
  watch(key: string, wanted: VerificationTarget, believed?: Believed): void {
    if (this.#isStopped) return;
    const known = this.#watched.get(key);
    const wasLeftAlone = this.#leftAlone.delete(key);
    if ((wasLeftAlone && wanted.isBehind === true) || isForOthers(wanted, known, believed)) {
      this.#drop(key);
      this.#leftAlone.add(key);
      return;
    }
    const target = asItRuns(wanted, known);
    if (known === undefined) {
      const followsOthers = this.#ended.delete(key) || wasLeftAlone || wanted.followsOthers === true;
      this.#begin(key, target, { believed, proof: followsOthers ? wantedProof : noProof });
    } else if (isSameQuestion(known.target, target)) {
      moveOn(known, target);
      this.#pods.lookForNew(key);
    } else this.#goOn(key, known, target);
  }

  #begin(
    key: string,
    target: VerificationTarget,
    known: Pick<Watched, 'proof'> & { readonly believed?: Believed | undefined },
  ): void {
    this.#pods.forget(key);
    const watched = begin(target, known, this.#now());
    if (known.believed !== undefined) this.#pods.believe(key, failingPodsOf(known.believed));
    watched.tries = watched.tally.failures;
    watched.standing = this.#keptOnce(watched.standing);
    this.#watched.set(key, watched);
    this.#agenda.set(key, this.#untilFirstMs(key, watched, true));
  }

  /** Another question, or other pods. */
  #goOn(key: string, known: Watched, target: VerificationTarget): void {
    known.stop?.();
    const isSameEndpoint = known.target.url === target.url;
    if (!isSameEndpoint) this.#pods.forget(key);
    const proof = known.of === undefined || known.target.pods === target.pods ? noProof : wantedProof;
    const watched = isSameEndpoint ? goOn(known, target) : begin(target, { proof }, this.#now());
    // Failures in a row that other pods had say nothing about how soon these may answer.
    watched.tries = 0;
    // It may have been asked last in another rollout.
    noteMix(watched, this.#isMixed(key), this.#options.clock.monotonicMs());
    this.#watched.set(key, watched);
    this.#agenda.set(key, this.#untilFirstMs(key, watched, false));
  }

  /** Stops asking and forgets what was answered, and all else: the server is gone. */
  forget(key: string): void {
    const watched = this.#watched.get(key);
    if (watched !== undefined) watched.isGone = true;
    this.rest(key);
    this.#ended.delete(key);
    this.#learnt.delete(key);
  }

  /** Stops asking and forgets what was answered, not how to ask: the server is not available. */
  rest(key: string): void {
    this.#noteEnd(key);
    if (this.#leftAlone.delete(key) || this.#watched.has(key)) this.#ended.add(key);
    this.#drop(key);
  }

  #drop(key: string): void {
    this.#watched.get(key)?.stop?.();
    this.#watched.delete(key);
    this.#agenda.delete(key);
    this.#pods.forget(key);
  }

  #noteEnd(key: string): void {
    const learnt = this.#learnt.get(key);
    const { closedAtMs, gone = 0 } = learnt ?? {};
    if (learnt === undefined || closedAtMs === undefined) return;
    const isSoon = this.#options.clock.monotonicMs() - closedAtMs <= goneWithinMs;
    this.#learnt.set(key, { ...learnt, closedAtMs: undefined, gone: isSoon ? gone + 1 : learnt.gone });
  }

  /** For good. Rounds under way may want somebody asked still: that would go on for ever, and keep all that is known in memory. */
  stop(): void {
    this.#isStopped = true;
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
        key,
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
    const pod = this.#podToProve(key, watched);
    const asked = await this.#lanes.ask(turn, (until) => this.#probe(key, watched, { pod, signal: until }));
    watched.stop = undefined;
    this.#learn(key, watched, { slowAtMs: asked.slowAtMs });
    // Whoever has stopped us has seen to what comes next.
    if (stop.signal.aborted) return;
    if (asked.state === 'broken-off') this.#askAfter(key, watched, 0);
    else if (asked.answer !== undefined) this.#goOnAfter(key, watched, { pod, answer: asked.answer });
  }

  #goOnAfter(
    key: string,
    watched: Watched,
    { pod, answer }: { readonly pod: ServingPod | undefined; readonly answer: ProbeVerdict },
  ): void {
    if (pod !== undefined && isProof(answer)) {
      watched.proof = proofBy(answer, this.#options.clock.monotonicMs());
      this.#askAfter(key, watched, 0);
      return;
    }
    this.#askAfter(key, watched, this.#takeOfThese(key, watched, answer));
  }

  /** Takes of an answer what is one of the pods that are asked now; says how long to wait until the next question, in milliseconds. */
  #takeOfThese(key: string, watched: Watched, given: ProbeVerdict): number {
    const nowMs = this.#options.clock.monotonicMs();
    const answer = answerOfThese(watched, given, nowMs);
    if (answer === undefined) return untilRoutedMs(watched.proof, nowMs);
    if (!mayBeOfOthers(watched, nowMs) && watched.proof.state === 'given') watched.proof = noProof;
    if (answer.state !== 'throttled') this.#dateVerdict(key, watched, undefined);
    watched.tries = answer.state === 'failed' ? watched.tries + 1 : 0;
    return this.#take(key, watched, answer);
  }

  /** Whom to ask instead of the Service, while that may still lead to pods that are gone; each time another one. */
  #podToProve(key: string, watched: Watched): ServingPod | undefined {
    const { proof } = watched;
    if (proof.state !== 'wanted') return undefined;
    const pods = this.#podsOf(key);
    watched.proof =
      pods.length === 0
        ? { state: 'unreachable', atMs: this.#options.clock.monotonicMs() }
        : { state: 'wanted', askedPods: proof.askedPods + 1 };
    return pods[proof.askedPods % Math.max(1, pods.length)];
  }

  #askAfter(key: string, watched: Watched, ms: number): void {
    if (this.#watched.get(key) === watched) this.#agenda.set(key, ms);
  }

  #untilFirstMs(key: string, watched: Watched, isFirst: boolean): number {
    const { askedAtMs, lastVerdictMs, standing, tally, target } = watched;
    const { clock, random } = this.#options;
    const nowMs = clock.monotonicMs();
    const untilAllowed = Math.max(0, (this.#notBeforeMs(key, target.image) ?? nowMs) - nowMs);
    // After a restart all believed servers are due at once.
    if (isFirst && standing.result.state === 'verified') {
      const spreadMs = random() * Math.min(target.periodMs, maxSpreadMs);
      const latestMs = lastVerdictMs === undefined ? spreadMs : untilOutdatedMs(tally, nowMs);
      return Math.max(untilAllowed, Math.min(spreadMs, latestMs));
    }
    return askedAtMs === undefined ? untilAllowed : Math.max(untilAllowed, askedAtMs + minBetweenMs - nowMs);
  }

  #notBeforeMs(key: string, image: string | undefined): number | undefined {
    const learnt = this.#learnt.get(key);
    return learnt?.image === image ? learnt?.notBeforeMs : undefined;
  }

  /** Believes the answer, if it is one to believe already, and says how long to wait until the next question, in milliseconds. */
  #take(key: string, watched: Watched, answer: ProbeVerdict): number {
    const { clock, random } = this.#options;
    const { tally, standing, target } = watched;
    const nowMs = clock.monotonicMs();
    switch (answer.state) {
      case 'failed':
        this.#takeFailure(key, watched, answer);
        return untilRetryMs(watched.tries, target.periodMs, random);
      case 'throttled': {
        const waitMs = untilAllowedMs(tally, answer.retryAfterMs, random);
        this.#learn(key, watched, { notBeforeMs: nowMs + waitMs });
        const isUnknown = watched.of === undefined || standing.result.state === 'throttled';
        if (isUnknown || isOutdated(tally, nowMs + waitMs)) this.#believe(key, watched, answer);
        else if (hasToBeWritten(tally, nowMs + waitMs)) this.#dateVerdict(key, watched, tally.verdictAtMs);
        return waitMs;
      }
      case 'verified':
      case 'auth-required':
        this.#believe(key, watched, answer);
        this.#pods.next(key, 'well');
        if (mayBeOfOthers(watched, nowMs)) return Math.min(routingMs, target.periodMs);
        // One second look: who answers differently each time is not asked more often for it.
        return watched.standing.candidate === undefined || standing.candidate !== undefined
          ? jittered(askPeriodMs(watched), jitter, random)
          : Math.min(secondLookMs, target.periodMs);
    }
  }

  /** Has written down when it said last whether it works, or that this is no matter any more. On the monotonic clock. */
  #dateVerdict(key: string, watched: Watched, atMs: number | undefined): void {
    if ((atMs === undefined) === (watched.lastVerdictMs === undefined)) return;
    const { monotonicMs, wallClockMs } = this.#now();
    watched.lastVerdictMs = atMs === undefined ? undefined : wallClockMs - (monotonicMs - atMs);
    this.#options.onChange(key);
  }

  #takeFailure(key: string, watched: Watched, answer: ProbeVerdict): void {
    const nowMs = this.#options.clock.monotonicMs();
    const isCertain = isFailing(watched.tally, nowMs) ? !isRoutingLate(watched, nowMs) : isKnownToFail(watched);
    if (isCertain) this.#believe(key, watched, answer);
    if (isKnownToFail(watched) && watched.proof.state !== 'wanted') this.#pods.next(key, 'failing');
  }

  #believe(key: string, watched: Watched, answer: ProbeVerdict): void {
    const { clock, log, onChange } = this.#options;
    const { result: before } = watched.standing;
    const isNews = !isOfThese(watched);
    watched.lastVerdictMs = undefined;
    const next = nextStanding(watched, answer, clock.monotonicMs());
    watched.standing = next.result === before ? next : this.#keptOnce(next);
    watched.of = answeredBy(watched.target);
    if (watched.standing.result === before && !isNews) return;
    log.debug('verification: another answer', { key, state: answer.state });
    onChange(key);
  }

  #keptOnce(standing: Standing): Standing {
    const { result } = standing;
    if (result.state === 'not-attempted') return standing;
    // A copy, because of one of which fields were deleted the engine keeps a table.
    const kept = this.#answers.of(digest(canonicalJson(result)), { ...result });
    return { ...standing, result: kept };
  }

  /** Asks the Service, or one pod. Undefined when we were stopped meanwhile: then the answer says nothing. */
  async #probe(
    key: string,
    watched: Watched,
    { pod, signal }: { readonly pod: ServingPod | undefined; readonly signal: AbortSignal },
  ): Promise<ProbeVerdict | undefined> {
    const { clock } = this.#options;
    const askedAtMs = clock.monotonicMs();
    watched.askedAtMs = askedAtMs;
    noteMix(watched, this.#isMixed(key), askedAtMs);
    const countsOffers = isListed(watched, askedAtMs);
    const { tools } = watched.target;
    const asked = await this.#send(key, watched, {
      ...(pod === undefined ? { memory: watched.memory } : atPod(pod)),
      ...{ ignore: tools?.ignore, isNoneListed: tools !== undefined && isDemanding(tools) },
      ...{ countsOffers, knownContract: knownContract(watched), signal },
    });
    if (asked === undefined) return undefined;
    if (pod === undefined) watched.memory = asked.memory;
    if (asked.state === 'verified' && countsOffers) watched.listTtlMs = asked.listTtlMs;
    const result = withoutLists(watched, verdictOf(asked), askedAtMs);
    const at = { askedAtMs, nowMs: clock.monotonicMs(), countsOffers };
    if (pod !== undefined && isProof(result)) noteLists(watched, result, at);
    else note(watched, result, at);
    return result;
  }

  #isMixed(key: string): boolean {
    const [first, ...others] = this.#podsOf(key);
    return others.some(({ template }) => template !== first?.template);
  }

  /** For the round of the pods. Undefined also when nobody asks this server any more. */
  async #askPod(key: string, pod: ServingPod, signal: AbortSignal): Promise<ProbeVerdict | undefined> {
    const watched = this.#watched.get(key);
    if (watched === undefined) return undefined;
    const asked = await this.#send(key, watched, { ...atPod(pod), signal });
    return asked === undefined ? undefined : verdictOf(asked);
  }

  async #send(
    key: string,
    watched: Watched,
    how: Pick<ProbeTarget, 'at' | 'countsOffers' | 'ignore' | 'isNoneListed' | 'knownContract' | 'memory' | 'signal'>,
  ): Promise<ProbeResult | undefined> {
    const { acceptsForbidden, clock, clientVersion, onProbed, probe } = this.#options;
    const { url, tls, image, era: said } = watched.target;
    const startedAtMs = clock.monotonicMs();
    let answer: ProbeResult;
    try {
      answer = await probe({
        ...{ url, tls, clientVersion, era: this.eraOf(key, image) ?? said, ...how },
        acceptsForbidden: acceptsForbidden?.(),
      });
    } catch (error) {
      answer = { state: 'failed', message: errorText(error) };
    }
    // Also when we were stopped: the server may have gone for what we asked.
    if ('era' in answer) this.#learn(key, watched, { era: answer.era });
    if (answer.hasClosed === true) this.#learn(key, watched, { closedAtMs: clock.monotonicMs() });
    if (answer.state !== 'failed') this.#learn(key, watched, { closedAtMs: undefined, gone: undefined });
    if (how.signal.aborted) return undefined;
    onProbed?.(key, answer.state, (clock.monotonicMs() - startedAtMs) / 1_000);
    return answer;
  }

  #now(): { readonly monotonicMs: number; readonly wallClockMs: number } {
    const { clock } = this.#options;
    // eslint-disable-next-line no-restricted-syntax -- for what status says, which outlives the monotonic one
    return { monotonicMs: clock.monotonicMs(), wallClockMs: clock.now().getTime() };
  }

  #podsOf(key: string): readonly ServingPod[] {
    return this.#options.podsOf?.(key) ?? [];
  }

  #learn(key: string, { isGone, target: { image } }: Watched, news: Partial<Learnt>): void {
    if (isGone) return;
    const known = this.#learnt.get(key);
    const kept: Learnt = known?.image === image ? known : { image, slowAtMs: known?.slowAtMs };
    this.#learnt.set(key, { ...kept, ...news });
  }
}

/**
 * Whether it is asked for what it lists. Not while the Service may lead to pods that are gone, whose tools would be told of
 * those that are there; nor while there are pods of several templates, and nobody knows which of them lists.
 */
function isListed(watched: Watched, nowMs: number): boolean {
  return watched.mixedSinceMs === undefined && isCountDue(watched, nowMs) && !mayBeOfOthers(watched, nowMs);
}

function failingPodsOf(verdict: ProbeVerdict): readonly FailingPod[] {
  return (verdict.state === 'failed' ? verdict.failingPods : undefined) ?? noPods;
}

/** See {@link Proof}. */
const noProof: Proof = { state: 'none' };
const wantedProof: Proof = { state: 'wanted', askedPods: 0 };

function proofBy(answer: ProbeVerdict, atMs: number): Proof {
  return isUp(answer) ? { state: 'given', atMs, answer } : { state: 'unreachable', atMs };
}

const noPods: readonly FailingPod[] = [];

/** No session is left behind: who asks next asks another pod. */
function atPod({ address: host, port }: ServingPod): Pick<ProbeTarget, 'at' | 'memory'> {
  return { at: { host, port }, memory: asksOnce };
}

/** What an answer says of the server, without what it says to us. */
function verdictOf(answer: ProbeResult): ProbeVerdict {
  const verdict = { ...answer };
  delete verdict.memory;
  delete verdict.hasClosed;
  delete verdict.listTtlMs;
  return verdict;
}

/** Whether the answer of a pod ends the asking of pods: it speaks MCP, or pods may not be reachable by themselves. */
function isProof(answer: ProbeVerdict): boolean {
  return isUp(answer) || (answer.state === 'failed' && answer.isUnanswered === true);
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
