import { FIELD_MANAGER } from '../../core/mcpserver/names.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { objectPath } from './api.ts';
import { applyObject } from './apply.ts';
import type { ApiError, ApiResult, KubeApi } from './api.ts';
import { jittered } from './backoff.ts';
import { isRecord, numberAt, recordAt, stringAt } from './object.ts';
import { isRestarting, longestRestartMs } from './restarting-holder.ts';

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** `<pod>_<start>`, unique for each start of the process: a restarted container must not believe that it still leads. */
  readonly identity: string;
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
/**
 * How long the Lease has to be missing until we create it. The chart has one, which Helm creates after the Deployment, and
 * refuses to when it is there already; Argo CD leaves Leases out of what it syncs, unless it is told otherwise.
 */
const missingMs = 20_000;

/** One time of leading. */
export interface Term {
  /** Aborts when leadership is lost or we stop. */
  readonly signal: AbortSignal;
  /** Whether the last renewal is recent enough that nobody else can lead; asked before each write (fence.ts). */
  readonly isCurrent: () => boolean;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How an attempt to take or keep the Lease ended. */
type Attempt =
  | { readonly result: 'held' }
  | { readonly result: 'other'; readonly holder: string }
  | { readonly result: 'failed'; readonly error: ApiError };

/**
 * Elects one leader among the replicas on a coordination.k8s.io Lease, by the rules of client-go: whether another
 * holder is alive is judged by our own clock from when we saw its record change, so clocks need not agree. That clock is
 * the monotonic one: who sets the wall clock forward must not make a second leader beside one that is alive.
 */
export class LeaderElector {
  readonly #options: LeaseOptions;
  #isLeading = false;
  #renewedAt: Moment = { monotonicMs: -Infinity, wallMs: -Infinity };
  #seen: { readonly record: string; readonly at: number } | undefined;
  /** Since when there has been no Lease, on the monotonic clock. */
  #missingSince: number | undefined;
  /** The holder of whom the log says that we wait for it. */
  #toldOf: string | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /**
   * Runs `lead` whenever this replica leads, until the signal aborts. Nobody else is let in before `lead` has returned,
   * as long as that is quicker than the Lease runs out. On exit the Lease is given back, so that another replica need
   * not wait.
   */
  async run(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    while (!signal.aborted) {
      const startedAt = momentOf(clock);
      const attempt = await this.#attempt(signal);
      if (attempt.result === 'held') await this.#lead(lead, startedAt, signal);
      else if (attempt.result === 'failed' && attempt.error.reason !== 'Aborted') {
        log.warn('leader election: the lease could not be taken', { error: attempt.error.message });
      }
      await clock.sleep(jittered(attemptMs, 0.2, random), signal);
    }
  }

  async #lead(lead: (term: Term) => Promise<void>, since: Moment, signal: AbortSignal): Promise<void> {
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
    const isCurrent = (): boolean => !term.signal.aborted && longestSince(this.#renewedAt, clock) < renewDeadlineMs;
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
      const startedAt = momentOf(clock);
      const attempt = await this.#attempt(signal, this.#deadline() - startedAt.monotonicMs);
      if (attempt.result === 'held') this.#renewedAt = startedAt;
      else if (attempt.result === 'other') {
        log.warn('leader election: another replica took the lease', { holder: attempt.holder });
        return;
      } else if (clock.monotonicMs() >= this.#deadline()) {
        log.warn('leader election: the lease could not be renewed in time', { error: attempt.error.message });
        return;
      }
    }
  }

