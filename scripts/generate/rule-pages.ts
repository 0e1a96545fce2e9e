import { renderRulePage } from '../../webhooks/cli/rule-page.ts';
import type { Rule } from '../../webhooks/core/engine/rule.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { findMembers } from './members.ts';
import { inRepository } from './root.ts';

const rulesFolder = 'webhooks/core/rules';
const pagesFolder = 'docs/rules';

/** One page per rule from its metadata and examples, and the index of them. */
export const rulePages: Generator = {
  name: 'rule pages',
  folder: pagesFolder,
  async generate() {
    const rules = await loadRules();
    return [renderIndex(rules), ...rules.map(toRulePage)];
  },
};

/** Read from the files, not from index.gen.ts, which this very run may be about to change. */
export async function loadRules(): Promise<readonly Rule[]> {
  const members = await findMembers(inRepository(rulesFolder), 'Rule');
  return Promise.all(
    members.map(async ({ id, constant }) => {
      const module = (await import(inRepository(`${rulesFolder}/${id}.ts`))) as Record<string, Rule | undefined>;
      const rule = module[constant];
      if (rule?.id !== id)
        throw new Error(`${rulesFolder}/${id}.ts: the id of the rule has to be '${id}', as its file is named.`);
      return rule;
    }),
  );
}

function renderIndex(rules: readonly Rule[]): GeneratedFile {
  const rows = rules.map(({ id, severity, isOptIn, summary }) => {
    const when = isOptIn === true ? `${severity}, by policy` : severity;
    return `| [${id}](${id}.md) | ${when} | ${summary} |`;
  });
  const content = `${generatedMarkdownHeader(rulesFolder)}
# Rules

What must hold for an MCPServer. \`deny\` refuses the request, \`warn\` admits it and says so; a [policy](../reference/policy.md) changes that.
One that is marked \`by policy\` judges nothing until a policy names it.

| Rule | Severity | What must hold |
| --- | --- | --- |
${rows.join('\n')}
`;
  return { path: `${pagesFolder}/README.md`, content };
}

/** The page of one rule, as `mcp-lifecycle explain` prints it; exported for its test. */
export function toRulePage(rule: Rule): GeneratedFile {
  const header = generatedMarkdownHeader(`${rulesFolder}/${rule.id}.ts`);
  return { path: `${pagesFolder}/${rule.id}.md`, content: `${header}\n${renderRulePage(rule)}` };
}
