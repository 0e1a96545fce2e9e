import type { ApiState, ApiStates } from '../../core/engine/installation.ts';
import type { OptionalKind } from '../../core/resources/optional-kind.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { ApiError, KubeApi } from './api.ts';
import { backoffDelay, jittered } from './backoff.ts';
import { listAt, stringAt } from './object.ts';

export interface ApiDiscoveryOptions {
  readonly api: KubeApi;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Logger;
  readonly random: () => number;
  readonly kinds: readonly OptionalKind[];
  /** Those that are switched on; for the kinds of the others nobody asks. */
  readonly features: readonly string[];
  /** An API came or went. Not called for what was known. */
  readonly onChange?: (of: OptionalKind, state: ApiState) => void;
}

/** Between two looks, 10 to 20 s: how long an API may have been there, or gone, unnoticed, in milliseconds. */
const period = { ms: 15_000, share: 1 / 3 };
/** Soonest after a look that the next one is, whoever asks for it, in milliseconds. */
const restMs = 2_000;
/** After an answer that says nothing. */
const retry = { initialMs: restMs, maxMs: 30_000 };

/**
 * Knows which optional APIs the cluster serves, by asking for the list of each of their group versions: there is no watch
 * for that, and CustomResourceDefinitions are no business of ours. An API is absent only where a list came without it, or
 * 404. No answer, or one that is no list, changes nothing.
 */
export class ApiDiscovery {
  readonly #options: ApiDiscoveryOptions;
  readonly #states: Map<string, ApiState>;
  /** By kind, of those that are served. */
  readonly #versions = new Map<string, string>();
  readonly #asked: readonly OptionalKind[];
  #wake: () => void = () => undefined;
  #isWanted = false;
  #hasLooked = false;

  constructor(options: ApiDiscoveryOptions) {
    const { features, kinds } = options;
    const isOn = ({ requirement }: OptionalKind): boolean => features.includes(requirement.feature);
    this.#options = options;
    this.#states = new Map(kinds.map((of) => [of.kind, isOn(of) ? 'unknown' : 'off']));
    this.#asked = kinds.filter(isOn);
  }

  /** By kind; it changes while {@link run} does. */
  get states(): ApiStates {
    return this.#states;
  }

  /** In which version a kind is served; undefined where it is not, or nobody knows. */
  versionOf(kind: string): string | undefined {
    return this.#versions.get(kind);
  }

  /** Whether it has looked once, with whatever answer, or there is nothing to look for. */
  get hasLooked(): boolean {
    return this.#hasLooked || !this.isNeeded;
  }

  /** Whether there is anything to ask for. */
  get isNeeded(): boolean {
    return this.#asked.length > 0;
  }

  /** Something speaks against what is known: look again in a moment. */
  askSoon(): void {
    this.#isWanted = true;
    this.#wake();
  }

  /** One look, for who does not stay; of what could not be told the state stays. */
  async askOnce(signal: AbortSignal): Promise<void> {
    await this.#ask(signal);
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      this.#isWanted = false;
      const error = await this.#ask(signal);
      this.#hasLooked = true;
      failures = error === undefined ? 0 : failures + 1;
      this.#tell(error, failures);
      const waitMs =
        error === undefined ? jittered(period.ms, period.share, random) : backoffDelay(failures, retry, random);
      await this.#wait(waitMs, signal);
    }
  }

  /** What kept it from knowing all of them. */
  async #ask(signal: AbortSignal): Promise<Failure | undefined> {
    let failure: Failure | undefined;
    const asked = new Map<string, ServedNames | Failure>();
    for (const of of this.#asked) {
      const found = await this.#find(of, asked, signal);
      if (typeof found === 'object') failure ??= found;
      else this.#note(of, found);
    }
    return failure;
  }

  /** The first of its versions that has the kind, and somebody who obeys it; each version is asked for once. */
  async #find(
    of: OptionalKind,
    asked: Map<string, ServedNames | Failure>,
    signal: AbortSignal,
  ): Promise<string | Failure | undefined> {
    for (const apiVersion of [of.apiVersion, ...(of.requirement.olderVersions ?? [])]) {
      const names = asked.get(apiVersion) ?? (await this.#list(apiVersion, signal));
      asked.set(apiVersion, names);
      if ('message' in names) return names;
      if (!names.has(of.plural)) continue;
      const evident = await this.#isObeyed(apiVersion, of.requirement.evidence, signal);
      if (typeof evident === 'object') return evident;
      return evident ? apiVersion : undefined;
    }
    return undefined;
  }

  /** A kind that somebody has to obey counts as absent where nobody does; asked for in the version in which the kind is served. */
  async #isObeyed(apiVersion: string, evidence: string | undefined, signal: AbortSignal): Promise<boolean | Failure> {
    if (evidence === undefined) return true;
    const path = `/apis/${apiVersion}/${evidence}`;
    const answer = await this.#options.api.request({ method: 'GET', path, query: { limit: '1' }, signal });
    if (answer.ok) return listAt(answer.body, 'items').length > 0;
    return answer.error.status === 404 ? false : answer.error;
  }

  async #list(apiVersion: string, signal: AbortSignal): Promise<ServedNames | Failure> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = await this.#options.api.request({ method: 'GET', path, signal });
    if (answer.ok && isList(answer.body)) return namesIn(answer.body);
    if (!answer.ok && answer.error.status === 404) return new Set();
    return answer.ok ? { message: `GET ${path}: the answer is no list of resources` } : answer.error;
  }

  /** Another version is another watch, and otherwise the same. */
  #note(of: OptionalKind, version: string | undefined): void {
    const { kind } = of;
    const state = version === undefined ? 'absent' : 'served';
    if (this.#states.get(kind) === state && this.#versions.get(kind) === version) return;
    this.#states.set(kind, state);
    if (version === undefined) this.#versions.delete(kind);
    else this.#versions.set(kind, version);
    this.#options.log.info('an optional API was looked for', { kind, apiVersion: version ?? of.apiVersion, state });
    this.#options.onChange?.(of, state);
  }

  #tell(error: Failure | undefined, failures: number): void {
    // The first one may be chance; a whole outage is told once.
    if (error === undefined || failures !== 2) return;
    const { log } = this.#options;
    log.warn('optional APIs cannot be looked for; what is known of them stays', { error: error.message });
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(Math.min(ms, restMs), signal);
    if (this.#isWanted || signal.aborted) return;
    const waking = new AbortController();
    this.#wake = () => {
      waking.abort();
    };
    await clock.sleep(Math.max(0, ms - restMs), AbortSignal.any([signal, waking.signal]));
    this.#wake = () => undefined;
  }
}

/** Plurals. */
type ServedNames = ReadonlySet<string>;
type Failure = Pick<ApiError, 'message'>;

function isList(body: unknown): boolean {
  return stringAt(body, 'kind') === 'APIResourceList';
}

function namesIn(body: unknown): ServedNames {
  return new Set(listAt(body, 'resources').map((resource) => stringAt(resource, 'name') ?? ''));
}
