import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { ExemptionState, Severity } from './finding.ts';
import { defaultParameters, type RuleParameters } from './parameters.ts';
import type { Rule } from './rule.ts';

/** What a policy makes of what a rule finds; of a rule that is `off` nothing is asked. */
export type Action = Severity | 'off';

/** Which rules judge, and what becomes of what they find: a value, the same for the webhook, the reconciler and the CLI. */
export interface Policy {
  /** Every rule that it could let judge, those that are off included. */
  readonly rules: readonly Rule[];
  /**
   * By what the objects of this namespace are judged. Asked for every admission request, so it builds nothing where it was
   * asked before: all that are judged alike share one list.
   */
  readonly entriesFor: (namespace: string, labelsOf?: LabelsOf) => readonly PolicyEntry[];
  /** Whether this object is excused from the rule; asked only when something was found. Absent where nobody is. */
  readonly exemptionOf?: (ruleId: string, object: NamedObject, at: Moment) => Exemption | undefined;
  /** When it says something else although nobody changed it, RFC 3339: the next day on which an exemption is about to end, or ends. */
  readonly nextChange?: (at: Moment) => string | undefined;
  /** What servers get that say nothing, and how their pods are built. Absent: ours, the default. */
  readonly compatibility?: CompatibilityProfile;
}

/** One rule that judges, as the policy wants it. */
export interface PolicyEntry {
  readonly rule: Rule;
  readonly severity: Severity;
  readonly parameters: RuleParameters;
  /** Nothing is rolled out while it finds something. */
  readonly holdsBack: boolean;
  /** Which entry of the policy made it so: `overrides[2] prod-*`. Absent where it is so by itself. */
  readonly because?: string;
}

export interface NamedObject {
  readonly namespace: string;
  readonly name: string;
}

/** What it excused is tolerated afterwards only as long as the pods stay as they are (docs/decisions/0047). */
export interface Exemption {
  readonly state: ExemptionState;
  readonly because: string;
}

/** Labels of a namespace; undefined where nobody could tell. The same object as long as they are the same. */
export interface LabelsOf {
  (namespace: string): Readonly<Record<string, string>> | undefined;
  /** Namespaces may have more labels than that, and other values: what is not there is not known to be missing. */
  readonly isIncomplete?: true;
}

/** What a policy says may end at some time. RFC 3339; who has no use for it does not read it. */
export interface Moment {
  readonly now: string;
}

/** Every rule at the severity that it gives itself, but for those that only a policy asks for. */
export function atOwnSeverity(rules: readonly Rule[]): Policy {
  const entries = rules.filter(({ isOptIn }) => isOptIn !== true).map((rule) => ownEntry(rule));
  return { rules, entriesFor: () => entries };
}

/** A rule at its own severity, with the parameters that are given and the defaults of the others. */
export function ownEntry(rule: Rule, parameters: RuleParameters = {}): PolicyEntry {
  return {
    ...{ rule, severity: rule.severity, holdsBack: rule.holdsBack === true },
    parameters: { ...defaultParameters(rule.parameters), ...parameters },
  };
}

/** The same policy, asked by the rules of these ids only. */
export function restrictTo(policy: Policy, ids: ReadonlySet<string>): Policy {
  return {
    ...policy,
    rules: policy.rules.filter(({ id }) => ids.has(id)),
    entriesFor: (namespace, labelsOf) => policy.entriesFor(namespace, labelsOf).filter(({ rule }) => ids.has(rule.id)),
  };
}
