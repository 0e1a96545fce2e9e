import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import type { Finding, Severity } from './finding.ts';
import type { Policy } from './policy.ts';
import type { Rule, RuleInput } from './rule.ts';

/**
 * Everything that the rules have to say about one server, every finding at once, in an order that depends on nothing
 * but the findings: by path (list items by their number), then by rule id. Runs for every admission
 * request, so a server without findings costs the checks and one empty list.
 */
export function evaluate(
  input: RuleInput,
  context: { readonly policy: Policy; readonly now: string },
): readonly Finding[] {
  const { rules, severityOf } = context.policy;
  const findings: Finding[] = [];
  for (const rule of rules) {
    const violations = rule.check(input);
    if (violations.length === 0) continue;
    const severity = severityOf(rule, context.now);
    for (const violation of violations) findings.push(toFinding(rule, severity, violation));
  }
  return findings.length < 2
    ? findings
    : findings.sort((a, b) => comparePaths(a.path, b.path) || compare(a.ruleId, b.ruleId));
}

function toFinding(rule: Rule, severity: Severity, violation: Violation): Finding {
  const isUnchecked = violation.isUnchecked === true;
  return {
    ruleId: rule.id,
    severity,
    path: violation.path,
    headline: violation.headline,
    detail: violation.detail,
    remedy: violation.remedy ?? rule.remedy,
    ...(violation.cause === undefined ? {} : { cause: violation.cause }),
    ...(isUnchecked ? { isUnchecked } : {}),
    ...(rule.holdsBack === true && !isUnchecked ? { holdsBack: true } : {}),
  };
}

/** Segment by segment, so that `env[2]` comes before `env[10]`; a field comes before what is inside it. */
function comparePaths(a: FieldPath, b: FieldPath): number {
  for (let at = 0; at < a.length; at += 1) {
    const one = a[at];
    const other = b[at];
    if (one === other || one === undefined) continue;
    if (other === undefined) return 1;
    return typeof one === 'number' && typeof other === 'number' ? one - other : compare(String(one), String(other));
  }
  return a.length - b.length;
}

/** By code unit, not by locale: the same order on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
