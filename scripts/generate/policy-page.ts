import type { Rule } from '../../webhooks/core/engine/rule.ts';
import {
  actions,
  describeDocument,
  maxPolicyBytes,
  policyApiVersion,
  policyKind,
  policyLimits,
} from '../../webhooks/core/policy/document.ts';
import { actionUnder, holdsBackUnder } from '../../webhooks/core/policy/compatibility.ts';
import { announcedDays } from '../../webhooks/core/policy/exemptions.ts';
import { profiles } from '../../webhooks/core/policy/profiles.ts';
import type { Field } from '../../webhooks/core/policy/shape.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { loadRules } from './rule-pages.ts';

/** docs/reference/policy.md: every field of a policy, every profile, every parameter of a rule. */
export const policyPage: Generator = {
  name: 'policy page',
  async generate() {
    return [{ path: 'docs/reference/policy.md', content: renderPolicyPage(await loadRules()) }];
  },
};

const meanings = {
  deny: 'The request is refused. An update that leaves it as it was is admitted with a warning `(not new)`.',
  warn: 'The request is admitted, and whoever sent it is warned.',
  audit: 'Nobody who asks is told: it is in the audit annotation `audited` and in the JSON of `check`.',
  off: 'The rule judges nothing. YAML reads the word as `false`, which means the same here.',
} as const satisfies Record<(typeof actions)[number], string>;

function renderPolicyPage(rules: readonly Rule[]): string {
  const { policy, compatibility, override, exemption } = describeDocument(rules);
  return `${generatedMarkdownHeader('webhooks/core/policy')}
# Policy

One file, \`apiVersion: ${policyApiVersion}\`, \`kind: ${policyKind}\`, of at most ${maxPolicyBytes} bytes. How to write one: [the guide](../guides/policy.md). The same as a JSON
schema: [policy.schema.json](policy.schema.json). \`mcp-lifecycle policy check FILE\` says what is wrong with one.

## Fields

${renderFields(policy)}
### compatibility

${renderFields(compatibility)}
### overrides[]

At most ${policyLimits.overrides}. \`namespaces\` or \`namespaceLabels\` has to be there; with both, both have to hold.

${renderFields(override)}
### exemptions[]

At most ${policyLimits.exemptions}. For ${announcedDays} days before \`expires\` each change of the server is warned. From that day on the rule is enforced: changes of the
object's metadata and of its replicas pass as they do for every violation that was there before, changes of its pods do not.

${renderFields(exemption)}
### What is said of a rule

| Field | What it is |
| --- | --- |
| \`action\` | ${Object.keys(meanings)
    .map((action) => `\`${action}\``)
    .join(
      ', ',
    )}. Without it, as before this entry; of a rule that judges nothing by itself and that no entry named before, its own severity. |
| \`parameters\` | All parameters that are not the rule's defaults; those of an entry before this one are replaced as a whole, so what has no default has to be there. |

## Actions

| Action | What it does |
| --- | --- |
${actions.map((action) => `| \`${action}\` | ${meanings[action]} |`).join('\n')}

## Profiles

| Profile | What it is |
| --- | --- |
${Object.entries(profiles)
  .map(([name, { summary }]) => `| \`${name}\` | ${summary} |`)
  .join('\n')}

${renderRules(rules)}`;
}

function renderRules(rules: readonly Rule[]): string {
  return `## Rules

What a rule does in each profile where no entry names it. *mandatory*: no policy makes it less severe, and nobody is excused from it. *holds back*:
it cannot be \`off\`, and nothing is rolled out while it finds something, whatever the action. *reference*: under \`compatibility.profile: reference\`.

| Rule | ${Object.keys(profiles).join(' | ')} | |
| --- | ${Object.keys(profiles)
    .map(() => '---')
    .join(' | ')} | --- |
${rules.map(renderRule).join('\n')}

## Parameters

| Rule | Parameter | Type | Default | What it is |
| --- | --- | --- | --- | --- |
${rules.flatMap(renderParameters).join('\n')}
`;
}

function renderFields(fields: Readonly<Record<string, Field<unknown>>>): string {
  const rows = Object.entries(fields).map(
    ([name, { help, isRequired }]) => `| \`${name}\` | ${isRequired ? 'yes' : 'no'} | ${help} |\n`,
  );
  return `| Field | Required | What it is |\n| --- | --- | --- |\n${rows.join('')}`;
}

function renderRule(rule: Rule): string {
  const { id, isMandatory, isOptIn } = rule;
  const inProfiles = Object.values(profiles).map(({ actionOf }) => {
    if (isOptIn === true) return 'off';
    return isMandatory === true ? 'deny' : actionOf(rule);
  });
  const marks = [...(isMandatory === true ? ['mandatory'] : []), ...marksOf(rule)];
  return `| [${id}](../rules/${id}.md) | ${inProfiles.join(' | ')} | ${marks.join(', ')} |`;
}

/** What `reference` changes of a rule whose severity is its own. */
function marksOf(rule: Rule): readonly string[] {
  const own = holdsBackUnder('default', rule);
  const there = holdsBackUnder('reference', rule);
  const isRefusal = rule.isMandatory !== true && rule.isOptIn !== true && rule.severity === 'deny';
  const isLooser = isRefusal && actionUnder('reference', rule, 'deny') !== 'deny';
  const reference = [...(isLooser ? ['warn'] : []), ...(there === own ? [] : [there ? 'holds back' : 'lets roll out'])];
  return [
    ...(own ? ['holds back'] : []),
    ...(reference.length === 0 ? [] : [`*reference*: ${reference.join(' and ')}`]),
  ];
}

function renderParameters({ id, parameters = {} }: Rule): readonly string[] {
  return Object.entries(parameters).map(([name, parameter]) => {
    const { type, help, isOptional } = parameter;
    const standard = parameter.default === undefined ? undefined : `\`${JSON.stringify(parameter.default)}\``;
    const otherwise = standard ?? (isOptional === true ? 'may be absent' : 'has to be given');
    return `| [${id}](../rules/${id}.md) | \`${name}\` | ${type} | ${otherwise} | ${help} |`;
  });
}
