import type { Severity } from '../core/engine/finding.ts';

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
      readonly failOn: Severity;
      /** Whether a part of the input could not be read, so that the verdict is not the whole one. */
      readonly isIncomplete: boolean;
    };

/** The one place that chooses an exit code, for every command and every output format. */
export function exitCodeOf(ending: Ending): 0 | 1 | 2 | 3 {
  switch (ending.type) {
    case 'usage':
      return 2;
    case 'crashed':
      return 3;
    case 'done':
      if (ending.isIncomplete) return 2;
      return ending.severities.some((severity) => reaches(severity, ending.failOn)) ? 1 : 0;
  }
}

function reaches(severity: Severity, failOn: Severity): boolean {
  return severity === 'deny' || failOn === 'warn';
}
