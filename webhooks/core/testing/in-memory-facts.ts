import type { ReferencedKind, ReferenceFacts, ReferenceState } from '../engine/facts.ts';

/** The objects that exist: name to key names. */
export interface InMemoryObjects {
  readonly configMaps?: Readonly<Record<string, readonly string[]>>;
  readonly secrets?: Readonly<Record<string, readonly string[]>>;
  readonly serviceAccounts?: readonly string[];
  /** `ConfigMap/name` (`Secret/name`, `ServiceAccount/name`) to the reason why nothing is known about it. */
  readonly unknown?: Readonly<Record<string, string>>;
}

/** Facts for tests and for the examples of rules: what is not named is missing. */
export function inMemoryFacts(objects: InMemoryObjects = {}): ReferenceFacts {
  const { configMaps = {}, secrets = {}, serviceAccounts = [], unknown = {} } = objects;
  const existing: Record<ReferencedKind, Readonly<Record<string, readonly string[]>>> = {
    ConfigMap: configMaps,
    Secret: secrets,
    ServiceAccount: Object.fromEntries(serviceAccounts.map((name) => [name, []])),
  };
  return {
    lookUp(kind, name): ReferenceState {
      const reason = own(unknown, `${kind}/${name}`);
      if (reason !== undefined) return { state: 'unknown', reason };
      const keys = own(existing[kind], name);
      return keys === undefined ? { state: 'missing' } : { state: 'found', keys: new Set(keys) };
    },
  };
}

/** An object named `constructor` does not exist because of JavaScript. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
