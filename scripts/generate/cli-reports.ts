import { reportSchema } from '../../webhooks/cli/outputs/json-schema.ts';
import { namespacesSchema, policyTrySchema } from '../../webhooks/cli/outputs/stored-schema.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader, generatedMarkdownHeader } from './generator.ts';

interface Report {
  /** As it is run. */
  readonly command: string;
  readonly title: string;
  readonly schema: SchemaNode & { readonly $schema: string; readonly $id: string };
  readonly source: string;
  /** Of the page, without its ending. */
  readonly page: string;
}

const reports: readonly Report[] = [
  {
    ...{ command: 'check', title: 'The report of `check`', schema: reportSchema, page: 'check-report' },
    source: 'webhooks/cli/outputs/json-schema.ts',
  },
  {
    ...{ command: 'policy try', title: 'The result of `policy try`', schema: policyTrySchema, page: 'policy-try' },
    source: 'webhooks/cli/outputs/stored-schema.ts',
  },
  {
    ...{ command: 'report', title: 'The report of `report`', schema: namespacesSchema, page: 'namespaces-report' },
    source: 'webhooks/cli/outputs/stored-schema.ts',
  },
];

/** What commands print as JSON: the schema of each for programs, and a table of the same for people. */
export const cliReports: Generator = {
  name: 'reports of commands',
  generate: () => Promise.resolve(reports.flatMap(render)),
};

function render({
  command,
  title,
  schema: { $schema, $id, ...schema },
  source,
  page,
}: Report): readonly GeneratedFile[] {
  const marked = { $comment: generatedHeader('', source).trim(), $schema, $id, ...schema };
  // The comment has to be in the first line, which says of every generated file that it is one.
  const content = `${JSON.stringify(marked, null, 2).replace(/^\{\n\s*/, '{ ')}\n`;
  const text = `${generatedMarkdownHeader(source)}
# ${title}

What \`mcp-lifecycle ${command} --output json\` prints, as [JSON schema](${page}.schema.json). \`schemaVersion\` is \`${$id}\`: it
changes when a field changes its meaning or goes. New fields may come at any time, so read the schema's fields and pass over others.

| Field | Type | What it says |
| --- | --- | --- |
${rowsOf(schema, '').join('\n')}
`;
  return [
    { path: `docs/reference/${page}.schema.json`, content },
    { path: `docs/reference/${page}.md`, content: text },
  ];
}

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
