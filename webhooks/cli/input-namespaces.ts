import type { LabelsOf } from '../core/engine/policy.ts';
import { ownValue } from '../core/mcpserver/record.ts';
import { recordAt } from '../platform/kube/object.ts';
import { identityOf } from './identity.ts';

/** What every API server writes into a namespace: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const nameLabel = 'kubernetes.io/metadata.name';

/**
 * The labels of the Namespaces of the input, for policies that choose namespaces by them; of others nobody can tell. A
 * manifest says which labels it gives, not which ones the namespace has: others are added and changed in the cluster. Of a
 * Namespace that is there twice (a base and its overlays) only what all of them say is known.
 */
export class InputNamespaces {
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();

  /** Remembers a Namespace; whatever else it is given it passes by. */
  add(value: unknown): void {
    const { apiVersion, kind, name } = identityOf(value, '');
    if (apiVersion !== 'v1' || kind !== 'Namespace' || name === '') return;
    const before = this.#labels.get(name);
    const labels = Object.entries(labelsIn(value)).filter(
      ([key, label]) => before === undefined || ownValue(before, key) === label,
    );
    this.#labels.set(name, { ...Object.fromEntries(labels), [nameLabel]: name });
  }

  readonly labelsOf: LabelsOf = Object.assign((namespace: string) => this.#labels.get(namespace), {
    isIncomplete: true as const,
  });
}

/** Those that an object has. */
export function labelsIn(value: unknown): Readonly<Record<string, string>> {
  const written = Object.entries(recordAt(recordAt(value, 'metadata'), 'labels') ?? {});
  return Object.fromEntries(
    written.flatMap(([key, label]) => (typeof label === 'string' ? [[key, label] as const] : [])),
  );
}
