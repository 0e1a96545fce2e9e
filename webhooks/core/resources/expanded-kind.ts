import type { Finding } from '../engine/finding.ts';
import type { ApiStates, Installation } from '../engine/installation.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer } from '../mcpserver/types.gen.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import type { GatewaySettings } from '../mcpserver/gateway.ts';
import type { Registration } from './registration.ts';

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
  /** As the reference operator makes them, pods have nothing of ours. Absent: ours. */
  readonly compatibility?: CompatibilityProfile | undefined;
  /** Absent on the command line, which knows of no cluster: what cannot be built without it is left out there. */
  readonly installation?: Installation | undefined;
  /** Ours, where no installation says it: the command line has it. */
  readonly ownImage?: string | undefined;
  /** Absent on the command line, which prints it. */
  readonly verdict?: ExpandedVerdict;
  /** Digest of the pod template of which one pod is to be proven beside what serves; absent: none is. */
  readonly candidateTemplate?: string | undefined;
  /** Where clients reach pods that are there still, if the spec says another port by now: all of them lead to the pods. */
  readonly formerPorts?: readonly number[];
  /** Where what serves is reached, if the spec says another place by now: until it has gone, it is published there. */
  readonly served?: ServedAddress | undefined;
  /** Nothing that is reached where the spec says serves yet: it is being proven, waits for its turn, or has failed. */
  readonly servesAlone?: boolean;
  /** Where their metrics are read, in the same way. */
  readonly formerMetricsPorts?: readonly number[];
  /** What the ConfigMap in spec.gateway.configRef says; absent: there is none, or it cannot be read. */
  readonly gateway?: GatewaySettings | undefined;
  /** Namespace of the Gateway from which the HTTPRoute that stands leads to the server, by our own word; absent: none does. */
  readonly routedFrom?: string | undefined;
  /** What stands announces the server to the gateway that it names, by our own word. */
  readonly isAnnounced?: boolean;
}

/** Where what serves is reached inside the cluster. */
export interface ServedAddress {
  /** All of it; port and path are parts of that. */
  readonly url: string;
  readonly port: number;
  readonly path: string;
}

/** What was found in the server, for kinds that report it. */
export interface ExpandedVerdict {
  readonly findings: readonly Finding[];
  /** That judged. */
  readonly rules: number;
  /** Of the optional kinds. */
  readonly apis: ApiStates;
}

/** A kind that an owner expands into: what has to be known of it to find, plan, apply and prune its objects. */
export interface ChildKind {
  readonly apiVersion: string;
  /** Of no other kind of children, whatever its group: caches and metrics go by it. */
  readonly kind: string;
  readonly plural: string;
  /** One sentence for the documentation. Ends with a full stop. */
  readonly summary: string;
  /** Whether every cluster has the API. One that is not there holds nothing else up. */
  readonly requirement: 'required' | OptionalApi;
  /**
   * `always`: every owner has exactly one, which ends with it, by the garbage collector; we hold no right to delete it.
   * `sometimes`: what is not wanted any more is deleted, which is a right of ours then.
   */
  readonly wanted: 'always' | 'sometimes';
  /**
   * Its `spec.template` becomes pods: its status says whether they run, what makes them weaker is looked for, and a change
   * of it restarts them.
   */
  readonly hasPods?: true;
  /** It reports the verdict, so it is brought about also where the verdict lets nothing be rolled out. */
  readonly isOfVerdict?: true;
  /** We write its status, too. */
  readonly writesStatus?: true;
  /** What is read beside it, by name, of the same API: plurals. */
  readonly reads?: readonly string[];
  readonly unavailable: Unavailable;
  /** What keeps an object that is there from working, in the words of whose kind it is. Absent: nobody tells. */
  readonly trouble?: TroubleOf;
  /** What an object of it says of a registration; `raw` is whatever the API server sent. Absent: it registers nothing. */
  readonly registration?: (raw: unknown) => Registration;
  /** Whether what is wanted is no change of the one that was found, which is deleted then, and made anew. */
  readonly isAnother?: (wanted: KubernetesObject, found: Registration) => boolean;
}

/** How it is known, and said, that an applied object does not work. */
interface TroubleOf {
  /** Of the condition of the optional API. */
  readonly reason: string;
  /** What was being done, for the event. */
  readonly eventAction: string;
  /** From an object as it is stored; undefined when it works, or says nothing yet. */
  read(object: unknown): Trouble | undefined;
  /** A clause; undefined when its own words have to do. */
  remedyOf(trouble: Trouble): string | undefined;
}

/** As its controller says it: of any length, and whatever somebody wrote there. */
export interface Trouble {
  /** In one word. */
  readonly cause: string;
  readonly message: string;
  /** RFC 3339, or what stands in its place. */
  readonly since: string;
}

/**
 * A kind that an MCPServer expands into. One expanded kind = one file: watches, caches, pruning, rights, conditions and
 * events come from the list of them.
 */
export interface ExpandedKind extends ChildKind {
  /**
   * The wanted objects without ownerReferences (plan adds them), each under its name; none when none is wanted. Called
   * also where the API is not there: whoever asks decides about that.
   */
  build(input: ExpansionInput): readonly KubernetesObject[];
  /** Whether nobody can tell what is wanted: then what exists stays as it is. */
  isUndecided?(input: ExpansionInput): boolean;
  /** The same of a kind without which more would be open: what exists stays as it is, and what is missing is made. */
  isKept?(input: ExpansionInput): boolean;
}

/** What is said when an object of the kind cannot be brought about. */
export interface Unavailable {
  /** Of Available and Ready; of the condition of its own for an optional API. */
  readonly reason: `${string}Unavailable`;
  /** Of several that fail the first one is named: in the order in which the reference API brings children about. */
  readonly order: number;
  /** What was being done, for the event, in the words of the reference API. */
  readonly eventAction: string;
}

/** An API of another project, which a cluster may have or not, and which may come and go. */
export interface OptionalApi {
  /**
   * Value of the chart whose `enabled` gives us the rights and starts the watch; off by default. The programs are told its
   * name (FEATURES).
   */
  readonly feature: string;
  /**
   * Versions with the same fields, best first, of which the first is used that is served where the one of the kind is not. All
   * of ours speaks the one of the kind (platform/kube/served-versions.ts).
   */
  readonly olderVersions?: readonly string[];
  /** How a cluster gets the API, in an imperative clause without a full stop. */
  readonly install: string;
  /**
   * Plural of a kind of the cluster in the same group version, of which there is an object wherever somebody obeys the API: without one
   * it counts as absent. Reading its list is granted by hand (chart/templates/rbac.yaml). Absent: being served is enough.
   */
  readonly evidence?: string;
  /** Absent for what every server gets where the feature is on. */
  readonly asking?: Asking;
  /** The kind in whose place this one is, where its API is not there; while nobody can tell, nothing becomes of either. */
  readonly insteadOf?: string;
  /** The kind that says what becomes of this one: where that cannot be used, for whatever reason, nothing becomes of this one. */
  readonly beside?: string;
}

/** How a server asks for an optional kind, and is told what became of it. */
export interface Asking {
  /** Type of the condition that says so, on servers that ask for it. */
  readonly condition: string;
  /** Where a server asks for it. */
  readonly path: FieldPath;
  isAskedFor(server: MCPServer): boolean;
  /** What may keep it from working although it is applied: a clause for the condition; undefined when nothing is known. */
  caveat(server: MCPServer): string | undefined;
  /** What may be behind a refusal of the API server: a clause; undefined when its own words say it. */
  hintOnRefusal?(server: MCPServer): string | undefined;
}
