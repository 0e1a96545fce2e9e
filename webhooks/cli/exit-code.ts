import type { Severity } from '../core/engine/finding.ts';

/**
 * What every command of the program may end with, the long-running ones too; in one place, because pipelines gate on it
 * (docs/decisions/0013-exit-codes.md).
 */
export const exitCodes = {
  /** Done, and nothing to complain of. */
  clean: 0,
  /** Findings at or above `--fail-on`. */
  found: 1,
  /** Wrong usage, input that cannot be read (a part of it is enough), or a report that cannot be written. */
  unusable: 2,
  /** A bug of ours. */
  crashed: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a command ended. */
export type Ending =
  /** The user asked for something that does not exist, named no input that could be judged, or a file that cannot be written. */
  | { readonly type: 'usage' }
  /** Our bug. */
  | { readonly type: 'crashed' }
  | {
      readonly type: 'done';
      /** Of every finding that is not tolerated. */
      readonly severities: readonly Severity[];
      readonly failOn: FailOn;
      /** Whether a part of the input could not be read, so that the verdict is not the whole one. */
      readonly isIncomplete: boolean;
    };

/** The one place that chooses an exit code, for every command and every output format. */
export function exitCodeOf(ending: Ending): ExitCode {
  switch (ending.type) {
    case 'usage':
      return exitCodes.unusable;
    case 'crashed':
      return exitCodes.crashed;
    case 'done':
      if (ending.isIncomplete) return exitCodes.unusable;
      return ending.severities.some((severity) => reaches(severity, ending.failOn)) ? exitCodes.found : exitCodes.clean;
  }
}

/** The least severity that fails. */
export type FailOn = Exclude<Severity, 'audit'>;

/** Whether a finding fails a command. */
export function reaches(severity: Severity, failOn: FailOn): boolean {
  return severity === 'deny' || severity === failOn;
}
