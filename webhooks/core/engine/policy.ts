import type { Severity } from './finding.ts';
import type { Rule } from './rule.ts';

/** Which rules judge, and what becomes of what they find: a value, the same for the webhook, the reconciler and the CLI. */
export interface Policy {
  readonly rules: readonly Rule[];
  /** Asked once for each rule that found something. `now` is RFC 3339: what a policy says may end at some time. */
  readonly severityOf: (rule: Rule, now: string) => Severity;
}

/** Every rule at the severity that it gives itself. */
export function atOwnSeverity(rules: readonly Rule[]): Policy {
  return { rules, severityOf: ({ severity }) => severity };
}
