import { referencesOf } from '../mcpserver/references.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import type { Finding } from './finding.ts';
import type { Rule, RuleInput } from './rule.ts';

/** What is judged; `references` may be given by who has listed them already, and is then not listed again. */
export type Subject = Omit<RuleInput, 'references'> & Partial<Pick<RuleInput, 'references'>>;

/**
 * Everything that the rules have to say about one server, every finding at once, in an order that depends on nothing
 * but the findings: by path (list items by their number), then by rule id. Runs for every admission
 * request, so a server without findings costs the checks and one empty list.
 */
export function evaluate(rules: readonly Rule[], subject: Subject): readonly Finding[] {
  const { server, facts, installation } = subject;
  const input = { server, facts, installation, references: subject.references ?? referencesOf(server) };
  const findings: Finding[] = [];
  for (const rule of rules) {
    const violations = rule.check(input);
    if (violations.length === 0) continue;
    for (const violation of violations) findings.push(toFinding(rule, violation));
  }
  return findings.length < 2
    ? findings
    : findings.sort((a, b) => comparePaths(a.path, b.path) || compare(a.ruleId, b.ruleId));
}

function toFinding(rule: Rule, violation: Violation): Finding {
  return {
    ruleId: rule.id,
    severity: rule.severity,
    path: violation.path,
    headline: violation.headline,
    detail: violation.detail,
    remedy: violation.remedy ?? rule.remedy,
    ...(violation.isUnchecked === true ? { isUnchecked: true } : {}),
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
