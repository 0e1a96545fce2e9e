import type { Rule } from '../core/engine/rule.ts';
import { schemaRuleId } from '../core/engine/schema-finding.ts';
import { rules as everyRule } from '../core/rules/index.gen.ts';
import { parseOptions } from './options.ts';
import { renderRulePage } from './rule-page.ts';
import type { Terminal } from './terminal.ts';
import { refuseUsage, tellUsage } from './usage.ts';

/** The findings that are no rule of ours, but carry an id as well. */
const schemaRule = {
  id: schemaRuleId,
  severity: 'deny',
  summary: 'What the API server itself requires: the schema, its CEL rules, metadata, known fields.',
  rationale:
    'The CustomResourceDefinition says which fields an MCPServer has and what they may hold. In a cluster the API ' +
    'server enforces it before anybody else is asked, in its own words. Without a cluster, check does the same with ' +
    'the same schema.',
  remedy: 'Correct the field that is named. kubectl explain mcpserver.spec --recursive lists every field.',
} as const satisfies Listed;

const schemaPage = `# ${schemaRule.id}

${schemaRule.summary}

Severity: \`${schemaRule.severity}\`; an unknown field and a deprecated version are \`warn\`

## Why

${schemaRule.rationale}

## What to do

${schemaRule.remedy}
`;

export const rulesUsage = `usage: mcp-lifecycle rules [--output text|json]

Lists every rule: id, severity, what must hold. JSON also says why, and what to do.
`;

/** Of the JSON: it changes when a field changes its meaning or goes; new fields may come at any time. */
const rulesSchemaVersion = 'mcp-lifecycle.rules/v1';

/** Lists every id that a finding can have. */
export function listRules(args: readonly string[], terminal: Terminal): number {
  const parsed = parseOptions(
    args,
    {
      output: { type: 'string', short: 'o', default: 'text' },
    },
    { output: ['text', 'json'] },
  );
  if (parsed.ok && parsed.values['help'] === true) return tellUsage(rulesUsage, terminal);
  if (!parsed.ok || parsed.positionals.length > 0) {
    return refuseUsage(parsed.ok ? 'rules takes no argument' : parsed.problem, rulesUsage, terminal);
  }
  const rows: readonly Listed[] = [...everyRule, schemaRule];
  terminal.writeOut(parsed.values['output'] === 'json' ? renderRulesJson(rows) : renderRulesText(rows));
  return 0;
}

type Listed = Pick<Rule, 'id' | 'severity' | 'summary' | 'rationale' | 'remedy'>;

function renderRulesText(rows: readonly Listed[]): string {
  const width = Math.max(...rows.map(({ id }) => id.length));
  return rows.map(({ id, severity, summary }) => `${id.padEnd(width)}  ${severity}  ${summary}\n`).join('');
}

function renderRulesJson(rows: readonly Listed[]): string {
  const rules = rows.map(({ id, severity, summary, rationale, remedy }) => {
    return { id, severity, summary, rationale, remedy };
  });
  return `${JSON.stringify({ schemaVersion: rulesSchemaVersion, rules }, null, 2)}\n`;
}

export const explainUsage = `usage: mcp-lifecycle explain RULE

Prints why a rule exists and what it accepts. RULE is the id at the end of a finding, with or without its brackets;
mcp-lifecycle rules lists every rule.
`;

/** Prints the page of one rule. */
export function explain(args: readonly string[], terminal: Terminal): number {
  const parsed = parseOptions(args);
  if (parsed.ok && parsed.values['help'] === true) return tellUsage(explainUsage, terminal);
  const page: Page = parsed.ok ? pageNamed(parsed.positionals) : { ok: false, problem: parsed.problem };
  if (!page.ok) return refuseUsage(page.problem, explainUsage, terminal);
  terminal.writeOut(page.text);
  return 0;
}

type Page = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

function pageNamed([word, ...more]: readonly string[]): Page {
  if (word === undefined || more.length > 0) return { ok: false, problem: 'name one rule' };
  // A finding ends in the id in brackets, and that is what gets copied.
  const id = word.replace(/^\[(.*)\]$/, '$1');
  const text = pageOf(id);
  return text === undefined ? { ok: false, problem: `no rule '${id}'` } : { ok: true, text };
}

function pageOf(id: string): string | undefined {
  if (id === schemaRuleId) return schemaPage;
  const rule = everyRule.find((one) => one.id === id);
  return rule === undefined ? undefined : renderRulePage(rule);
}
