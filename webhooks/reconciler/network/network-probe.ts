import { timestamp } from '../../platform/clock.ts';
import { objectPath } from '../../platform/kube/api.ts';
import type { ApiResult } from '../../platform/kube/api.ts';
import { jittered } from '../../platform/kube/backoff.ts';
import { errorText } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { reaches } from '../../platform/network-target.ts';
import type { Reaches } from '../../platform/network-target.ts';
import { networkVerdictData, networkVerdictIn } from '../../platform/network-verdict.ts';
import type { NetworkOutcome, NetworkVerdict } from '../../platform/network-verdict.ts';
import { askNetwork, removeProbe } from './ask-network.ts';
import type { Asked, Asking } from './ask-network.ts';

export interface NetworkProbeOptions extends Omit<Asking, 'signal' | 'reaches'> {
  readonly log: Logger;
  readonly random: () => number;
  /** Version of this program: another one asks anew. */
  readonly release: string;
  readonly reaches?: Reaches | undefined;
  /** What servers are told is another thing from now on. */
  readonly onChange: () => void;
}

/** Until it is asked again, in milliseconds: a network is seldom replaced, and what keeps our pod out may be gone soon. */
const periodMs = { known: 24 * 3_600_000, unknown: 3_600_000, afterFailure: 300_000 };
const jitter = 0.2;

/** For how long what is kept is asked for before it counts as not known, in milliseconds. */
const firstRead = { ms: 30_000, pauseMs: 1_000 };

/**
 * Finds out whether anything enforces NetworkPolicies: once for each release and each day, by whoever leads. The ConfigMap keeps it
 * for the next leader; the chart makes it, so that what is created for an attempt has an owner that goes with the value.
 */
export class NetworkProbe {
  readonly #options: Asking & NetworkProbeOptions;
  #verdict: NetworkVerdict | undefined;
  #isSettled = false;

  constructor(options: NetworkProbeOptions) {
    const { reaches: given = reaches } = options;
    this.#options = { ...options, reaches: given, signal: new AbortController().signal };
  }

  /** Whether what was known is read, or cannot be. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Undefined: nobody has asked yet. */
  get outcome(): NetworkOutcome | undefined {
    return this.#verdict?.outcome;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const read = await this.#readKept(signal);
    this.#verdict = read.ok ? networkVerdictIn(read.body) : undefined;
    this.#isSettled = true;
    await removeProbe(this.#options);
    let pauseMs = this.#untilDueMs();
    for (;;) {
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) return;
      try {
        pauseMs = await this.#ask(signal);
      } catch (error) {
        log.error('network probe: failed, and tries again', { error: errorText(error) });
        pauseMs = this.#spread(periodMs.afterFailure);
      }
    }
  }

  /** Answers with the time until the next one, in milliseconds. */
  async #ask(signal: AbortSignal): Promise<number> {
    const { log } = this.#options;
    const configMap = await this.#read();
    if (!configMap.ok) {
      log.warn('network probe: its ConfigMap cannot be read', { error: configMap.error.message });
      return this.#spread(periodMs.afterFailure);
    }
    const asked = await askNetwork({ ...this.#options, signal }, configMap.body);
    if (signal.aborted) return 0;
    const { outcome, because = '' } = asked;
    log.info('network probe: asked whether NetworkPolicies are enforced', { outcome, why: because });
    const isKnown = this.outcome !== undefined && this.outcome !== 'Unknown';
    if (asked.isPassing === true && isKnown) return this.#spread(periodMs.afterFailure);
    await this.#keep(asked);
    return asked.isPassing === true ? this.#spread(periodMs.afterFailure) : this.#spread(this.#periodMs());
  }

  async #keep({ outcome, because }: Asked): Promise<void> {
    const { api, clock, log, release, onChange } = this.#options;
    const before = this.#verdict;
    const verdict = {
      outcome,
      askedAt: timestamp(clock.now()),
      release,
      ...(because === undefined ? {} : { because }),
    };
    this.#verdict = verdict;
    if (before?.outcome !== outcome) onChange();
    // When that was asked last is worth no write.
    if (outcome === 'Unknown' && saysTheSame(before, verdict)) return;
    const written = await api.request({
      ...{ method: 'PATCH', path: this.#path(), contentType: 'application/merge-patch+json' },
      body: { data: networkVerdictData(verdict) },
    });
    if (!written.ok) log.warn('network probe: its ConfigMap cannot be written', { error: written.error.message });
  }

  /** While the API server fails, servers would be told another thing, and then the same again. But they do not wait for long. */
  async #readKept(signal: AbortSignal): Promise<ApiResult> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + firstRead.ms;
    for (;;) {
      const read = await this.#read();
      if (read.ok || !read.error.retry || signal.aborted || clock.monotonicMs() >= endMs) return read;
      await clock.sleep(firstRead.pauseMs, signal);
    }
  }

  #read(): Promise<ApiResult> {
    return this.#options.api.request({ method: 'GET', path: this.#path() });
  }

  #path(): string {
    const { namespace, name } = this.#options;
    return objectPath({ apiVersion: 'v1', plural: 'configmaps', namespace, name });
  }

  #untilDueMs(): number {
    const { clock, release } = this.#options;
    if (this.#verdict?.release !== release) return 0;
    // eslint-disable-next-line no-restricted-syntax -- of another process, whose monotonic clock nobody has
    const ageMs = clock.now().getTime() - Date.parse(this.#verdict.askedAt);
    // By a clock that is ahead it would never be due.
    return ageMs < 0 ? 0 : Math.max(0, this.#spread(this.#periodMs()) - ageMs);
  }

  #periodMs(): number {
    return this.outcome === 'Unknown' ? periodMs.unknown : periodMs.known;
  }

  #spread(ms: number): number {
    return jittered(ms, jitter, this.#options.random);
  }
}

function saysTheSame(one: NetworkVerdict | undefined, { because, release, outcome }: NetworkVerdict): boolean {
  return one?.outcome === outcome && one.because === because && one.release === release;
}
