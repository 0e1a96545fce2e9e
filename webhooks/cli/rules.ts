import { rules as everyRule } from '../core/rules/index.gen.ts';
import { exitCodeOf } from './exit-code.ts';
import { schemaRuleId } from '../core/engine/schema-finding.ts';
import { renderRulePage } from './rule-page.ts';
import type { Terminal } from './terminal.ts';

/** The findings that are no rule of ours, but carry an id as well. */
const schemaSummary = 'What the API server itself requires: the schema, its CEL rules, metadata, known fields.';

const schemaPage = `# ${schemaRuleId}

${schemaSummary}

Severity: \`deny\`; an unknown field and a deprecated version are \`warn\`

## Why

The CustomResourceDefinition says which fields an MCPServer has and what they may hold. In a cluster the API server
enforces it before anybody else is asked, in its own words. Without a cluster, check does the same with the same schema.

## What to do

Correct the field that is named. kubectl explain mcpserver.spec --recursive lists every field.
`;

/** Lists every id that a finding can have. */
export function listRules(args: readonly string[], terminal: Terminal): number {
  if (args.length > 0) {
    terminal.writeError('usage: mcp-lifecycle rules\n\nLists every rule: id, severity, what must hold.\n');
    return exitCodeOf({ type: 'usage' });
  }
  const rows = [...everyRule, { id: schemaRuleId, severity: 'deny', summary: schemaSummary }];
  const width = Math.max(...rows.map(({ id }) => id.length));
  for (const { id, severity, summary } of rows) terminal.writeOut(`${id.padEnd(width)}  ${severity}  ${summary}\n`);
  return 0;
}

/** Prints the page of one rule. */
export function explain(args: readonly string[], terminal: Terminal): number {
  const [id, ...more] = args;
  const page = id === undefined || more.length > 0 ? undefined : pageOf(id);
  if (page === undefined) {
    const problem = id === undefined || more.length > 0 ? 'usage: mcp-lifecycle explain RULE' : `no rule '${id}'`;
    terminal.writeError(`${problem}\n\nmcp-lifecycle rules lists every rule.\n`);
    return exitCodeOf({ type: 'usage' });
  }
  terminal.writeOut(page);
  return 0;
}

function pageOf(id: string): string | undefined {
  if (id === schemaRuleId) return schemaPage;
  const rule = everyRule.find((one) => one.id === id);
  return rule === undefined ? undefined : renderRulePage(rule);
}
