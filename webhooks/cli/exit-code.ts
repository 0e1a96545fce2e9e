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
  /** Wrong usage, or input that cannot be read: a part of it is enough. */
  unusable: 2,
  /** A bug of ours. */
  crashed: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a command ended. */
export type Ending =
  /** The user asked for something that does not exist, or named no input that could be judged. */
  | { readonly type: 'usage' }
  /** Our bug. */
  | { readonly type: 'crashed' }
  | {
      readonly type: 'done';
      /** Of every finding. */
      readonly severities: readonly Severity[];
      readonly failOn: 'deny' | 'warn';
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

function reaches(severity: Severity, failOn: 'deny' | 'warn'): boolean {
  return severity === 'deny' || severity === failOn;
}
