import type { LabelsOf, Policy } from '../../core/engine/policy.ts';
import { printable, shortenEnd } from '../../core/engine/text.ts';
import { Agenda } from '../agenda.ts';
import type { Clock } from '../clock.ts';
import { digest } from '../digest.ts';
import type { KubeApi } from '../kube/api.ts';
import { ListWatch } from '../kube/list-watch.ts';
import { keyOf, metaOf, recordAt, stringAt } from '../kube/object.ts';
import { selectByName } from '../kube/read-object.ts';
import { errorText } from '../log.ts';
import type { Logger } from '../log.ts';
import { NamespaceLabels } from './namespace-labels.ts';
import type { PolicyChange, PolicyInForce, PolicyReads, RunningPolicySource } from './policy-source.ts';

/** What a text is, read as a policy. */
export type PolicyReading =
  | {
      readonly ok: true;
      readonly policy: Policy;
      /** Parts without effect, a clause each. */
      readonly ignored: readonly string[];
    }
  /** Why it is none, in a clause. */
  | { readonly ok: false; readonly problem: string };

export interface FollowedPolicyOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly namespace: string;
  readonly configMap: string;
  readonly key: string;
  /** Whether labels of namespaces may be read: it may name some. */
  readonly readsNamespaces: boolean;
  /** Must not throw for what is written there, and take no more memory than there is: a ConfigMap has at most 1 MiB. */
  readonly read: (text: string) => PolicyReading;
  /** What judges until one could be read. */
  readonly fallback: Policy;
}

/** Longest that the first read is waited for, in milliseconds: an API server that gives no answer for so long asks us nothing. */
const firstReadMs = 30_000;
/** How often we look whether it is there, or refused, in milliseconds. */
const pollMs = 50;
/** Longest rest before the time is looked at again, in milliseconds: the wall clock may be set meanwhile. */
const lookAgainMs = 10 * 60_000;
/** Soonest that the time is looked at, in milliseconds: whatever a policy says of its end, it is no loop without rest. */
const soonestMs = 1_000;
/** Longest description of a problem, in characters. */
const maxProblemLength = 500;
/** Most parts without effect that are named in one line of the log. */
const maxToldParts = 10;
const nextChangeKey = 'next change';

/**
 * The policy in one key of one ConfigMap in our own namespace, taken over as soon as a watch tells of it. What cannot be
 * used changes nothing but what is told about it.
 */
export class FollowedPolicy implements RunningPolicySource {
  readonly watches: readonly ListWatch[];
  readonly labelsOf?: LabelsOf;
  readonly #watch: ListWatch;
  readonly #labels: NamespaceLabels | undefined;
  readonly #options: FollowedPolicyOptions;
  readonly #listeners = new Set<(change: PolicyChange) => void>();
  readonly #agenda: Agenda;
  readonly #reads = { taken: 0, refused: 0 };
  #current: PolicyInForce;
  #isSettled = false;
  /** Labels of namespaces are not waited for any longer: unknown ones are a fact as well. */
  #isLate = false;
  /** Version of the ConfigMap that was looked at last: lists repeat what is known. */
  #seenVersion = '';
  #uid = '';
  /** Of the text in force. */
  #digest: string | undefined;
  #changesAtMs = Infinity;

