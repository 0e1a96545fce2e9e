import { defaultParameters, type RuleParameters } from '../engine/parameters.ts';
import type { Action } from '../engine/policy.ts';
import type { Rule } from '../engine/rule.ts';
import { schemaRuleId } from '../engine/schema-finding.ts';
import { compatibilityProfiles } from '../mcpserver/compatibility.ts';
import { isRecord } from '../mcpserver/record.ts';
import { missingParameters, parametersShape } from './parameter-shape.ts';
import { describe } from './problem.ts';
import { profiles, type ProfileName } from './profiles.ts';
import { choice, list, map, object, optional, required, text, type Read, type Shape } from './shape.ts';

export const policyApiVersion = 'mcp-lifecycle.policy/v1alpha1';

export const policyKind = 'Policy';

/** Longest text of a policy, in bytes: what a ConfigMap has room for (https://kubernetes.io/docs/concepts/configuration/configmap/). */
export const maxPolicyBytes = 1_048_576;

/** Most of each that one policy has. All together fit into a ConfigMap many times over, and are settled in milliseconds. */
export const policyLimits = { rules: 200, overrides: 200, namespaces: 100, labels: 20, exemptions: 1_000 } as const;

/** From the strictest to the least strict. */
export const actions = ['deny', 'warn', 'audit', 'off'] as const satisfies readonly Action[];

/** A namespace, or a part of its name with `*` for the rest. */
const namespacePattern = text({
  maxLength: 63,
  pattern: /^[a-z0-9*-]+$/,
  what: 'the name of a namespace, or a part of it with * for the rest',
});

const labelKey = { maxLength: 317, pattern: /^[A-Za-z0-9./_-]+$/, what: 'the key of a label' };

const aText = (what: string): Shape<string> => text({ maxLength: 300, what: `${what}, of at most 300 characters` });

/** A day that exists. */
const day: Shape<string> = {
  schema: { type: 'string', format: 'date', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
  read(raw, at, tell) {
    if (typeof raw === 'string' && isDay(raw)) return raw;
    const remedy = 'Write year, month and day, in quotes where YAML would make something else of it.';
    tell.wrong({ path: at, headline: 'has to be a day, such as 2026-12-31', detail: `found ${describe(raw)}`, remedy });
    return undefined;
  },
};

/** JavaScript takes the 31st of February for a day in March, so it is written out again. */
function isDay(written: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(written)) return false;
  const time = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(time.valueOf()) && time.toISOString().startsWith(written);
}

/** What an entry says about one rule; nothing of what is absent. */
export interface NamedRule {
  readonly action: Action | undefined;
  readonly parameters: RuleParameters | undefined;
}

export type NamedRules = Readonly<Record<string, NamedRule>>;

/** What a rule can be made is for the schema alone: at run time an action that a rule does not take is told, and not done. */
function actionShape({ isMandatory, holdsBack }: Rule): Shape<Action> {
  const possible = actions.filter((action) =>
    isMandatory === true ? action === 'deny' : !(holdsBack === true && action === 'off'),
  );
  // What YAML makes of `off` is false, as it does of `no`.
  const written = possible.flatMap<Action | false>((action) => (action === 'off' ? [action, false] : [action]));
  const anyAction = choice(actions);
  return {
    schema: { enum: written },
    read: (raw, at, tell) => (raw === false ? 'off' : anyAction.read(raw, at, tell)),
  };
}

function ruleShape(rule: Rule): Shape<NamedRule> {
  return object({
    action: optional(
      actionShape(rule),
      'What becomes of what the rule finds; `off` may be `false`, which is what YAML makes of it. Without it, as before this entry; of a rule that judges nothing by itself and that no entry named before, its own severity.',
    ),
    parameters: optional(
      parametersShape(rule.parameters),
      'All parameters of the rule that are not its defaults; those of an entry before this one are replaced as a whole.',
    ),
  });
}

/**
 * Before this entry there is nothing, so a rule that judges by it needs all its parameters here. For the schema alone: reading
 * looks at what entries make of each other.
 */
function firstRuleShape(rule: Rule): Shape<NamedRule> {
  const shape = ruleShape(rule);
  if (missingParameters(rule.parameters, defaultParameters(rule.parameters)).length === 0) return shape;
  const isOff = { properties: { action: { enum: ['off', false] } }, required: ['action'] };
  // Of two that could hold, validators say what both lack.
  return { ...shape, schema: { ...shape.schema, if: isOff, else: { required: ['parameters'] } } };
}

/** Rules by id. What this release does not know is told and left out: the policy may be older or newer. */
function rulesShape(rules: readonly Rule[], shapeOf = ruleShape): Shape<NamedRules> {
  const byId = new Map(rules.map((rule) => [rule.id, shapeOf(rule)]));
  const properties = rules.map((rule) => [rule.id, { description: rule.summary, ...shapeOf(rule).schema }] as const);
  return {
    schema: { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false },
    read(raw, at, tell) {
      if (!isRecord(raw) || Object.keys(raw).length > policyLimits.rules) {
        const headline = `has to be an object of at most ${policyLimits.rules} rules by their ids`;
        tell.wrong({ path: at, headline, detail: `found ${describe(raw)}`, remedy: 'Correct this field.' });
        return undefined;
      }
      const read = Object.entries(raw).flatMap(([id, one]) => {
        const shape = byId.get(id);
        if (shape === undefined) {
          tell.ignored({ path: [...at, id], ...unknownRule(id) });
          return [];
        }
        if (!isAction(one)) return [[id, shape.read(one, [...at, id], tell)] as const];
        tell.wrong({ path: [...at, id], ...actionAlone(one) });
        return [[id, undefined] as const];
      });
      const known = read.flatMap(([id, one]) => (one === undefined ? [] : [[id, one] as const]));
      return known.length === read.length ? Object.fromEntries(known) : undefined;
    },
  };
}

