import { defaultParameters, type RuleParameters } from '../engine/parameters.ts';
import type { Action } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import type { NamedRule, PolicyDocument } from './document.ts';
import { missingParameters } from './parameter-shape.ts';
import type { PolicyProblem } from './problem.ts';
import { actionIn, type ProfileName } from './profiles.ts';

/** What becomes of one rule, somewhere. */
export interface Setting {
  readonly action: Action;
  readonly parameters: RuleParameters;
  /** Which entry made it so; absent where it is the rule's own or the profile's. */
  readonly because?: string;
}

/** What a policy does with a rule where no override says otherwise. */
export function settingOf(rule: Rule, { extends: profile = 'restricted', rules = {} }: PolicyDocument): Setting {
  const parameters = defaultParameters(rule.parameters);
  const before: Setting = { action: rule.isOptIn === true ? 'off' : actionIn(profile, rule), parameters };
  const named = ownNamed(rules, rule);
  return named === undefined ? before : applyTo(before, named, { rule, profile, because: 'rules' });
}

interface Entry {
  readonly rule: Rule;
  readonly profile: ProfileName;
  /** How the entry is called in sentences. */
  readonly because: string;
}

/** What an entry makes of what was said before it; the same where it changes nothing. */
export function applyTo(before: Setting, named: NamedRule, { rule, profile, because }: Entry): Setting {
  const action = allowed(
    rule,
    named.action ?? (before.action === 'off' && rule.isOptIn === true ? actionIn(profile, rule) : before.action),
  );
  const isSame = action === before.action && named.parameters === undefined;
  if (isSame) return before;
  const { parameters } = named;
  if (parameters === undefined) return { action, parameters: before.parameters, because };
  return { action, parameters: { ...defaultParameters(rule.parameters), ...parameters }, because };
}

/** Reading told what is not done. */
function allowed({ isMandatory, holdsBack }: Rule, action: Action): Action {
  if (isMandatory === true) return 'deny';
  return holdsBack === true && action === 'off' ? 'audit' : action;
}

/** What an entry says about a rule; nothing of what every object of JavaScript has. */
export function ownNamed(named: Readonly<Record<string, NamedRule>>, { id }: Rule): NamedRule | undefined {
  return Object.hasOwn(named, id) ? named[id] : undefined;
}

/** Entries by which a rule would judge without a parameter that it needs. */
export function findUnmetParameters(document: PolicyDocument, rules: readonly Rule[]): readonly PolicyProblem[] {
  const { extends: profile = 'restricted', overrides = [] } = document;
  return rules
    .filter(({ parameters }) => parameters !== undefined)
    .flatMap((rule) => {
      const base = settingOf(rule, document);
      const settings = overrides.flatMap((override, index) => {
        const named = ownNamed(override.rules, rule);
        const at: FieldPath = ['overrides', index, 'rules', rule.id];
        return named === undefined ? [] : [{ at, setting: applyTo(base, named, { rule, profile, because: '' }) }];
      });
      return [{ at: ['rules', rule.id] satisfies FieldPath, setting: base }, ...settings].flatMap(({ at, setting }) =>
        unmet(rule, at, setting),
      );
    });
}

function unmet(rule: Rule, at: FieldPath, { action, parameters }: Setting): readonly PolicyProblem[] {
  if (action === 'off') return [];
  return missingParameters(rule.parameters, parameters).map((name) => ({
    path: [...at, 'parameters', name],
    headline: 'is missing',
    detail: `${rule.id} cannot judge without it`,
    remedy: 'Add it, or switch the rule off.',
  }));
}
