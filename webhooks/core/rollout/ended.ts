import { haltReasons } from './state.ts';
import type { RolloutState } from './state.ts';

/** How the rollout of one version ends, or comes to a halt. */
export const rolloutResults = ['Complete', 'Rejected', 'RolledBack', 'Blocked', 'Superseded'] as const;

export type RolloutResult = (typeof rolloutResults)[number];

/** The phases that take time. */
export const timedPhases = ['Proving', 'Rolling', 'Blocked'] as const satisfies readonly RolloutState['phase'][];

type TimedPhase = (typeof timedPhases)[number];

/** Of what is complete: whether it was proven. */
const proofs: Readonly<Record<NonNullable<RolloutState['proof']>, true>> = {
  Proven: true,
  NotProven: true,
  Skipped: true,
};

/** A word that this release does not know. */
const OTHER = 'Other';

/**
 * Each is a series of a metric, so it is one of these, whatever somebody has written into a status. Of what was superseded: in
 * which phase it was.
 */
export const endReasons: readonly string[] = [
  ...[...Object.keys(proofs), ...haltReasons],
  ...timedPhases.map((phase) => `While${phase}`),
  OTHER,
];

/** A phase that has ended. */
export interface EndedPhase {
  readonly phase: TimedPhase;
  readonly seconds: number;
  /** How the rollout ends with it; absent: it goes on in another phase. */
  readonly end?: { readonly result: RolloutResult; readonly reason: string };
}

export interface NextState {
  readonly state: RolloutState | undefined;
  /** Whether what serves is known to be good. */
  readonly isVerified: boolean;
  readonly nowMs: number;
}

/** What has ended between two states that are written one after the other, if anything has. */
export function endedBetween(before: RolloutState | undefined, next: NextState): EndedPhase | undefined {
  const { state, nowMs } = next;
  const phase = timedPhases.find((one) => one === before?.phase);
  if (before === undefined || phase === undefined) return undefined;
  const isSame = state?.target.template === before.target.template;
  if (isSame && state.phase === phase) return undefined;
  // A clock that was set back, or a time that somebody has written.
  const seconds = Math.max(0, nowMs - Date.parse(before.target.since)) / 1_000 || 0;
  const end = endOf({ ...before, phase }, next, isSame);
  return { phase, seconds, ...(end === undefined ? {} : { end }) };
}

function endOf(
  before: RolloutState & { readonly phase: TimedPhase },
  { state, isVerified }: NextState,
  isSame: boolean,
): EndedPhase['end'] {
  const { phase, proof } = before;
  if (state === undefined && phase === 'Rolling' && isVerified) return { result: 'Complete', reason: known(proof) };
  if (!isSame || state === undefined) return { result: 'Superseded', reason: known(`While${phase}`) };
  switch (state.phase) {
    case 'Rejected':
    case 'RolledBack':
    case 'Blocked':
      return { result: state.phase, reason: known(state.reason) };
    case 'Proving':
    case 'Rolling':
      return undefined;
  }
}

function known(reason: string | undefined): string {
  return reason !== undefined && endReasons.includes(reason) ? reason : OTHER;
}