  /** Of the next renewal, on the monotonic clock. */
  #deadline(): number {
    return this.#renewedAt.monotonicMs + renewDeadlineMs;
  }

  async #attempt(signal: AbortSignal, remainingMs = requestTimeoutMs): Promise<Attempt> {
    const { api, identity } = this.#options;
    const timeoutMs = Math.max(1, Math.min(requestTimeoutMs, remainingMs));
    const read = await api.request({ method: 'GET', path: this.#path(), timeoutMs, signal });
    if (!read.ok) {
      if (read.error.status === 404) await this.#createIfMissing(signal);
      return { result: 'failed', error: read.error };
    }
    this.#missingSince = undefined;
    const spec = recordAt(read.body, 'spec');
    const holder = stringAt(spec, 'holderIdentity') ?? '';
    const limits = { timeoutMs, signal };
    if (holder !== '' && holder !== identity && (await this.#isAwaited(holder, spec, limits)))
      return { result: 'other', holder };
    return this.#write(read.body, this.#spec(spec), limits);
  }

  /**
   * An empty one, as that of the chart; it is taken at the next look. By an apply, because the right to create by one can be
   * limited to a name.
   */
  async #createIfMissing(signal: AbortSignal): Promise<void> {
    const { api, clock, log, namespace, name } = this.#options;
    this.#missingSince ??= clock.monotonicMs();
    if (clock.monotonicMs() - this.#missingSince < missingMs) return;
    const object = { apiVersion, kind: 'Lease', metadata: { namespace, name } };
    const created = await applyObject(api, {
      ...{ object, plural: 'leases', fieldManager: FIELD_MANAGER, expected: 'nothing', signal },
    });
    if (created.ok) log.info('leader election: created the lease, which was missing', { name });
    else log.warn('leader election: the lease is missing and could not be created', { error: created.error.message });
  }

  /**
   * Whether to leave the Lease to its holder for now: it has not run out, or its pod is not ready again after a crash. If
   * leading itself makes processes crash, following at once would take every pod out of the webhooks' endpoints
   * (docs/decisions/0008-two-containers-one-pod.md).
   */
  async #isAwaited(holder: string, spec: unknown, limits: Limits): Promise<boolean> {
    const { api, clock, log, namespace } = this.#options;
    const record = JSON.stringify(spec ?? {});
    const now = clock.monotonicMs();
    if (this.#seen?.record !== record) this.#seen = { record, at: now };
    const duration = (numberAt(spec, 'leaseDurationSeconds') ?? leaseDurationMs / 1_000) * 1_000;
    const ranOutAt = this.#seen.at + duration;
    if (now < ranOutAt) return true;
    if (now >= ranOutAt + longestRestartMs) return false;
    if (!(await isRestarting(holder, { api, namespace, ...limits }))) return false;
    if (this.#toldOf !== holder) {
      log.warn('leader election: the last leader crashed: waiting until its pod is ready again', { holder });
    }
    this.#toldOf = holder;
    return true;
  }

  /** A PUT with the resourceVersion that was read: of two replicas that saw the same Lease, one gets a 409. */
  async #write(lease: unknown, spec: Readonly<Record<string, unknown>>, limits: Limits): Promise<Attempt> {
    const body = { ...(isRecord(lease) ? lease : {}), spec };
    const path = this.#path();
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
    const { api, identity } = this.#options;
    const read = await api.request({ method: 'GET', path: this.#path(), timeoutMs: requestTimeoutMs });
    if (!read.ok) return;
    const spec = recordAt(read.body, 'spec') ?? {};
    if (stringAt(spec, 'holderIdentity') !== identity) return;
    const released = { ...spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await this.#write(read.body, released, { timeoutMs: requestTimeoutMs });
  }

  #path(): string {
    const { namespace, name } = this.#options;
    return objectPath({ apiVersion, plural: 'leases', namespace, name });
  }
}

/** When something was, by both clocks. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: wallMsOf(clock) };
}

/**
 * How long ago that was at the most, in milliseconds: the wall clock may have been set back, and the monotonic one may have
 * stood still while the machine slept.
 */
function longestSince({ monotonicMs, wallMs }: Moment, clock: Clock): number {
  return Math.max(clock.monotonicMs() - monotonicMs, wallMsOf(clock) - wallMs);
}

function wallMsOf(clock: Clock): number {
  // eslint-disable-next-line no-restricted-syntax -- beside the monotonic clock, and only to stop sooner
  return clock.now().getTime();
}

const apiVersion = 'coordination.k8s.io/v1';

function held(result: ApiResult): Attempt {
  return result.ok ? { result: 'held' } : { result: 'failed', error: result.error };
}

/** Kubernetes' MicroTime: RFC 3339 with exactly six digits after the point. */
export function microTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '000Z');
}
