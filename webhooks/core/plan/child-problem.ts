import type { Unavailable } from '../resources/expanded-kind.ts';
import type { Action, Outcome } from './action.ts';

/** A child that could not be brought about. */
export interface ChildProblem {
  readonly reason: Unavailable['reason'];
  readonly message: string;
}

/**
 * The first child that could not be brought about, of those that the server cannot do without; of a conflict the outcome
 * is always a failure.
 */
export function findProblem(outcomes: readonly Outcome[]): ChildProblem | undefined {
  return problemsOf(outcomes.filter(({ action }) => action.of.requirement === 'required'))[0];
}

/** In the order in which the kinds are named. */
export function problemsOf(outcomes: readonly Outcome[]): readonly ChildProblem[] {
  return outcomes
    .filter((outcome) => outcome.result === 'failed')
    .sort((a, b) => a.action.of.unavailable.order - b.action.of.unavailable.order)
    .map(({ action, message }) => toProblem(action, message));
}

function toProblem({ of }: Action, message: string): ChildProblem {
  return { reason: of.unavailable.reason, message: `Failed to reconcile ${of.kind}: ${message}` };
}
