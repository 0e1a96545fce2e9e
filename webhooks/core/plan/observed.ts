import type { ListedTools } from '../contract/listed-tools.ts';
import type { NoContract } from '../contract/tool.ts';
import type { OwnerReference, Trouble } from '../resources/expanded-kind.ts';
import type { Registration } from '../resources/registration.ts';
import type { ForeignFields } from './foreign/claim.ts';
import type { WeakField } from './foreign/weaknesses.ts';

/** One existing object under a name that we would use: ours or somebody else's. Only what decisions need. */
export interface ObservedChild {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly isDeleting: boolean;
  /** The owner reference with `controller: true`. */
  readonly controller?: OwnerReference;
  /** Annotation `mcp-lifecycle/applied-hash`: digest of the object that we last applied. */
  readonly appliedHash?: string;
  /** Annotation `mcp-lifecycle/template-hash`: digest of the pod template in that object. */
  readonly templateHash?: string;
  /** JSON of `fieldsV1` of our field manager: the fields that are still ours. Somebody's change takes them away. */
  readonly ownedFields?: string;
  /** What others own in it and should not; absent when there is nothing. */
  readonly foreign?: ForeignFields;
  /** Of a Deployment: others say how its pods are replaced, and we leave that out. */
  readonly hasStrategyOfOthers?: true;
  /** Of a Deployment: our container has the resources that we give who says nothing of them. */
  readonly hasDefaultResources?: true;
  /** From `weaknessesOf`, without what `foreign` would take away; absent when there are none. */
  readonly weaknesses?: readonly WeakField[];
  /** From its kind's `trouble`, each text cut; absent while it works. */
  readonly trouble?: Trouble;
  /** What its status says of a registration at a gateway; absent of kinds that register nothing. */
  readonly registration?: Registration;
}

/** What the Deployment says about itself: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ */
export interface DeploymentStatus {
  readonly generation: number;
  readonly observedGeneration: number;
  /** Of its spec; absent: as many as there are. */
  readonly wantedReplicas?: number;
  readonly replicas: number;
  /** Of the newest template; all of them are when a rollout is complete. */
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  /** Of its newest template, as its controller counts them (annotation `deployment.kubernetes.io/revision`); absent: it never did. */
  readonly revision?: string;
  /** When all pods were of its newest template, in milliseconds since 1970; absent: they are not, or it does not say. */
  readonly completeMs?: number;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/**
 * Which of the two kinds of MCP a server speaks: since 2026-07-28 every request says all that it needs (`stateless`); before,
 * `initialize` came first (`handshake`).
 */
export type ProtocolEra = 'stateless' | 'handshake';

/** Whom an answer of a server is from. */
export interface AnsweredBy {
  /** Of the MCPServer, whose template these pods run. */
  readonly generation: number;
  /** From `podSetOf`, at the time of the question; empty: the pods were not known, or are asked something else by now. */
  readonly podSet: string;
}

/** An answer, with whom it is from: other pods may serve by now, and what they answer is not known then. */
export interface KnownVerification {
  readonly verification: Verification;
  /** Absent when nothing was answered yet. */
  readonly of?: AnsweredBy;
  /** When that was, in milliseconds since 1970; only while the server asks not to be asked, and not before it is minutes ago. */
  readonly lastVerdictMs?: number;
}

/** A pod that does not speak MCP while others of the same server do. */
export interface FailingPod {
  readonly name: string;
  /** What came back from it, on one line. */
  readonly message: string;
}

/** What is known about the MCP endpoint. */
export type Verification =
  /**
   * `era`: what is known of how to ask, all the same. `gone`: how often in a row it closed the connection of a question and
   * was not available after that; at least so many, in steps that double. Absent: never.
   */
  | { readonly state: 'not-attempted'; readonly era?: ProtocolEra; readonly gone?: number }
  | VerifiedEndpoint
  /**
   * The endpoint answered 401 or 403: it is there, and wants credentials that we do not have. `said`: its own words,
   * bounded and on one line. `era`: in which it is asked next, where the other question ended badly. `isBelieved`: by an
   * earlier reconciler, so only the condition has the words.
   */
  | {
      readonly state: 'auth-required';
      readonly statusCode: number;
      readonly said?: string;
      readonly era?: ProtocolEra;
      readonly isBelieved?: true;
    }
  /**
   * It asks not to be asked (429, or 503 with Retry-After), which says nothing about whether it works. `message`: its own
   * words too. `retryAfterMs`: as it says, unbounded. `era`: as above.
   */
  | {
      readonly state: 'throttled';
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly era?: ProtocolEra;
    }
  /**
   * `isUnanswered`: nothing came back at all, so something between us and the server may be the reason.
   * `isTlsConfiguration`: no connection was tried, because what to trust could not be told.
   * `failures`: at least so many in a row; it grows in steps that double, so that failing on costs next to nothing.
   * `failingPods`: the endpoint answers, and these pods of it do not; the message names them.
   * `cause`: tells one failure from another, in no words. Absent: not known, as of what is believed.
   * `isBelieved`: as above.
   */
  | {
      readonly state: 'failed';
      readonly message: string;
      readonly cause?: string;
      readonly isUnanswered?: true;
      readonly isTlsConfiguration?: true;
      readonly failures?: number;
      readonly failingPods?: readonly FailingPod[];
      /** In which era it is asked next: the other one ended badly. Absent: nothing was learnt. */
      readonly era?: ProtocolEra;
      readonly isBelieved?: true;
    };

/** `offers` absent: not counted yet, or not this time. */
export interface VerifiedEndpoint {
  readonly state: 'verified';
  readonly serverInfo: ServerInfo;
  /** In which it answered, and is asked first next time. */
  readonly era: ProtocolEra;
  readonly offers?: OfferCounts;
  /** What its tools are, from the same lists as `offers`; absent with no count of tools. */
  readonly tools?: ToolsSeen;
  /** Why a list that the server offers has no number, on one line; from the same lists as `offers`. */
  readonly notCounted?: string;
}

/** The contract of the tools that a server lists, or why there is none; see core/contract. `ignore`: what is no part of it; absent: nothing. */
export type ToolsSeen =
  | ({ readonly digest: string; readonly ignore?: readonly string[] } & ListedTools)
  | { readonly reason: NoContract['reason'] | 'ContractUnstable'; readonly why: string };

/** How much the server lists. A kind that it does not offer, or whose list could not be counted, has no number. */
export interface OfferCounts {
  readonly tools?: number;
  readonly resources?: number;
  readonly prompts?: number;
}

/** status.serverInfo */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
  readonly protocolVersion: string;
  readonly instructions?: string;
  readonly capabilities: {
    readonly tools: boolean;
    readonly resources: boolean;
    readonly prompts: boolean;
    readonly logging: boolean;
    readonly completions: boolean;
  };
}
