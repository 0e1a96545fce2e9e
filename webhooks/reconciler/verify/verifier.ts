import type { Verification } from '../../core/plan/observed.ts';
import type { Clock } from '../../platform/clock.ts';
import { backoffDelay, jittered } from '../../platform/kube/backoff.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import type { Probe, ProbeResult } from './probe.ts';
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
  readonly onProbed?: (result: ProbeResult['state'], seconds: number) => void;
}

/** What to ask, and for which state of the spec the answer counts. */
export interface VerificationTarget {
  readonly url: string;
  readonly generation: number;
  /** With an `https` URL: whose certificates count. */
  readonly tls?: TlsTrust | undefined;
}

const retry = { initialMs: 250, maxMs: 60_000 };
/** Between two questions to a server that answered; spread by ±15 % so that servers do not come in step. */
const intervalMs = 60_000;
const maxParallelProbes = 16;
/**
 * Failures in a row before they count (the fourth comes within two seconds of the first): right after a start the
 * Service may not be programmed in every node, and a pod that is replaced may still get a connection.
 */
const failuresBeforeSaid = 4;

/**
 * Asks every available server again and again, for its life. Right after a start the Service is often not programmed
 * yet, so failures are retried within fractions of a second first; a failure is never final, and neither is a success.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #slots: Slots = createSlots(maxParallelProbes);

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
    return watched?.target.generation === generation ? watched.result : { state: 'not-attempted' };
  }

  /**
   * Starts asking, or goes on if the target is the same. `believed` is an earlier answer for this target (from status,
   * after a restart): it stands until the first answer of our own. When only the trust has changed (another CA), or the
   * spec in what does not concern the endpoint, the answer stands too, and the server is asked again at once.
   */
  watch(key: string, target: VerificationTarget, believed?: ProbeResult): void {
    const known = this.#watched.get(key);
    if (known !== undefined && isSameTarget(known.target, target)) return;
    known?.stop.abort();
    const kept = known?.target.url === target.url ? known.result : undefined;
    const watched: Watched = {
      target,
      stop: new AbortController(),
      result: kept ?? believed ?? { state: 'not-attempted' },
    };
    this.#watched.set(key, watched);
    void this.#run(key, watched, known === undefined);
  }

  /** Stops asking and forgets what was answered: the server is gone or not available. */
  forget(key: string): void {
    this.#watched.get(key)?.stop.abort();
    this.#watched.delete(key);
  }

  stop(): void {
    for (const key of [...this.#watched.keys()]) this.forget(key);
  }

  async #run(key: string, watched: Watched, isFirst: boolean): Promise<void> {
    const { clock, log, random, onChange } = this.#options;
    const { signal } = watched.stop;
    let failures = 0;
    // After a restart all believed servers are due at once; the first questions are spread over one interval.
    if (isFirst && watched.result.state === 'verified') await clock.sleep(random() * intervalMs, signal);
    while (!signal.aborted) {
      const result = await this.#probe(watched, signal);
      if (result === undefined) return;
      failures = result.state === 'failed' ? failures + 1 : 0;
      const counts = failures === 0 || failures >= failuresBeforeSaid || watched.result.state === 'failed';
      if (counts && !sameResult(watched.result, result)) {
        log.debug('verification: another answer', { server: key, state: result.state });
        watched.result = result;
        onChange(key);
      }
      await clock.sleep(
        failures > 0 ? backoffDelay(failures, retry, random) : jittered(intervalMs, 0.15, random),
        signal,
      );
    }
  }

  /** Undefined when we were stopped meanwhile: then the answer says nothing. */
  async #probe(watched: Watched, signal: AbortSignal): Promise<ProbeResult | undefined> {
    const { clock, clientVersion, onProbed, probe } = this.#options;
    return this.#slots.run(async () => {
      const startedAt = clock.now().getTime();
      let result: ProbeResult;
      try {
        const { url, tls } = watched.target;
        result = await probe({ url, tls, clientVersion, signal });
      } catch (error) {
        result = { state: 'failed', message: errorText(error) };
      }
      if (signal.aborted) return undefined;
      onProbed?.(result.state, (clock.now().getTime() - startedAt) / 1_000);
      return result;
    });
  }
}

interface Watched {
  readonly target: VerificationTarget;
  readonly stop: AbortController;
  result: Verification;
}

function isSameTarget(a: VerificationTarget, b: VerificationTarget): boolean {
  return a.url === b.url && a.generation === b.generation && tlsTrustKey(a.tls) === tlsTrustKey(b.tls);
}

function sameResult(a: Verification, b: Verification): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
