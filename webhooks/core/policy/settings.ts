import { defaultParameters, type RuleParameters } from '../engine/parameters.ts';
import type { Action } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import type { NamedRule, PolicyDocument } from './document.ts';
import { missingParameters } from './parameter-shape.ts';
import type { PolicyProblem } from './problem.ts';
import { actionIn, type Beginning } from './profiles.ts';

/** What becomes of one rule, somewhere. */
export interface Setting {
  readonly action: Action;
  readonly parameters: RuleParameters;
  /** Which entry made it so, or that the profile did; absent where it is the rule's own. */
  readonly because?: string;
  /** No entry has named this rule, which judges only where one does. Another thing than being switched off. */
  readonly isUnnamed?: true;
}

/** What a policy does with a rule where no override says otherwise. */
export function settingOf(rule: Rule, document: PolicyDocument): Setting {
  const beginning = beginningOf(document);
  const parameters = defaultParameters(rule.parameters);
  const before: Setting =
    rule.isOptIn === true
      ? { action: 'off', parameters, isUnnamed: true }
      : { ...ofBeginning(beginning, rule), parameters };
  const named = ownNamed(document.rules ?? {}, rule);
  return named === undefined ? before : applyTo(before, named, { rule, beginning, because: 'rules' });
}

export function beginningOf({ extends: profile = 'restricted', compatibility }: PolicyDocument): Beginning {
  return { profile, compatibility: compatibility?.profile ?? 'default' };
}

/** Absent words: the policy begins with the rule as it is. */
function ofBeginning(beginning: Beginning, rule: Rule): Pick<Setting, 'action' | 'because'> {
  const action = actionIn(beginning, rule);
  if (action === rule.severity) return { action };
  const { profile, compatibility } = beginning;
  const isOfProfile = action === actionIn({ profile, compatibility: 'default' }, rule);
  return { action, because: isOfProfile ? `extends ${profile}` : `compatibility ${compatibility}` };
}

interface Entry {
  readonly rule: Rule;
  readonly beginning: Beginning;
  /** How the entry is called in sentences. */
  readonly because: string;
}

/** What an entry makes of what was said before it; the same where it changes nothing. */
export function applyTo(before: Setting, named: NamedRule, { rule, beginning, because }: Entry): Setting {
  const isFirst = before.isUnnamed === true;
  const atFirst = ofBeginning(beginning, rule);
  const action = allowed(rule, named.action ?? (isFirst ? atFirst.action : before.action));
  const isSame = !isFirst && action === before.action && named.parameters === undefined;
  if (isSame) return before;
  const { parameters } = named;
  const isOfBeginning = named.action === undefined && (isFirst || before.because === atFirst.because);
  const why = isOfBeginning && atFirst.because !== undefined ? `${because}, ${atFirst.because}` : because;
  if (parameters === undefined) return { action, parameters: before.parameters, because: why };
  return { action, parameters: { ...defaultParameters(rule.parameters), ...parameters }, because: why };
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

/**
 * Entries by which a rule would judge without a parameter that it needs. Entries add up, and still each override is compared
 * with what holds everywhere alone: parameters that are given are all that the rule needs, so who has some never loses them.
 */
export function findUnmetParameters(document: PolicyDocument, rules: readonly Rule[]): readonly PolicyProblem[] {
  const { overrides = [] } = document;
  const beginning = beginningOf(document);
  return rules
    .filter(({ parameters }) => parameters !== undefined)
    .flatMap((rule) => {
      const base = settingOf(rule, document);
      const settings = overrides.flatMap((override, index) => {
        const named = ownNamed(override.rules, rule);
        const at: FieldPath = ['overrides', index, 'rules', rule.id];
        return named === undefined ? [] : [{ at, setting: applyTo(base, named, { rule, beginning, because: '' }) }];
      });
      return [{ at: ['rules', rule.id] satisfies FieldPath, setting: base }, ...settings].flatMap(({ at, setting }) =>
        unmet(rule, at, setting),
      );
    });
}

function unmet(rule: Rule, at: FieldPath, setting: Setting): readonly PolicyProblem[] {
  return unmetNames(rule, setting).map((name) => ({
    path: [...at, 'parameters', name],
    headline: 'is missing',
    detail: `${rule.id} cannot judge without it`,
    remedy: 'Add it here, also where another override has it, or switch the rule off.',
  }));
}

/** Whether the rule could not judge as it is wanted; where it is off nothing is needed. */
export function isUnmet(rule: Rule, setting: Setting): boolean {
  return unmetNames(rule, setting).length > 0;
}

function unmetNames(rule: Rule, { action, parameters }: Setting): readonly string[] {
  return action === 'off' ? [] : missingParameters(rule.parameters, parameters);
}
