import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import type { Finding, Severity } from './finding.ts';
import type { Moment, Policy } from './policy.ts';
import type { Rule, RuleInput } from './rule.ts';

/**
 * Everything that the rules have to say about one server, every finding at once, in an order that depends on nothing
 * but the findings: by path (list items by their number), then by rule id. Runs for every admission
 * request, so a server without findings costs the checks and one empty list.
 */
export function evaluate(input: RuleInput, context: Moment & { readonly policy: Policy }): readonly Finding[] {
  const { rules, severityOf } = context.policy;
  const findings: Finding[] = [];
  for (const rule of rules) {
    const violations = rule.check(input);
    if (violations.length === 0) continue;
    const severity = severityOf(rule, context);
    for (const violation of violations) findings.push(toFinding(rule, severity, violation));
  }
  return findings.length < 2
    ? findings
    : findings.sort((a, b) => comparePaths(a.path, b.path) || compare(a.ruleId, b.ruleId));
}

function toFinding(rule: Rule, severity: Severity, violation: Violation): Finding {
  const { cause, isUnchecked } = violation;
  const finding: Finding = {
    ruleId: rule.id,
    severity,
    path: violation.path,
    headline: violation.headline,
    detail: violation.detail,
    remedy: violation.remedy ?? rule.remedy,
  };
  // Nearly every finding has nothing more to it.
  if (cause === undefined && isUnchecked === undefined && rule.holdsBack === undefined) return finding;
  return {
    ...finding,
    ...(cause === undefined ? {} : { cause }),
    ...(isUnchecked === true ? { isUnchecked } : {}),
    ...(rule.holdsBack === true && isUnchecked !== true ? { holdsBack: true } : {}),
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
