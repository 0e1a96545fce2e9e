import { namespaceOf } from '../mcpserver/names.ts';
import type { FieldPath, Violation } from '../mcpserver/violation.ts';
import type { Finding, Severity } from './finding.ts';
import type { Exemption, LabelsOf, Moment, Policy, PolicyEntry } from './policy.ts';
import type { RuleInput } from './rule.ts';

export interface EvaluateContext extends Moment {
  readonly policy: Policy;
  /** Absent where nobody knows labels of namespaces. */
  readonly labelsOf?: LabelsOf | undefined;
  /** The ids of the rules that are asked, and no others. Absent: every rule of the policy. */
  readonly only?: ReadonlySet<string> | undefined;
}

/**
 * Everything that the rules have to say about one server, every finding at once, in an order that depends on nothing
 * but the findings: by path (list items by their number), then by rule id. Runs for every admission
 * request, so a server without findings costs the checks and one empty list.
 */
export function evaluate(input: RuleInput, context: EvaluateContext): readonly Finding[] {
  const findings: Finding[] = [];
  const { policy, labelsOf, only } = context;
  for (const entry of policy.entriesFor(namespaceOf(input.server), labelsOf)) {
    const { rule } = entry;
    if (only !== undefined && !only.has(rule.id)) continue;
    const violations = rule.check(input, entry.parameters);
    if (violations.length === 0) continue;
    const ruling = rulingOf(entry, input, context);
    for (const violation of violations) findings.push(toFinding(entry, ruling, violation));
  }
  return inOrder(findings);
}

/** So many are put in order in place: `sort` takes memory and a while before it begins. */
const few = 16;

function inOrder(findings: Finding[]): readonly Finding[] {
  if (findings.length > few) return findings.sort(compareFindings);
  for (let next = 1; next < findings.length; next += 1) {
    const finding = findings[next];
    if (finding === undefined) break;
    let place = next;
    for (
      let before = findings[place - 1];
      before !== undefined && compareFindings(before, finding) > 0;
      before = findings[place - 1]
    ) {
      findings[place] = before;
      place -= 1;
    }
    findings[place] = finding;
  }
  return findings;
}

function compareFindings(a: Finding, b: Finding): number {
  return comparePaths(a.path, b.path) || compare(a.ruleId, b.ruleId);
}

/** What becomes of what a rule found in one object. */
type Ruling = Pick<Finding, 'severity' | 'because' | 'exemption'>;

function rulingOf(entry: PolicyEntry, { server }: RuleInput, context: EvaluateContext): Ruling {
  const { exemptionOf } = context.policy;
  if (exemptionOf === undefined) return entry;
  const object = { namespace: namespaceOf(server), name: server.metadata.name };
  const exemption = exemptionOf(entry.rule.id, object, context);
  return exemption === undefined ? entry : exempt(entry.severity, exemption);
}

function exempt(severity: Severity, { state, because }: Exemption): Ruling {
  switch (state) {
    case 'excused':
      return { severity: 'audit', because, exemption: state };
    case 'ending':
      return { severity: severity === 'audit' ? 'audit' : 'warn', because, exemption: state };
    case 'ended':
      return { severity, because, exemption: state };
  }
}

function toFinding(
  { rule, holdsBack }: PolicyEntry,
  { severity, because, exemption }: Ruling,
  violation: Violation,
): Finding {
  const { cause, dependsOn, isUnchecked } = violation;
  const finding: Draft<Finding> = {
    ruleId: rule.id,
    severity,
    path: violation.path,
    headline: violation.headline,
    detail: violation.detail,
    remedy: violation.remedy ?? rule.remedy,
  };
  // Nearly every finding has nothing more to it, and none is copied for what it has.
  if (cause !== undefined) finding.cause = cause;
  if (dependsOn !== undefined) finding.dependsOn = dependsOn;
  if (isUnchecked === true) finding.isUnchecked = true;
  else if (holdsBack) finding.holdsBack = true;
  if (because !== undefined) finding.because = because;
  if (exemption !== undefined) finding.exemption = exemption;
  return finding;
}

/** What is being made, before anybody else sees it. */
type Draft<Value> = { -readonly [Field in keyof Value]: Value[Field] };

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
