import { stringify } from 'yaml';
import type { Example, Rule } from '../../webhooks/core/engine/rule.ts';
import { anMCPServer, withMetadata, withRawSpec } from '../../webhooks/core/testing/builders.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { findMembers } from './members.ts';
import { inRepository } from './root.ts';

const rulesFolder = 'webhooks/core/rules';
const pagesFolder = 'docs/rules';

/** One page per rule from its metadata and examples, and the index of them. */
export const rulePages: Generator = {
  name: 'rule pages',
  async generate() {
    const rules = await loadRules();
    return [renderIndex(rules), ...rules.map(renderRulePage)];
  },
};

/** Read from the files, not from index.gen.ts, which this very run may be about to change. */
async function loadRules(): Promise<readonly Rule[]> {
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
  const rows = rules.map(({ id, severity, summary }) => `| [${id}](${id}.md) | ${severity} | ${summary} |`);
  const content = `${generatedMarkdownHeader(rulesFolder)}
# Rules

What must hold for an MCPServer. \`deny\` refuses the request, \`warn\` admits it and says so.

| Rule | Severity | What must hold |
| --- | --- | --- |
${rows.join('\n')}
`;
  return { path: `${pagesFolder}/README.md`, content };
}

/** The page of one rule; exported for its test. */
export function renderRulePage(rule: Rule): GeneratedFile {
  const verdict = rule.severity === 'deny' ? 'Rejected' : 'Admitted with a warning';
  const content = `${generatedMarkdownHeader(`${rulesFolder}/${rule.id}.ts`)}
# ${rule.id}

${rule.summary}

Severity: \`${rule.severity}\`

## Why

${rule.rationale}

## What to do

${rule.remedy}

## Accepted

${rule.examples.accepts.map(renderExample).join('\n')}
## ${verdict}

${rule.examples.rejects.map(renderExample).join('\n')}`;
  return { path: `${pagesFolder}/${rule.id}.md`, content };
}

function renderExample(example: Example): string {
  const server = anMCPServer(
    withMetadata({ namespace: undefined, ...(example.name === undefined ? {} : { name: example.name }) }),
    withRawSpec(example.spec ?? {}),
  );
  const existing = [...describeObjects('ConfigMap', example.configMaps), ...describeObjects('Secret', example.secrets)];
  const context = existing.length === 0 ? '' : `In its namespace: ${existing.join(', ')}.\n\n`;
  return `### ${capitalise(example.title)}\n\n${context}\`\`\`yaml\n${stringify(server)}\`\`\`\n`;
}

function describeObjects(kind: string, objects: Example['configMaps']): readonly string[] {
  return Object.entries(objects ?? {}).map(([name, keys]) =>
    keys.length === 0
      ? `${kind} \`${name}\` without keys`
      : `${kind} \`${name}\` with ${keys.map((key) => `\`${key}\``).join(', ')}`,
  );
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
