import type {
  GatewayOffer,
  ForeignFieldsStatus,
  MCPServer,
  MCPServerStatus,
  PodFailure,
  PolicyState,
} from '../mcpserver/types.gen.ts';
import type { RolloutState } from '../rollout/state.ts';
import type { ChildProblem } from './child-problem.ts';
import type { Said } from './condition.ts';
import type { AnsweredBy, DeploymentStatus, Verification } from './observed.ts';
import type { PodHints } from './render-pod-failure.ts';
import type { Serving } from './serving.ts';

/** Everything that a status is made from. */
export interface StatusInput {
  /** With every default applied. */
  readonly server: MCPServer;
  /** What status says now; absent for a server that never had one. */
  readonly previous?: MCPServerStatus | undefined;
  readonly accepted: Acceptance;
  /** Absent when nothing was judged: what status says of it stays. */
  readonly policy?: PolicyState | undefined;
  /** From `standingFields`; null when nothing stands, absent when that was not looked at: what status says of it stays. */
  readonly standing?: ForeignFieldsStatus | null | undefined;
  /** From `findProblem`. */
  readonly problem?: ChildProblem | undefined;
  readonly deployment?: DeploymentStatus | undefined;
  /** Where the rollout is now, to be written; null: nothing is on its way. Absent when nothing was judged: what status says stays. */
  readonly rollout?: RolloutState | null | undefined;
  /** Whether the Deployment that stands there is the one of this generation; default: it is. */
  readonly isApplied?: boolean;
  /** What is wanted waits for its turn to replace the pods. */
  readonly isQueued?: boolean;
  readonly serviceExists: boolean;
  /** Which pods serve, and of which generation they are. */
  readonly serving: Pick<Serving, 'generation' | 'podSet' | 'replicaSets' | 'isRolling'>;
  /** From `optionalConditions`; absent when nothing was brought about: what status says of them stays. */
  readonly optional?: readonly Said[] | undefined;
  /** From `lackingNow`, in the place of `optional`: what status says of them otherwise than before. */
  readonly lacking?: ReadonlyMap<string, Said> | undefined;
  /** Beside `optional`: what is known of where the server is published; absent: nowhere. */
  readonly registration?: RegistrationStatus | undefined;
  readonly verification: Verification;
  /** Whose answer that is; absent when nothing was answered. */
  readonly answeredBy?: AnsweredBy | undefined;
  /** When it was given, RFC 3339; present while the server asks not to be asked, and what is known stands. */
  readonly lastVerdictTime?: string | undefined;
  /** From `diagnosePods`, when some pod was looked at and fails. */
  readonly podFailure?: PodFailure | undefined;
  readonly hints?: PodHints;
  /** Some container runs for long enough to say what its readiness probe does not find, and not for too long. */
  readonly isSlow?: boolean;
  /** Version of this program. It signs what it writes. */
  readonly release?: string | undefined;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** RFC 3339; becomes the transition time of conditions whose status changes. */
  readonly now: string;
}

/** What status says of a gateway, or of an Ingress, besides their conditions. */
export interface RegistrationStatus extends Pick<MCPServerStatus, 'gatewayBinding'> {
  /** Where clients reach the server through it; of both, through the gateway. */
  readonly url?: string;
  /** What the gateway offers of it. */
  readonly offer?: GatewayOffer;
}

/** What is known about the workload, which is all of it but the handshake. */
export type WorkloadInput = Omit<StatusInput, 'verification' | 'answeredBy' | 'lastVerdictTime'>;

export type Acceptance =
  | ({ readonly state: 'valid' } & Noticed)
  /** `cause`: tells what is wrong from something else, in no words. */
  | ({ readonly state: 'invalid'; readonly message: string; readonly cause: string } & Noticed)
  /** It cannot be told whether everything that it references is there. */
  | { readonly state: 'not-checked'; readonly message: string };

interface Noticed {
  /** What is to be said of the policy that judged, a clause. */
  readonly notice?: string;
}
