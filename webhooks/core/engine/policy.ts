import type { Severity } from './finding.ts';
import type { Rule } from './rule.ts';

/** Which rules judge, and what becomes of what they find: a value, the same for the webhook, the reconciler and the CLI. */
export interface Policy {
  readonly rules: readonly Rule[];
  /** Asked once for each rule that found something. */
  readonly severityOf: (rule: Rule, at: Moment) => Severity;
}

/** What a policy says may end at some time. RFC 3339; who has no use for it does not read it. */
export interface Moment {
  readonly now: string;
}

/** Every rule at the severity that it gives itself. */
export function atOwnSeverity(rules: readonly Rule[]): Policy {
  return { rules, severityOf: ({ severity }) => severity };
}
