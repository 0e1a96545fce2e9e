import type { FieldPath } from '../mcpserver/violation.ts';

/** `deny` refuses the request; `warn` admits it and says so. */
export type Severity = 'deny' | 'warn';

/** One thing that one rule has to say about one place. The same value in kubectl, status and CI. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly path: FieldPath;
  readonly headline: string;
  readonly detail: string;
  readonly remedy: string;
  /** Says only that the rule could not look. Who has a better way to tell that, or no way to help it, goes by this. */
  readonly isUnchecked?: true;
}
