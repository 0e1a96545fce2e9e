import type { Rule } from '../core/engine/rule.ts';
import { schemaRuleId } from '../core/engine/schema-finding.ts';

/** What the list of rules says of each. */
export type ListedRule = Pick<
  Rule,
  'id' | 'severity' | 'isOptIn' | 'stricterIn' | 'parameters' | 'summary' | 'rationale' | 'remedy'
>;

/** The findings that are no rule of ours, but carry an id as well. */
export const schemaRule = {
  id: schemaRuleId,
  severity: 'deny',
  summary: 'What the API server itself requires: the schema, its CEL rules, metadata, known fields.',
  rationale:
    'The CustomResourceDefinition says which fields an MCPServer has and what they may hold. In a cluster the API ' +
    'server enforces it before anybody else is asked, in its own words. Without a cluster, check does the same with ' +
    'the same schema.',
  remedy: 'Correct the field that is named. kubectl explain mcpserver.spec --recursive lists every field.',
} as const satisfies ListedRule;

export const schemaPage = `# ${schemaRule.id}

${schemaRule.summary}

Severity: \`${schemaRule.severity}\`; a deprecated version is \`warn\`, and so is an unknown field with \`--validate warn\`

## Why

${schemaRule.rationale}

## What to do

${schemaRule.remedy}
`;
