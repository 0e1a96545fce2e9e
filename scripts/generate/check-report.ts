import { reportSchema, reportSchemaVersion } from '../../webhooks/cli/outputs/json-schema.ts';
import type { Generator } from './generator.ts';
import { generatedHeader, generatedMarkdownHeader } from './generator.ts';

const source = 'webhooks/cli/outputs/json-schema.ts';
const schemaPath = 'docs/reference/check-report.schema.json';

/** What `check --output json` prints: the schema for programs, and a table of the same for people. */
export const checkReport: Generator = {
  name: 'report of check',
  generate() {
    const { $schema, $id, ...schema } = reportSchema;
    const marked = { $comment: generatedHeader('', source).trim(), $schema, $id, ...schema };
    // The comment has to be in the first line, which says of every generated file that it is one.
    const content = `${JSON.stringify(marked, null, 2).replace(/^\{\n\s*/, '{ ')}\n`;
    const page = `${generatedMarkdownHeader(source)}
# The report of \`check\`

What \`mcp-lifecycle check --output json\` prints, as [JSON schema](check-report.schema.json). \`schemaVersion\` is \`${reportSchemaVersion}\`: it
changes when a field changes its meaning or goes. New fields may come at any time, so read the schema's fields and pass over others.

| Field | Type | What it says |
| --- | --- | --- |
${rowsOf(reportSchema, '').join('\n')}
`;
    return Promise.resolve([
      { path: schemaPath, content },
      { path: 'docs/reference/check-report.md', content: page },
    ]);
  },
};

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly const?: string;
  readonly enum?: readonly (string | number)[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Each field, then those inside it. */
function rowsOf({ properties = {} }: SchemaNode, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const path = `${prefix}${name}`;
    const { items } = node;
    const row = `| \`${path}\` | ${typeOf(node)} | ${node.description ?? ''} |`;
    return [row, ...(items === undefined ? rowsOf(node, `${path}.`) : rowsOf(items, `${path}[].`))];
  });
}

function typeOf({ type, const: only, enum: values, items }: SchemaNode): string {
  const choices = values ?? (only === undefined ? [] : [only]);
  if (choices.length > 0) return choices.map((value) => `\`${value}\``).join(', ');
  return items === undefined ? (type ?? '') : `list of ${items.type === 'object' ? 'objects' : 'texts'}`;
}