  constructor(options: FollowedPolicyOptions) {
    const { api, clock, log, random, namespace, configMap } = options;
    this.#options = options;
    const from = { namespace, name: configMap, uid: '' };
    this.#current = { policy: options.fallback, origin: 'fallback', from, ignored: [], revision: 0 };
    this.#agenda = new Agenda({
      clock,
      onDue: () => {
        this.#lookAtTime();
      },
    });
    const object = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespace, name: configMap };
    const isIt = (raw: unknown): boolean => metaOf(raw).name === configMap;
    this.#watch = new ListWatch({
      ...{ api, clock, log, random, kind: object.kind, name: 'policy', ...selectByName(object) },
      handlers: {
        onUpsert: (raw) => {
          if (isIt(raw)) this.#take(raw);
        },
        onDelete: (raw) => {
          if (isIt(raw)) this.#miss();
        },
        onReplace: (keys) => {
          if (!keys.has(keyOf(object))) this.#miss();
        },
        onRewritten: () => {
          this.#seenVersion = '';
        },
      },
    });
    this.#labels = options.readsNamespaces
      ? new NamespaceLabels({
          api,
          clock,
          log,
          random,
          onChange: (namespace) => {
            // Before that nobody has judged. The first list may come later: when nobody waited any longer, or it was forbidden.
            if (this.isSettled) this.#tell({ namespace });
          },
        })
      : undefined;
    if (this.#labels !== undefined) this.labelsOf = this.#labels.of;
    this.watches = [this.#watch, ...(this.#labels === undefined ? [] : [this.#labels.watch])];
  }

  current(): PolicyInForce {
    return this.#current;
  }

  get isSettled(): boolean {
    return this.#isSettled && (this.#isLate || this.#labels?.isKnown !== false);
  }

  get reads(): PolicyReads {
    return this.#reads;
  }

  onChange(listener: (change: PolicyChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.watches.map((watch) => watch.run(signal)), this.#settleInTime(signal)]);
    this.#agenda.clear();
  }

  get #name(): string {
    const { namespace, configMap } = this.#options;
    return `ConfigMap ${namespace}/${configMap}`;
  }

  /** One that may not be read, or of which no answer comes, is not waited for without end. */
  async #settleInTime(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const byMs = clock.monotonicMs() + firstReadMs;
    while (!signal.aborted && !this.isSettled) {
      const isLate = clock.monotonicMs() >= byMs;
      if (!this.#isSettled && this.#watch.isForbidden) this.#refuse('may not be read: helm upgrade gives the right to');
      else if (!this.#isSettled && isLate) this.#refuse(`could not be read within ${firstReadMs / 1_000} seconds`);
      this.#isLate = isLate;
      await clock.sleep(pollMs, signal);
    }
  }

  #take(raw: unknown): void {
    const { resourceVersion, uid } = metaOf(raw);
    if (resourceVersion !== '' && resourceVersion === this.#seenVersion) return;
    this.#seenVersion = resourceVersion;
    this.#uid = uid;
    const { key } = this.#options;
    const data = recordAt(raw, 'data');
    const text = stringAt(data, key);
    if (text === undefined) {
      const keys = Object.keys(data ?? {});
      this.#refuse(`has no key ${key}, found ${keys.length === 0 ? 'none' : keys.slice(0, 5).join(', ')}`);
      return;
    }
    this.#takeText(text);
  }

  #takeText(text: string): void {
    const { key } = this.#options;
    const digestOfText = digest(text);
    // What is in force already is back after something that could not be used.
    if (digestOfText === this.#digest) {
      const { policy, ignored, revision } = this.#current;
      this.#settle({ policy, origin: 'configured', ignored, revision });
      return;
    }
    const reading = this.#read(text);
    if (!reading.ok) {
      this.#refuse(`has no usable policy under ${key}: ${reading.problem}`);
      return;
    }
    this.#digest = digestOfText;
    this.#reads.taken += 1;
    const { policy, ignored } = reading;
    const revision = this.#current.revision + 1;
    this.#options.log.info('a policy is in force', { configMap: this.#name, digest: digestOfText, revision });
    if (ignored.length > 0) {
      const parts = ignored.slice(0, maxToldParts).join('; ');
      this.#options.log.warn('parts of the policy have no effect', { count: ignored.length, parts });
    }
    this.#settle({ policy, origin: 'configured', ignored, revision });
    this.#planChange();
  }

  /** A bug in reading must not be what ends the watch of it. */
  #read(text: string): PolicyReading {
    try {
      return this.#options.read(text);
    } catch (error) {
      this.#options.log.error('reading a policy failed', { error: errorText(error) });
      return { ok: false, problem: 'reading it failed, which is a bug of mcp-lifecycle: the log has it' };
    }
  }

  #miss(): void {
    this.#seenVersion = '';
    this.#refuse('does not exist');
  }

  #refuse(what: string): void {
    const problem = shortenEnd(printable(`${this.#name} ${what}`), maxProblemLength);
    if (this.#isSettled && this.#current.problem === problem) return;
    this.#reads.refused += 1;
    const origin = this.#digest === undefined ? 'fallback' : 'last-good';
    const judges = origin === 'fallback' ? 'the built-in profile restricted' : 'the last one that could be used';
    this.#options.log.warn('the policy cannot be used', { problem, judges });
    this.#settle({ ...this.#current, origin, problem });
  }

  #settle(said: PolicyInForce): void {
    const { namespace, configMap: name } = this.#options;
    const { origin, problem, revision } = this.#current;
    const next = { ...said, from: { namespace, name, uid: this.#uid } };
    const isSame = origin === next.origin && problem === next.problem && revision === next.revision;
    this.#isSettled = true;
    if (isSame) return;
    this.#current = next;
    this.#tell({});
  }

  #tell(change: PolicyChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #lookAtTime(): void {
    if (this.#options.clock.now().getTime() >= this.#changesAtMs) {
      this.#options.log.info('something in the policy has ended', { configMap: this.#name });
      this.#settle({ ...this.#current, revision: this.#current.revision + 1 });
    }
    this.#planChange();
  }

  /** One timer, for the next of all that end. */
  #planChange(): void {
    const now = this.#options.clock.now();
    const next = Date.parse(this.#current.policy.nextChange?.({ now: now.toISOString() }) ?? '');
    this.#changesAtMs = Number.isNaN(next) ? Infinity : next;
    const afterMs = Math.max(this.#changesAtMs - now.getTime(), soonestMs);
    if (this.#changesAtMs === Infinity) this.#agenda.delete(nextChangeKey);
    else this.#agenda.set(nextChangeKey, Math.min(afterMs, lookAgainMs));
  }
}