/** `false` is what YAML makes of `off`. */
function isAction(raw: unknown): raw is Action | false {
  return raw === false || actions.some((action) => action === raw);
}

function actionAlone(action: Action | false): {
  readonly headline: string;
  readonly detail: string;
  readonly remedy: string;
} {
  const name = action === false ? 'off' : action;
  return { headline: 'has to be an object', detail: `found ${name}`, remedy: `Write action: ${name} below it.` };
}

function unknownRule(id: string): { readonly headline: string; readonly detail: string; readonly remedy: string } {
  if (id === schemaRuleId) {
    const detail = 'the API server itself says that, and no policy changes it';
    return { headline: 'is no rule', detail, remedy: 'Remove it.' };
  }
  const remedy = 'Correct the id, or remove it: mcp-lifecycle rules lists every rule.';
  return { headline: 'is no rule of this release', detail: `found ${describe(id)}`, remedy };
}

const overrideFields = (rules: readonly Rule[]) => ({
  namespaces: optional(
    list(namespacePattern, { minItems: 1, maxItems: policyLimits.namespaces }),
    'Names of namespaces; `*` in one stands for any characters. One of them has to match.',
  ),
  namespaceLabels: optional(
    map(text({ minLength: 0, maxLength: 63, what: 'the value of a label' }), {
      ...{ key: labelKey, minProperties: 1, maxProperties: policyLimits.labels },
    }),
    'Labels that the namespace has to have, all of them, at least one; a value may be empty. Where nobody can tell, the strictest of what is possible is done, and told as `not checked`.',
  ),
  rules: required(rulesShape(rules), 'What is different in these namespaces, by the id of the rule.'),
});

function excusableShape(rules: readonly Rule[]): Shape<string> {
  const ids = rules.filter(({ isMandatory }) => isMandatory !== true).map(({ id }) => id);
  return { ...text({ maxLength: 100, what: 'the id of a rule' }), schema: { enum: ids } };
}

const exemptionFields = (rules: readonly Rule[]) => ({
  rule: required(excusableShape(rules), 'The id of the rule.'),
  namespace: required(
    text({ maxLength: 63, pattern: /^[a-z0-9-]+$/, what: 'the name of a namespace' }),
    'The namespace of the MCPServer, by its whole name.',
  ),
  name: required(
    text({ maxLength: 253, pattern: /^[a-z0-9.-]+$/, what: 'the name of an MCPServer' }),
    'The MCPServer, by its whole name: labels are written by those who would be excused.',
  ),
  reason: required(aText('why'), 'Why it is excused.'),
  owner: required(aText('who answers for it'), 'Who answers for it, and is asked when it ends.'),
  expires: required(day, 'The first day on which it is enforced again, in UTC.'),
});

function overrideShape(rules: readonly Rule[]): Shape<PolicyOverride> {
  const shape = object(overrideFields(rules));
  const named = ['namespaces', 'namespaceLabels'].map((field) => ({ required: [field] }));
  return { ...shape, schema: { ...shape.schema, anyOf: named } };
}

const compatibilityFields = {
  profile: required(
    choice(compatibilityProfiles),
    '`default`, or `reference`: what the reference operator accepts is accepted, and pods are as it makes them ([compatibility](../compatibility.md)). In a cluster it has to be what the value `compatibility.profile` of the chart says.',
  ),
};

const documentFields = (rules: readonly Rule[]) => ({
  apiVersion: required(choice([policyApiVersion]), 'The version of this format.'),
  kind: required(choice([policyKind]), 'What this is.'),
  extends: optional(
    choice(Object.keys(profiles).filter((name): name is ProfileName => Object.hasOwn(profiles, name))),
    'What the policy begins with. Default: `restricted`.',
  ),
  compatibility: optional(
    object(compatibilityFields),
    'Whose behaviour counts where ours differs on purpose from that of the reference operator: an object with `profile`. Default: ours.',
  ),
  rules: optional(rulesShape(rules, firstRuleShape), 'What is different everywhere, by the id of the rule.'),
  overrides: optional(
    list(overrideShape(rules), { maxItems: policyLimits.overrides }),
    'What is different in some namespaces. Of several that match, the last one that names a rule decides.',
  ),
  exemptions: optional(
    list(object(exemptionFields(rules)), { maxItems: policyLimits.exemptions }),
    'Single MCPServers that are excused from a rule for a while.',
  ),
});

export type PolicyDocument = Read<ReturnType<typeof documentFields>>;
export type PolicyOverride = Read<ReturnType<typeof overrideFields>>;
export type PolicyExemption = Read<ReturnType<typeof exemptionFields>>;

/** The whole document, for these rules. */
export function documentShape(rules: readonly Rule[]): Shape<PolicyDocument> {
  return object(documentFields(rules));
}

/** The parts of the reference page, top down. */
export function describeDocument(rules: readonly Rule[]) {
  return {
    policy: documentFields(rules),
    compatibility: compatibilityFields,
    override: overrideFields(rules),
    exemption: exemptionFields(rules),
  } as const;
}
