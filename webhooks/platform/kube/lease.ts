import type { Clock } from '../clock.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { countAbruptEnds, pauseAfter, withAbruptEnds } from './abrupt-ends.ts';
import { objectPath } from './api.ts';
import type { ApiError, ApiResult, KubeApi } from './api.ts';
import { jittered } from './backoff.ts';
import { isRecord, numberAt, recordAt, stringAt } from './object.ts';

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** Unique for each start of the process: a restarted container must not believe that it still leads. */
  readonly identity: string;
  /** Told at every look how long we still wait because leaders ended one after another, in milliseconds; mostly 0. */
  readonly onPause?: (remainingMs: number) => void;
}

/** Others take over this long after our last renewal. */
const leaseDurationMs = 15_000;
/** We stop ourselves when no renewal succeeded for this long: before the others may start. */
const renewDeadlineMs = 10_000;
/** Between two renewals. */
const renewMs = 5_000;
/** Between two looks of a replica that waits: how long nobody leads after the leader gave the Lease back. */
const attemptMs = 2_000;
const requestTimeoutMs = 4_000;

/** One time of leading. */
export interface Term {
  /** Aborts when leadership is lost or we stop. */
  readonly signal: AbortSignal;
  /** Whether the last renewal is recent enough that nobody else can lead; asked before each write (fence.ts). */
  readonly isCurrent: () => boolean;
}

/** Why an attempt to take or keep the Lease did not succeed. */
type Attempt =
  | { readonly result: 'held' }
  | { readonly result: 'other'; readonly holder: string; readonly pauseMs: number }
  | { readonly result: 'failed'; readonly error: ApiError };

/**
 * Elects one leader among the replicas on a coordination.k8s.io Lease, by the rules of client-go: whether another
 * holder is alive is judged by our own clock from when we saw its record change, so clocks need not agree.
 */
