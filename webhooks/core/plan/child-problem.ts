import type { Unavailable } from '../resources/expanded-kind.ts';
import { childIdOf } from './action.ts';
import type { Outcome } from './action.ts';

/** A child that could not be brought about. */
export interface ChildProblem {
  readonly reason: Unavailable['reason'];
  readonly message: string;
  /** Tells this problem from another of the same reason, in no words. */
  readonly cause: string;
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
    .map(({ action, message, cause }) => ({
      reason: action.of.unavailable.reason,
      message: `Failed to reconcile ${action.of.kind}: ${message}`,
      cause: `${childIdOf(action)} ${cause}`,
    }));
}
