import type { ForeignFieldsStatus, MCPServer, MCPServerStatus, PolicyState } from '../mcpserver/types.gen.ts';
import type { ChildProblem } from './child-problem.ts';
import type { DeploymentStatus, Verification } from './observed.ts';

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
  readonly serviceExists: boolean;
  readonly verification: Verification;
  /** From `diagnosePods`, when some pod was looked at and fails. */
  readonly podFailure?: string | undefined;
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** RFC 3339; becomes the transition time of conditions whose status changes. */
  readonly now: string;
}

/** What is known about the workload, which is all of it but the handshake. */
export type WorkloadInput = Omit<StatusInput, 'verification'>;

export type Acceptance =
  | { readonly state: 'valid' }
  | { readonly state: 'invalid'; readonly message: string }
  /** It cannot be told whether everything that it references is there. */
  | { readonly state: 'not-checked'; readonly message: string };
