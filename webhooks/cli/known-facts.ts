import type { Listeners, ReferencedKind, ReferenceFacts, ReferenceState } from '../core/engine/facts.ts';
import type { LabelsOf } from '../core/engine/policy.ts';
import type { GatewayName } from '../core/mcpserver/gateway.ts';
import type { Registrant } from '../core/mcpserver/prefix-claim.ts';
import { referableKinds } from '../core/mcpserver/references.ts';
import { keyOf } from '../platform/kube/object.ts';
import type { KnownApis } from './ask-apis.ts';
import type { ClusterPolicy } from './cluster-policy.ts';

/** An object that servers of the input name. */
export interface NamedObject {
  readonly kind: ReferencedKind;
  /** Of those who name it, and empty for an object of the cluster: {@link objectNamed}. */
  readonly namespace: string;
  readonly name: string;
}

/** What is known about the objects of one cluster: asked just now, or recorded earlier. Names of keys, no values. */
export interface ClusterFacts {
  /** The context of the kubeconfig. */
  readonly context: string;
  /** By {@link keyOf}. */
  readonly objects: ReadonlyMap<string, KnownObject>;
  /** What judges there; absent where a policy was named, so that none was asked for. */
  readonly policy?: ClusterPolicy | undefined;
  /** Of Gateways that ConfigMaps name, by namespace and name; absent where none was asked for. */
  readonly gateways?: KnownGateways;
  /** Of prefixes that servers claim at MCP gateways: who is registered with them; absent where none was asked for. */
  readonly prefixes?: KnownPrefixes;
  /** Of namespaces that this policy chooses by them, as far as they could be read. */
  readonly labels?: NamespacesLabels;
  /** Absent where no server of the input depends on them. */
  readonly apis?: KnownApis;
}

/** By `namespace/name`. */
export type KnownGateways = ReadonlyMap<string, Listeners>;

/** By the digest of the claim; oldest first. */
export type KnownPrefixes = ReadonlyMap<string, readonly Registrant[]>;

export type NamespacesLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

export interface KnownObject extends NamedObject {
  readonly state: ReferenceState;
}

export function isReferencedKind(kind: string): kind is ReferencedKind {
  return Object.hasOwn(referableKinds, kind);
}

/** The object that servers of a namespace mean by a name. */
export function objectNamed(kind: ReferencedKind, namespace: string, name: string): NamedObject {
  return { kind, namespace: referableKinds[kind].isOfCluster ? '' : namespace, name };
}

export function toClusterFacts(context: string, objects: readonly KnownObject[]): ClusterFacts {
  return { context, objects: new Map(objects.map((object) => [keyOf(object), object])) };
}

/** What is known about the labels of namespaces: by the input, and beyond it by that cluster. */
export function labelsIn(inInput: LabelsOf | undefined, cluster: ClusterFacts | undefined): LabelsOf | undefined {
  const { labels } = cluster ?? {};
  if (labels === undefined) return inInput;
  return (namespace) => labels.get(namespace) ?? inInput?.(namespace);
}

/** The facts of one namespace; what was never asked for is unknown. */
export function factsIn({ context, objects, gateways }: ClusterFacts, namespace: string): ReferenceFacts {
  return {
    lookUp: (kind, name) =>
      objects.get(keyOf(objectNamed(kind, namespace, name)))?.state ?? {
        state: 'unknown',
        reason: `it is not in the input, and not in the facts of ${context}`,
      },
    listenersOf: (gateway) => gateways?.get(placeOf(gateway)),
  };
}

export function placeOf({ namespace, name }: GatewayName): string {
  return `${namespace}/${name}`;
}
