import { firstRevision } from '../core/engine/rule.ts';
import { rules as everyRule } from '../core/rules/index.gen.ts';
import { defineCommand } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { namesOf } from './names-of.ts';
import { rulesSchemaVersion } from './schemas/rules.ts';
import { schemaRule, type ListedRule } from './schema-rule.ts';

/** What `rules --output` takes; the first is the default. */
const ruleOutputs = {
  text: renderRulesText,
  json: renderRulesJson,
} as const satisfies Readonly<Record<string, (rows: readonly ListedRule[]) => string>>;

/** Lists every id that a finding can have. */
export const listRules = defineCommand({
  synopsis: 'rules [options]',
  description:
    'Lists every rule: id, severity, what must hold; by policy: only where a policy asks for it. JSON also says why, what to\ndo, and what parameters there are.\n',
  examples: ['rules --output json'],
  options: {
    output: { type: 'choice', choices: namesOf(ruleOutputs), short: 'o', help: 'for people, or for programs' },
  },
  exitCodes: { clean: 'listed' },
  argumentWords: [],
  judgeArguments: ([word]) => (word === undefined ? undefined : 'rules takes no argument'),
  run({ values }, { writeOut }) {
    const listed = everyRule.map((rule): ListedRule => ({ stricterIn: firstRevision, ...rule }));
    writeOut(ruleOutputs[values.output]([...listed, schemaRule]));
    return exitCodes.clean;
  },
});

function renderRulesText(rows: readonly ListedRule[]): string {
  const width = Math.max(...rows.map(({ id }) => id.length));
  return rows
    .map(({ id, severity, isOptIn, summary }) => {
      const when = isOptIn === true ? 'by policy: ' : '';
      return `${id.padEnd(width)}  ${severity}  ${when}${summary}\n`;
    })
    .join('');
}

function renderRulesJson(rows: readonly ListedRule[]): string {
  const rules = rows.map(({ id, severity, isOptIn = false, parameters = {}, ...row }) => {
    const { stricterIn, summary, rationale, remedy } = row;
    const described = Object.entries(parameters).map(([name, one]) => {
      return { name, type: one.type, default: one.default, help: one.help };
    });
    return { id, severity, isOptIn, stricterIn, parameters: described, summary, rationale, remedy };
  });
  return `${JSON.stringify({ schemaVersion: rulesSchemaVersion, rules }, null, 2)}\n`;
}
