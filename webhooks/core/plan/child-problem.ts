import type { Action, Outcome } from './action.ts';

/** A child that could not be brought about. */
export interface ChildProblem {
  readonly reason: 'DeploymentUnavailable' | 'ServiceUnavailable' | 'NetworkPolicyUnavailable';
  readonly message: string;
}

/** Order in which the reference API brings children about, and so the order in which a failure is named. */
const problemOrder = ['DeploymentUnavailable', 'ServiceUnavailable', 'NetworkPolicyUnavailable'] as const;

/** The first child that could not be brought about: a conflict that was planned, or an action that failed. */
export function findProblem(actions: readonly Action[], outcomes: readonly Outcome[]): ChildProblem | undefined {
  const conflicts = actions.flatMap((action) =>
    action.type === 'conflict' ? [toProblem(action, action.message)] : [],
  );
  const failures = outcomes.flatMap((outcome) =>
    outcome.result === 'failed' ? [toProblem(outcome.action, outcome.message)] : [],
  );
  const problems = [...conflicts, ...failures];
  return problemOrder
    .map((reason) => problems.find((problem) => problem.reason === reason))
    .find((one) => one !== undefined);
}

function toProblem({ of }: Action, message: string): ChildProblem {
  return { reason: of.unavailableReason, message: `Failed to reconcile ${of.kind}: ${message}` };
}
