import type { FieldPath } from '../mcpserver/violation.ts';

/**
 * `deny` refuses the request; `warn` admits it and says so; `audit` tells nobody who asks: it is kept for those who look
 * (audit log, JSON), and only a policy makes it so.
 */
export type Severity = 'deny' | 'warn' | 'audit';

/** One thing that one rule has to say about one place. The same value in kubectl, status and CI. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly path: FieldPath;
  readonly headline: string;
  readonly detail: string;
  readonly remedy: string;
  /** As the violation has it. */
  readonly cause?: readonly (string | number)[];
  /** As the violation has it. */
  readonly dependsOn?: readonly FieldPath[];
  /** Says only that the rule could not look. Who has a better way to tell that, or no way to help it, goes by this. */
  readonly isUnchecked?: true;
  /** Nothing of the server is rolled out while this is found, whatever its severity. */
  readonly holdsBack?: true;
  /** Which entry of the policy made it as severe as it is: `overrides[2] prod-*`. Absent where the rule is so by itself. */
  readonly because?: string;
  /** There is an exemption for the object. When it has ended this is tolerated only as long as the pods stay as they are. */
  readonly exemption?: ExemptionState;
}

/** `excused`: what is found is only kept. `ending`: the same, but it is told, because it ends soon. `ended`: it is enforced. */
export type ExemptionState = 'excused' | 'ending' | 'ended';
