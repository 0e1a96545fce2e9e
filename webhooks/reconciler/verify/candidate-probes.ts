import type { ProtocolEra } from '../../core/plan/observed.ts';
import type { Proof } from '../../core/rollout/rollout.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import type { Probe, ProbeResult, ProbeTarget } from '../../platform/mcp/probe.ts';

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

  constructor(options: CandidateProbesOptions) {
    this.#options = options;
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
    if (before?.target.id === target.id) return;
    this.forget(key);
    const era = before?.target.template === target.template ? before.era : target.era;
    const asked: Asked = { target, era, stop: new AbortController(), proof: { state: 'asked' }, badSinceMs: undefined };
    this.#asked.set(key, asked);
    this.#ask(key, asked).catch((error: unknown) => {
      this.#options.log.error('rollout: unexpected error while a candidate was asked', {
        server: key,
        error: errorText(error),
      });
    });
  }

  forget(key: string): void {
    this.#asked.get(key)?.stop.abort();
    this.#asked.delete(key);
    this.#unknown.delete(key);
  }

  stop(): void {
    for (const key of [...this.#asked.keys()]) this.forget(key);
  }

  async #ask(key: string, asked: Asked): Promise<void> {
    const { clock, clientVersion, onChange, probe } = this.#options;
    const { signal } = asked.stop;
    for (;;) {
      const { url, at, tls } = asked.target;
      const answer = await probe({ url, at, tls, era: asked.era, clientVersion, signal });
      if (signal.aborted) return;
      asked.era = answer.era ?? asked.era;
      const proof = proofFrom(answer);
      const isNews = proof.state !== asked.proof.state;
      asked.badSinceMs = proof.state === 'bad' ? (asked.badSinceMs ?? clock.monotonicMs()) : undefined;
      asked.proof = proof;
      if (isNews) onChange(key);
      if (proof.state === 'good') return;
      await clock.sleep(againMs, signal);
    }
  }
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
      return { state: 'good' };
    case 'throttled':
      return { state: 'not-asked', message: answer.message };
    case 'failed': {
      const isOurs = answer.isUnanswered === true || answer.isTlsConfiguration === true;
      return isOurs
        ? { state: 'not-asked', message: answer.message }
        : { state: 'bad', message: answer.message, forMs: 0 };
    }
  }
}
