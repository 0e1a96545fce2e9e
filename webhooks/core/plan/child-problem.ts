import type { Action, Outcome } from './action.ts';

/** A child that could not be brought about. */
export interface ChildProblem {
  readonly reason: 'DeploymentUnavailable' | 'ServiceUnavailable' | 'NetworkPolicyUnavailable';
  readonly message: string;
}

/** Order in which the reference API brings children about, and so the order in which a failure is named. */
const problemOrder = ['DeploymentUnavailable', 'ServiceUnavailable', 'NetworkPolicyUnavailable'] as const;

/** The first child that could not be brought about; of a conflict the outcome is always a failure. */
export function findProblem(outcomes: readonly Outcome[]): ChildProblem | undefined {
  const problems = outcomes.flatMap((outcome) =>
    outcome.result === 'failed' ? [toProblem(outcome.action, outcome.message)] : [],
  );
  return problemOrder
    .map((reason) => problems.find((problem) => problem.reason === reason))
    .find((one) => one !== undefined);
}

function toProblem({ of }: Action, message: string): ChildProblem {
  return { reason: of.unavailableReason, message: `Failed to reconcile ${of.kind}: ${message}` };
}
