import type { Installation } from '../engine/installation.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';

/** Any Kubernetes object, as we send it to the API server. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

/** metadata.ownerReferences[]: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** What an expansion may see besides the MCPServer. */
export interface ExpansionInput {
  /** With every default applied. */
  readonly server: MCPServer;
  /**
   * Digest over the data of every referenced ConfigMap and Secret, computed where they are read; absent when nothing
   * is referenced. Becomes a pod template annotation, so that a changed configuration restarts the pods.
   */
  readonly configHash?: string;
  /** Absent on the command line, which knows of no cluster: what cannot be built without it is left out there. */
  readonly installation?: Installation | undefined;
}

/** A kind that an MCPServer expands into. One expanded kind = one file; watches, pruning and RBAC come from the list. */
export type ExpandedKind = KindDescription & (WantedAlways | WantedSometimes);

interface KindDescription {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** One sentence for the documentation. Ends with a full stop. */
  readonly summary: string;
  /** Reason of the Available (and Ready) condition when this object cannot be brought about. */
  readonly unavailableReason: 'DeploymentUnavailable' | 'ServiceUnavailable' | 'NetworkPolicyUnavailable';
}

/** Every server has one: it ends with its server, by the garbage collector, so we hold no right to delete it. */
interface WantedAlways {
  readonly isOptional?: never;
  /** The wanted object without ownerReferences: plan adds them. */
  build(input: ExpansionInput): KubernetesObject;
}

interface WantedSometimes {
  /** Gives us the right to delete objects of the kind. */
  readonly isOptional: true;
  /** As of the others, or undefined when it is not wanted and must go. */
  build(input: ExpansionInput): KubernetesObject | undefined;
}
