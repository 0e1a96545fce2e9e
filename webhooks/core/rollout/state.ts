import type { RolloutStatus } from '../mcpserver/types.gen.ts';

/**
 * Where the rollout of one server is. All of it is in status.extensions.rollout and nothing in memory: whoever leads next goes
 * on from there. Absent: nothing is on its way, and what runs is what is wanted or was never another one.
 *
 * | Phase      | Serving Deployment      | Candidate |
 * | ---------- | ----------------------- | --------- |
 * | Proving    | held at the last one    | wanted    |
 * | Rolling    | the new template        | none      |
 * | Rejected   | held at the last one    | none      |
 * | RolledBack | put back, and held      | none      |
 * | Blocked    | held at the last one    | wanted, unless its name is taken |
 */
export type RolloutState = RolloutStatus;

/** The most that are remembered of templates that failed; the schema says the same. */
const maxFailed = 5;

/** Why a template does not serve. */
export type FailureReason =
  | 'CandidateNotReady'
  | 'CandidateNotVerified'
  | 'ToolContractChanged'
  | 'ToolNotAllowed'
  | 'ProgressDeadlineExceeded'
  | 'NewPodsNotVerified';

/** Why a version cannot be tried at all, or what served before cannot be put back. */
export type BlockedReason = 'QuotaExceeded' | 'CandidateNotCreated' | 'CandidateRefused' | 'NothingToPutBack';

/** Why a rollout is at a halt. */
type HaltReason = FailureReason | BlockedReason;

const halts: Readonly<Record<HaltReason, true>> = {
  ...({ CandidateNotReady: true, CandidateNotVerified: true } as const),
  ...({ ToolContractChanged: true, ToolNotAllowed: true } as const),
  ...({ ProgressDeadlineExceeded: true, NewPodsNotVerified: true } as const),
  ...({ QuotaExceeded: true, CandidateNotCreated: true, CandidateRefused: true, NothingToPutBack: true } as const),
};

export const haltReasons: readonly string[] = Object.keys(halts);

/** Somebody, or another release, may have written any word into a status. */
export function isHaltReason(reason: string | undefined): reason is HaltReason {
  return reason !== undefined && Object.hasOwn(halts, reason);
}

/** Whether this template has failed, and nobody asked for another try since. */
export function isRejected(state: Remembering | undefined, { template, retry, contract }: Asked): boolean {
  return (state?.failed ?? []).some(
    (one) => one.template === template && one.retry === retry && (one.contract ?? contract) === contract,
  );
}

/** What of a state is looked at, for those who have no more of it. */
interface Remembering {
  readonly failed?: readonly {
    readonly template: string;
    readonly retry?: string | undefined;
    readonly contract?: string | undefined;
  }[];
}

interface Asked {
  readonly template: string;
  readonly retry: string | undefined;
  /** Absent: of tools nothing is said. */
  readonly contract?: string | undefined;
}

/** The newest last; one entry for each template. */
export function withFailure(
  state: RolloutState | undefined,
  failure: NonNullable<RolloutState['failed']>[number],
): NonNullable<RolloutState['failed']> {
  const others = (state?.failed ?? []).filter(({ template }) => template !== failure.template);
  return [...others, failure].slice(-maxFailed);
}
