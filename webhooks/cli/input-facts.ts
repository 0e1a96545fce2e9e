import type { Listeners, ReferencedKind, ReferenceFacts, ReferenceState } from '../core/engine/facts.ts';
import { oneLine } from '../core/engine/text.ts';
import { maxGatewaySettingBytes, readGatewayKeys } from '../core/mcpserver/gateway.ts';
import type { GatewaySettings } from '../core/mcpserver/gateway.ts';
import { CA_BUNDLE_KEY, referableKinds } from '../core/mcpserver/references.ts';
import { readGateway } from '../core/resources/public-url.ts';
import { keyOf } from '../platform/kube/object.ts';
import { accessModesOf } from '../platform/kube/object-contents.ts';
import { parseCaBundle } from '../platform/tls/ca-certificates.ts';
import { recordAt, stringAt } from '../platform/kube/object.ts';
import type { Manifest } from '../platform/manifests/manifest.ts';
import { identityOf, type ObjectIdentity } from './identity.ts';
import { factsIn, isReferencedKind, objectNamed, placeOf, type ClusterFacts, type NamedObject } from './known-facts.ts';

/** A reference to an object that is not in the input, and of which no cluster told anything. */
export interface NotChecked extends NamedObject {
  /** A clause; absent where there was nobody to ask. */
  readonly reason?: string;
}

const notInInput: ReferenceState = {
  state: 'unknown',
  reason: 'it is not in the input, and there is no cluster to ask',
};

/** What the objects of the input that servers can name answer. Their values are dropped here: key names are kept, and settings of a gateway. */
export class InputFacts {
  readonly #found = new Map<string, Found>();
  readonly #gateways = new Map<string, Listeners>();
  readonly #notChecked = new Map<string, NotChecked>();

  /** Remembers an object that servers can name; says whether the object was one. */
  add(manifest: Manifest, defaultNamespace: string): boolean {
    const identity = identityOf(manifest.value, defaultNamespace);
    if (isGateway(identity)) {
      this.#gateways.set(placeOf(identity), readGateway(manifest.value).listeners);
      return true;
    }
    if (!isReferable(identity)) return false;
    const { kind, namespace, name } = identity;
    this.#found.set(keyOf(objectNamed(kind, namespace, name)), stateOf(kind, manifest.value));
    return true;
  }

  /** The facts as the servers of one namespace see them: the input first, and where it has nothing that cluster. */
  in(namespace: string, cluster?: ClusterFacts): ReferenceFacts {
    const beyond = cluster === undefined ? undefined : factsIn(cluster, namespace);
    return {
      lookUp: (kind, name): ReferenceState => {
        const object = objectNamed(kind, namespace, name);
        const key = keyOf(object);
        const state = this.#found.get(key) ?? beyond?.lookUp(kind, name) ?? notInInput;
        if (state.state !== 'unknown') return state;
        const reason = beyond === undefined ? {} : { reason: state.reason };
        this.#notChecked.set(key, { ...object, ...reason });
        return state;
      },
      listenersOf: (gateway) => this.#gateways.get(placeOf(gateway)) ?? beyond?.listenersOf?.(gateway),
    };
  }

  /** The same for servers that are not of the input, only compared with. */
  beside(namespace: string): ReferenceFacts {
    return {
      lookUp: (kind, name): ReferenceState => this.#found.get(keyOf(objectNamed(kind, namespace, name))) ?? notInInput,
      listenersOf: (gateway) => this.#gateways.get(placeOf(gateway)),
    };
  }

  /** Whether the input has it, so that nobody else needs to be asked. */
  has(object: NamedObject): boolean {
    return this.#found.has(keyOf(object));
  }

  /** Everything that was asked for and that nobody knows, by kind, namespace and name. */
  get notChecked(): readonly NotChecked[] {
    return [...this.#notChecked].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  }
}

/** Secrets may be written with stringData, which the API server moves to data. */
const dataFields = {
  ConfigMap: ['data', 'binaryData'],
  Secret: ['data', 'stringData'],
  ServiceAccount: [],
  PersistentVolumeClaim: [],
  PriorityClass: [],
  RuntimeClass: [],
} as const satisfies Record<ReferencedKind, readonly string[]>;

function isReferable(identity: ObjectIdentity): identity is ObjectIdentity & { readonly kind: ReferencedKind } {
  const { apiVersion, kind, name } = identity;
  return isReferencedKind(kind) && referableKinds[kind].apiVersion === apiVersion && name !== '';
}

function isGateway({ apiVersion, kind, name }: ObjectIdentity): boolean {
  return kind === 'Gateway' && apiVersion.startsWith('gateway.networking.k8s.io/') && name !== '';
}

type Found = ReferenceState & { readonly state: 'found' };

/** What is to be known of an object that is there, without its values. */
export function stateOf(kind: ReferencedKind, object: unknown): Found {
  const fields: readonly string[] = dataFields[kind];
  const keys = new Set(fields.flatMap((field) => keysOf(object, field)));
  const modes = kind === 'PersistentVolumeClaim' ? { accessModes: accessModesOf(object) } : {};
  const settings = kind === 'ConfigMap' ? { settings: settingsOf(object) } : {};
  return { state: 'found', keys, ...(kind === 'Secret' ? certificatesOf(object) : {}), ...modes, ...settings };
}

/** What it may say of a gateway. */
function settingsOf(configMap: unknown): GatewaySettings {
  const data = recordAt(configMap, 'data');
  return new Map(
    [...readGatewayKeys].flatMap((key) => {
      const value = stringAt(data, key);
      return value === undefined ? [] : [[key, oneLine(value, maxGatewaySettingBytes)]];
    }),
  );
}

/** Whether the key of a CA bundle, where the Secret has it, holds certificates: the value is dropped here, too. */
function certificatesOf(value: unknown): Pick<Found, 'caBundle'> {
  const plain = stringAt(recordAt(value, 'stringData'), CA_BUNDLE_KEY);
  const encoded = stringAt(recordAt(value, 'data'), CA_BUNDLE_KEY);
  const text = plain ?? (encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8'));
  return text === undefined ? {} : { caBundle: parseCaBundle(text).state };
}

function keysOf(value: unknown, field: string): readonly string[] {
  return Object.keys(recordAt(value, field) ?? {});
}
