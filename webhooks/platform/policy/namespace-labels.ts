import { canonicalJson } from '../../core/engine/canonical-json.ts';
import type { LabelsOf } from '../../core/engine/policy.ts';
import type { Clock } from '../clock.ts';
import type { KubeApi } from '../kube/api.ts';
import { ListWatch } from '../kube/list-watch.ts';
import { keyOf, metaOf, recordAt } from '../kube/object.ts';
import type { Logger } from '../log.ts';

export interface NamespaceLabelsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Of that one they are others now, or known now. */
  readonly onChange: (namespace: string) => void;
}

/** Labels that are kept of all namespaces, in characters; of those beyond it nobody knows them, which makes nothing less strict. */
const maxCharacters = 4 * 1024 * 1024;

/** The labels of every namespace, by a watch of their metadata. */
export class NamespaceLabels {
  readonly watch: ListWatch;
  readonly #byNamespace = new Map<string, Kept>();
  readonly #onChange: (namespace: string) => void;
  #characters = 0;

  constructor({ api, clock, log, random, onChange }: NamespaceLabelsOptions) {
    this.#onChange = onChange;
    this.watch = new ListWatch({
      ...{ api, clock, log, random, kind: 'Namespace', name: 'namespaces', path: '/api/v1/namespaces' },
      metadataOnly: true,
      handlers: {
        onUpsert: (raw) => {
          this.#put(metaOf(raw).name, recordAt(recordAt(raw, 'metadata'), 'labels') ?? {});
        },
        onDelete: (raw) => {
          this.#drop(metaOf(raw).name);
        },
        onReplace: (keys) => {
          for (const name of [...this.#byNamespace.keys()]) {
            if (!keys.has(keyOf({ kind: 'Namespace', namespace: '', name }))) this.#drop(name);
          }
          if (!this.watch.isSynced) for (const name of this.#byNamespace.keys()) this.#onChange(name);
        },
      },
    });
  }

  /** The same object as long as they are the same; undefined where nobody could tell. */
  readonly of: LabelsOf = (namespace) => this.#byNamespace.get(namespace)?.labels;

  /** Whether they were listed, or may not be. */
  get isKnown(): boolean {
    return this.watch.isSynced || this.watch.isForbidden;
  }

  #put(namespace: string, found: Readonly<Record<string, unknown>>): void {
    const text = canonicalJson(found);
    const before = this.#byNamespace.get(namespace);
    if (before?.text === text) return;
    if (before !== undefined) this.#drop(namespace);
    if (this.#characters + text.length <= maxCharacters) {
      this.#characters += text.length;
      const labels = Object.fromEntries(Object.entries(found).map(([key, value]) => [key, String(value)]));
      this.#byNamespace.set(namespace, { text, labels });
    }
    if (this.watch.isSynced) this.#onChange(namespace);
  }

  #drop(namespace: string): void {
    this.#characters -= this.#byNamespace.get(namespace)?.text.length ?? 0;
    this.#byNamespace.delete(namespace);
  }
}

interface Kept {
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
}