export class LeaderElector {
  readonly #options: LeaseOptions;
  #isLeading = false;
  #renewedAt = 0;
  #seen: { readonly record: string; readonly at: number } | undefined;
  #isPausing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /**
   * Runs `lead` whenever this replica leads, until the signal aborts. Nobody else is let in before `lead` has returned, as long as that is quicker than
   * the Lease runs out. On exit the Lease is given back, so that another replica need not wait. Leaders that end
   * without giving it back one after another are followed later and later (abrupt-ends.ts).
   */
  async run(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.now().getTime();
      const attempt = await this.#attempt(signal);
      this.#tellPause(attempt.result === 'other' ? attempt.pauseMs : 0);
      if (attempt.result === 'held') await this.#lead(lead, startedAt, signal);
      else if (attempt.result === 'failed' && attempt.error.reason !== 'Aborted') {
        log.warn('leader election: the lease could not be taken', { error: attempt.error.message });
      }
      await clock.sleep(jittered(attemptMs, 0.2, random), signal);
    }
  }

  #tellPause(remainingMs: number): void {
    const { log, onPause } = this.#options;
    onPause?.(remainingMs);
    if (remainingMs > 0 && !this.#isPausing) {
      const seconds = Math.ceil(remainingMs / 1_000);
      log.warn('leader election: leaders ended one after another: waiting before the next one leads', { seconds });
    }
    this.#isPausing = remainingMs > 0;
  }

  async #lead(lead: (term: Term) => Promise<void>, since: number, signal: AbortSignal): Promise<void> {
    const { clock, log, identity } = this.#options;
    const term = new AbortController();
    const stop = (): void => {
      term.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#isLeading = true;
    this.#renewedAt = since;
    log.info('leader election: leading', { identity });
    const isCurrent = (): boolean => !term.signal.aborted && clock.now().getTime() - this.#renewedAt < renewDeadlineMs;
    const work = lead({ signal: term.signal, isCurrent })
      .catch((error: unknown) => {
        log.error('leader election: the work stopped with an unexpected error', { error: errorText(error) });
      })
      .finally(stop);
    await this.#keep(term.signal);
    stop();
    await work;
    this.#isLeading = false;
    signal.removeEventListener('abort', stop);
    await this.#release();
    log.info('leader election: no longer leading', { identity });
  }

  /** Renews until the Lease is lost or the term ends. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    for (;;) {
      await clock.sleep(jittered(renewMs, 0.2, random), signal);
      if (signal.aborted) return;
      const startedAt = clock.now().getTime();
      const attempt = await this.#attempt(signal, this.#renewedAt + renewDeadlineMs - startedAt);
      if (attempt.result === 'held') this.#renewedAt = startedAt;
      else if (attempt.result === 'other') {
        log.warn('leader election: another replica took the lease', { holder: attempt.holder });
        return;
      } else if (clock.now().getTime() - this.#renewedAt >= renewDeadlineMs) {
        log.warn('leader election: the lease could not be renewed in time', { error: attempt.error.message });
        return;
      }
    }
  }

  async #attempt(signal: AbortSignal, remainingMs = requestTimeoutMs): Promise<Attempt> {
    const { api, identity, namespace, name } = this.#options;
    const timeoutMs = Math.max(1, Math.min(requestTimeoutMs, remainingMs));
    const read = await api.request({ method: 'GET', path: this.#path(name), timeoutMs, signal });
    if (!read.ok) {
      if (read.error.status !== 404) return { result: 'failed', error: read.error };
      const body = { apiVersion, kind: 'Lease', metadata: { namespace, name }, spec: this.#spec(undefined) };
      return held(await api.request({ method: 'POST', path: this.#path(), body, timeoutMs, signal }));
    }
    const spec = recordAt(read.body, 'spec');
    const isOurs = stringAt(spec, 'holderIdentity') === identity;
    const other = isOurs ? undefined : this.#findOther(read.body);
    if (other !== undefined) return other;
    const lease = isOurs ? read.body : withAbruptEnds(read.body, countAbruptEnds(read.body, identity));
    return this.#write(lease, this.#spec(spec), { timeoutMs, signal });
  }

  /** Who leads, or whose end is too near; undefined when we may lead. */
  #findOther(lease: unknown): Attempt | undefined {
    const { clock, identity } = this.#options;
    const spec = recordAt(lease, 'spec');
    const record = JSON.stringify(spec ?? {});
    const now = clock.now().getTime();
    if (this.#seen?.record !== record) this.#seen = { record, at: now };
    const holder = stringAt(spec, 'holderIdentity') ?? '';
    if (holder === '') return undefined;
    const durationMs = (numberAt(spec, 'leaseDurationSeconds') ?? leaseDurationMs / 1_000) * 1_000;
    const runsOutAt = this.#seen.at + durationMs;
    if (now < runsOutAt) return { result: 'other', holder, pauseMs: 0 };
    const pauseMs = runsOutAt + pauseAfter(countAbruptEnds(lease, identity)) - now;
    return pauseMs > 0 ? { result: 'other', holder, pauseMs } : undefined;
  }

  /** A PUT with the resourceVersion that was read: of two replicas that saw the same Lease, one gets a 409. */
  async #write(
    lease: unknown,
    spec: Readonly<Record<string, unknown>>,
    limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Attempt> {
    const body = { ...(isRecord(lease) ? lease : {}), spec };
    const path = this.#path(this.#options.name);
    return held(await this.#options.api.request({ method: 'PUT', path, body, ...limits }));
  }

  #spec(old: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
    const { clock, identity } = this.#options;
    const now = microTime(clock.now());
    const isOurs = stringAt(old, 'holderIdentity') === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseDurationMs / 1_000,
      acquireTime: isOurs ? (stringAt(old, 'acquireTime') ?? now) : now,
      renewTime: now,
      leaseTransitions: (numberAt(old, 'leaseTransitions') ?? 0) + (isOurs ? 0 : 1),
    };
  }

  /** Best effort: whoever fails here only makes the next leader wait for the Lease to run out. */
  async #release(): Promise<void> {
    const { api, identity, name } = this.#options;
    const read = await api.request({ method: 'GET', path: this.#path(name), timeoutMs: requestTimeoutMs });
    if (!read.ok) return;
    const spec = recordAt(read.body, 'spec') ?? {};
    if (stringAt(spec, 'holderIdentity') !== identity) return;
    const released = { ...spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await this.#write(read.body, released, { timeoutMs: requestTimeoutMs });
  }

  #path(name?: string): string {
    const { namespace } = this.#options;
    return objectPath({ apiVersion, plural: 'leases', namespace, ...(name === undefined ? {} : { name }) });
  }
}

const apiVersion = 'coordination.k8s.io/v1';

function held(result: ApiResult): Attempt {
  return result.ok ? { result: 'held' } : { result: 'failed', error: result.error };
}

/** Kubernetes' MicroTime: RFC 3339 with exactly six digits after the point. */
export function microTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '000Z');
}
