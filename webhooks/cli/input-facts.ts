import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../core/engine/facts.ts';
import type { Manifest } from '../platform/manifests/manifest.ts';
import { identityOf, type ObjectIdentity } from './identity.ts';

/** A reference to an object that is not in the input, so nothing is known about it. */
export interface NotChecked {
  readonly kind: ReferencedKind;
  readonly namespace: string;
  readonly name: string;
}

/** Shown where a finding says that something was not checked; it also marks these findings. */
export const notInInput = 'it is not in the input, and there is no cluster to ask';

/** What the ConfigMaps, Secrets and ServiceAccounts of the input answer. Their values are dropped here: key names are all that is kept. */
export class InputFacts {
  readonly #keys = new Map<string, ReadonlySet<string>>();
  readonly #notChecked = new Map<string, NotChecked>();

  /** Remembers an object that servers can name; says whether the object was one. */
  add(manifest: Manifest, defaultNamespace: string): boolean {
    const identity = identityOf(manifest.value, defaultNamespace);
    if (!isReferable(identity)) return false;
    const fields: readonly string[] = dataFields[identity.kind];
    this.#keys.set(keyOf(identity), new Set(fields.flatMap((field) => keysOf(manifest.value, field))));
    return true;
  }

  /** The facts as the servers of one namespace see them. */
  in(namespace: string): ReferenceFacts {
    return {
      lookUp: (kind, name): ReferenceState => {
        const key = keyOf({ kind, namespace, name });
        const keys = this.#keys.get(key);
        if (keys !== undefined) return { state: 'found', keys };
        this.#notChecked.set(key, { kind, namespace, name });
        return { state: 'unknown', reason: notInInput };
      },
    };
  }

  /** Everything that was asked for and is not in the input, by kind, namespace and name. */
  get notChecked(): readonly NotChecked[] {
    return [...this.#notChecked].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  }
}

/** Secrets may be written with stringData, which the API server moves to data. */
const dataFields = {
  ConfigMap: ['data', 'binaryData'],
  Secret: ['data', 'stringData'],
  ServiceAccount: [],
} as const satisfies Record<ReferencedKind, readonly string[]>;

function isReferable(identity: ObjectIdentity): identity is ObjectIdentity & { readonly kind: ReferencedKind } {
  return identity.apiVersion === 'v1' && Object.hasOwn(dataFields, identity.kind) && identity.name !== '';
}

function keysOf(value: unknown, field: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const data: unknown = Object.getOwnPropertyDescriptor(value, field)?.value;
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.keys(data) : [];
}

function keyOf({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string {
  return `${kind} ${namespace}/${name}`;
}
