import { outputSchemas } from '../../webhooks/cli/schemas.ts';
import type { OutputSchema, SchemaNode } from '../../webhooks/cli/schemas/json-schema.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { generatedHeader, generatedMarkdownHeader } from './generator.ts';

const source = 'webhooks/cli/schemas';

/** Each JSON of the command line: a schema for programs, and a table of the same for people. */
export const outputSchemaPages: Generator = {
  name: 'schemas of outputs',
  generate() {
    const files = Object.entries(outputSchemas).flatMap(([name, { command, schema }]) =>
      toFiles(name, command, schema),
    );
    return Promise.resolve(files);
  },
};

function toFiles(name: string, command: string, { $schema, $id, ...schema }: OutputSchema): readonly GeneratedFile[] {
  const marked = { $comment: generatedHeader('', source).trim(), $schema, $id, ...schema };
  // The comment has to be in the first line, which says of every generated file that it is one.
  const content = `${JSON.stringify(marked, null, 2).replace(/^\{\n\s*/, '{ ')}\n`;
  const verb = command.includes('--record') ? 'writes' : 'prints';
  const page = `${generatedMarkdownHeader(source)}
# The JSON of \`${command}\`

What \`mcp-lifecycle ${command}\` ${verb}, as [JSON schema](${name}.schema.json). \`schemaVersion\` is \`${$id}\`: it
changes when a field changes its meaning or goes. New fields may come at any time, so read the schema's fields and pass over others.

| Field | Type | What it says |
| --- | --- | --- |
${rowsOf(schema, '').join('\n')}
`;
  return [
    { path: `docs/reference/${name}.schema.json`, content },
    { path: `docs/reference/${name}.md`, content: page },
  ];
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

function typeOf({ type = 'anything', const: only, enum: values, items }: SchemaNode): string {
  const choices = values ?? (only === undefined ? [] : [only]);
  if (choices.length > 0) return choices.map((value) => `\`${value}\``).join(', ');
  if (items === undefined) return type;
  return items.type === undefined ? 'list' : `list of ${items.type === 'object' ? 'objects' : 'texts'}`;
}
