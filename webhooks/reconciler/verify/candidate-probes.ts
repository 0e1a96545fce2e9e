import type { ProtocolEra } from '../../core/plan/observed.ts';
import { isOurs, onlyAnswers } from '../../core/plan/roll-progress.ts';
import type { Proof } from '../../core/rollout/rollout.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { asksOnce } from '../../platform/mcp/handshake-era.ts';
import type { Probe, ProbeResult, ProbeTarget } from '../../platform/mcp/probe.ts';
import { judgeCandidate, WholeComparison } from './contract-gate.ts';
import type { CandidateGate } from './contract-gate.ts';
import { isUp } from './settle.ts';

/** Between two questions to a candidate that has not answered well, in milliseconds. */
const againMs = 1_000;
/** Until a pod is told of that its Deployment says is ready, in milliseconds. */
const unknownMs = 30_000;

export interface CandidateProbesOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clientVersion: string;
  /** The candidate of this server has answered otherwise than before: look at it. */
  readonly onChange: (key: string) => void;
}

/** One pod, and how it is asked. */
export interface CandidateTarget extends Pick<ProbeTarget, 'url' | 'at' | 'tls' | 'era'> {
  /** Another text for another template, another pod, and one that was started again. */
  readonly id: string;
  /** Of the template: what was learnt of how to ask it counts for its other pods, too. */
  readonly template: string;
  /** What its tools have to be; absent: anything. */
  readonly gate?: CandidateGate | undefined;
}

/**
 * Asks candidates at their own addresses until they have answered well; there are no more of them than rollouts at a time. What
 * was answered is in memory only: whoever leads next asks again, which costs a question and changes nothing.
 */
export class CandidateProbes {
  readonly #options: CandidateProbesOptions;
  readonly #asked = new Map<string, Asked>();
  /** Since when a pod is ready that nobody tells of, on the monotonic clock. */
  readonly #unknown = new Map<string, number>();
  readonly #whole: WholeComparison;
  #isStopped = false;

  constructor(options: CandidateProbesOptions) {
    this.#options = options;
    this.#whole = new WholeComparison(options.probe);
  }

  /** `id` undefined: its pod is not known, though it is ready; for a while that is as good as being asked. */
  proofOf(key: string, id: string | undefined): Proof {
    if (id === undefined) return this.#proofOfUnknown(key);
    this.#unknown.delete(key);
    const asked = this.#asked.get(key);
    if (asked?.target.id !== id) return { state: 'asked' };
    const { proof, badSinceMs } = asked;
    if (proof.state !== 'bad' || badSinceMs === undefined) return proof;
    return { ...proof, forMs: this.#options.clock.monotonicMs() - badSinceMs };
  }

  #proofOfUnknown(key: string): Proof {
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = this.#unknown.get(key) ?? nowMs;
    this.#unknown.set(key, sinceMs);
    if (nowMs - sinceMs < unknownMs) return { state: 'asked' };
    return { state: 'not-asked', message: 'nobody tells of its pod' };
  }

  watch(key: string, target: CandidateTarget): void {
    const before = this.#asked.get(key);
    if (before?.target.id === target.id || this.#isStopped) return;
    this.forget(key);
    const era = before?.target.template === target.template ? before.era : target.era;
    const asked: Asked = { target, era, stop: new AbortController(), proof: { state: 'asked' }, badSinceMs: undefined };
    this.#asked.set(key, asked);
    this.#ask(key, asked).catch((error: unknown) => {
      this.#options.log.error('rollout: unexpected error while a candidate was asked', {
        key,
        error: errorText(error),
      });
    });
  }

  forget(key: string): void {
    this.#asked.get(key)?.stop.abort();
    this.#asked.delete(key);
    this.#unknown.delete(key);
  }

  /** For good: see Verifier. */
  stop(): void {
    this.#isStopped = true;
    for (const key of [...this.#asked.keys()]) this.forget(key);
  }

  async #ask(key: string, asked: Asked): Promise<void> {
    const { clock, clientVersion, onChange, probe } = this.#options;
    const { signal } = asked.stop;
    for (;;) {
      const { url, at, tls, gate } = asked.target;
      const answer = await probe({ url, at, tls, era: asked.era, clientVersion, signal, ...listing(gate) });
      const proof = isUp(answer) ? await this.#proofByTools(asked, answer) : proofFrom(answer);
      if (signal.aborted) return;
      asked.era = answer.era ?? asked.era;
      const isNews = proof.state !== asked.proof.state;
      asked.badSinceMs = proof.state === 'bad' ? (asked.badSinceMs ?? clock.monotonicMs()) : undefined;
      asked.proof = proof;
      if (isNews) onChange(key);
      if (proof.state === 'good' || proof.state === 'held-back') return;
      await clock.sleep(againMs, signal);
    }
  }

  async #proofByTools({ target, stop: { signal } }: Asked, answer: ProbeResult): Promise<Proof> {
    const { gate, url, at, tls } = target;
    if (gate === undefined) return proofFrom(answer);
    const { question, server, serving } = gate;
    const common = { url, tls, clientVersion: this.#options.clientVersion, memory: asksOnce, signal };
    const sides = { candidate: { ...common, at }, serving: serving && { ...common, ...serving } };
    const verdict = await judgeCandidate(server, { question, answer }, (digest) =>
      this.#whole.compare(sides, { digest, ignore: question.demands.ignore }),
    );
    switch (verdict.state) {
      case 'good':
        return proofFrom(answer);
      case 'held-back':
        return verdict;
      case 'bad':
        return { ...verdict, forMs: 0 };
      case 'unclear':
        return { state: 'not-asked', message: verdict.message };
    }
  }
}

/** Its tools are listed, twice where they are not those of what serves; and no session is left behind. */
function listing(gate: CandidateGate | undefined): Partial<ProbeTarget> {
  if (gate === undefined) return {};
  const { serving, demands } = gate.question;
  const knownContract = serving !== undefined && 'digest' in serving ? serving.digest : '';
  return { countsOffers: true, isNoneListed: true, ignore: demands.ignore, knownContract, memory: asksOnce };
}

interface Asked {
  readonly target: CandidateTarget;
  /** In which it is asked next: the question in the other one may have ended it. */
  era: ProtocolEra | undefined;
  readonly stop: AbortController;
  proof: Proof;
  /** On the monotonic clock. */
  badSinceMs: number | undefined;
}

/** No answer at all may be our fault (a mesh, a policy of the author), and so is what we cannot trust. */
function proofFrom(answer: ProbeResult): Proof {
  switch (answer.state) {
    case 'verified':
    case 'auth-required':
      return { state: 'good', ...onlyAnswers(answer) };
    case 'throttled':
      return { state: 'not-asked', message: answer.message };
    case 'failed':
      return isOurs(answer)
        ? { state: 'not-asked', message: answer.message }
        : { state: 'bad', message: answer.message, forMs: 0 };
  }
}
