import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { applyDefaults } from '../../webhooks/core/defaults/apply.ts';
import { anMCPServer } from '../../webhooks/core/testing/builders.ts';
import { definitionOf, resolve } from './crd/schema-node.ts';
import type { Definitions, SchemaNode } from './crd/schema-node.ts';
import { readSource, sourcePath } from './crd/source.ts';
import { intOrStringName, quantityName } from './crd/structural.ts';
import type { Generator } from './generator.ts';
import { generatedMarkdownHeader } from './generator.ts';
import { inRepository } from './root.ts';

/** A valid MCPServer in which every field of ours is set: where the examples come from. */
export const examplePath = 'crds/source/example.yaml';

/** docs/reference/mcpserver.md: every field of the API, out of the same source as the CRD. */
export const crdReference: Generator = {
  name: 'CRD reference',
  async generate() {
    const { source, definitions } = await readSource();
    const example: unknown = parse(await readFile(inRepository(examplePath), 'utf8'));
    const { spec = {}, status = {} } = source.schema.properties ?? {};
    const pages = createSections(definitions);
    const content = `${generatedMarkdownHeader(sourcePath)}
# MCPServer

${source.schema.description ?? ''} API group \`${source.definition.spec.group}\`, versions ${source.definition.spec.versions
      .map(({ name }) => `\`${name}\``)
      .join(
        ' and ',
      )}; every version has the same fields. \`kubectl explain mcpserver.spec.config\` prints the same texts.

A default is stored with the object when it comes from the schema. What a text says about the absence of a field holds
for what runs; the mutating webhook stores it where no other field can change it ([decision 0007](../decisions/0007-static-defaults.md)). The [rules](../rules/README.md) say what else must hold.

${pages.ofOurs('spec', spec, [at(example, 'spec')]).join('\n')}
${pages.ofOurs('status', status, [at(example, 'status')]).join('\n')}
## Types of Kubernetes

As in a pod or a NetworkPolicy; their texts are those of Kubernetes
([API reference](https://kubernetes.io/docs/reference/kubernetes-api/)). Where a text ends in **Here**, that is what the
field is when it is left out and no other field speaks against it, whatever Kubernetes' own default is.

${pages.ofKubernetes().join('\n')}`;
    return [{ path: 'docs/reference/mcpserver.md', content }];
  },
};

interface Sections {
  /** One object of ours and the objects below it; `examples` are the places where the example manifest has one. */
  ofOurs(path: string, node: SchemaNode, examples: readonly unknown[]): readonly string[];
  /** Every type of Kubernetes that was met so far, and those that they use. */
  ofKubernetes(): readonly string[];
}

function createSections(definitions: Definitions): Sections {
  /** By full name: the places of the example manifest that have that type. */
  const met = new Map<string, unknown[]>();

  const meet = (node: SchemaNode, examples: readonly unknown[]): void => {
    const name = definitionOf(node);
    if (name !== undefined && !isScalarType(name)) met.set(name, [...(met.get(name) ?? []), ...examples]);
  };

  const below = (path: string, node: SchemaNode, examples: readonly unknown[]): readonly string[] => {
    meet(node, examples);
    if (definitionOf(node) !== undefined) return [];
    if (node.items !== undefined) return below(`${path}[]`, node.items, examples.flatMap(itemsOf));
    return node.properties === undefined ? [] : ofOurs(path, node, examples);
  };

  const ofOurs = (path: string, node: SchemaNode, examples: readonly unknown[]): readonly string[] => [
    `## ${path}\n\n${node.description ?? ''}\n\n${renderTable(node, examples, definitions, { path })}${renderCelRules(node)}`,
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
      below(`${path}.${name}`, child, examples.map((example) => at(example, name)).filter(isThere)),
    ),
  ];

  const ofKubernetes = (): readonly string[] => {
    const sections = new Map<string, string>();
    const ours = ourDefaults();
    // Grows while it is read: a type brings the types of its fields.
    for (const [name, examples] of met) {
      const node = definitions[name] ?? {};
      for (const [field, child] of Object.entries(node.properties ?? {})) {
        const found = examples.map((example) => at(example, field)).filter(isThere);
        meet(child.items ?? child, child.items === undefined ? found : found.flatMap(itemsOf));
      }
      const text = firstSentence(node.description);
      sections.set(
        name,
        `### ${shortName(name)}\n\n${text}\n\n${renderTable(node, examples, definitions, { ours: ours[shortName(name)] })}`,
      );
    }
    return [...sections].sort(([a], [b]) => (shortName(a) < shortName(b) ? -1 : 1)).map(([, section]) => section);
  };
  return { ofOurs, ofKubernetes };
}

/** By type: what we fill in field by field. What is one whole to its author is said where a server has it. */
function ourDefaults(): Readonly<Record<string, unknown>> {
  const { securityContext, podSecurityContext } = applyDefaults(anMCPServer()).spec.runtime?.security ?? {};
  return {
    SecurityContext: securityContext,
    Capabilities: securityContext?.capabilities,
    PodSecurityContext: podSecurityContext,
  };
}

interface TableOf {
  /** That of an object of ours, whose objects have sections of their own. */
  readonly path?: string;
  /** An object with our defaults of a type of Kubernetes. */
  readonly ours?: unknown;
}

function renderTable(
  node: SchemaNode,
  examples: readonly unknown[],
  definitions: Definitions,
  { path, ours }: TableOf,
): string {
  const rows = Object.entries(node.properties ?? {}).map(([name, child]) => {
    const isRequired = node.required?.includes(name) === true;
    const example = examples.map((place) => at(place, name)).find(isThere);
    const cells = [
      `\`${name}\`${isRequired ? ' (required)' : ''}`,
      typeOf(child, path === undefined ? undefined : `${path}.${name}`),
      child.default === undefined ? '' : `\`${JSON.stringify(child.default)}\``,
      limitsOf(child, definitions),
      `${child.description ?? ''}${renderOurs(at(ours, name))}`,
      example === undefined ? '' : renderExample(example),
    ];
    return `| ${cells.map(escape).join(' | ')} |`;
  });
  if (rows.length === 0) return '';
  return `| Field | Type | Default | Valid values | Meaning | Example |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function renderOurs(value: unknown): string {
  return value === undefined ? '' : ` **Here: \`${JSON.stringify(value)}\`.**`;
}

function typeOf(node: SchemaNode, path?: string): string {
  const name = definitionOf(node);
  if (name === quantityName) return 'quantity';
  if (name === intOrStringName) return 'integer or string';
  if (name !== undefined) return `[${shortName(name)}](#${shortName(name).toLowerCase()})`;
  if (node.items !== undefined) return `list of ${typeOf(node.items, path === undefined ? undefined : `${path}[]`)}`;
  if (node.additionalProperties !== undefined) return `map of ${typeOf(node.additionalProperties)}`;
  if (node.properties !== undefined && path !== undefined) return `[object](#${anchorOf(path)})`;
  return String(node.type ?? 'object');
}

/** As GitHub makes the anchor of a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^a-z0-9-]/g, '');
}

/** By keyword, in the words of the table. */
const limitWords: Readonly<Record<string, (value: unknown) => string>> = {
  enum: (values) => (Array.isArray(values) ? values.map((value) => `\`${String(value)}\``).join(', ') : ''),
  minimum: (value) => `≥ ${String(value)}`,
  maximum: (value) => `≤ ${String(value)}`,
  minLength: (value) => (value === 1 ? 'not empty' : `at least ${String(value)} characters`),
  maxLength: (value) => `at most ${String(value)} characters`,
  minItems: (value) => (value === 1 ? 'not empty' : `at least ${String(value)} items`),
  maxItems: (value) => `at most ${String(value)} items`,
  minProperties: (value) => (value === 1 ? 'not empty' : `at least ${String(value)} fields`),
  pattern: (value) => `\`${String(value)}\``,
};

function limitsOf(node: SchemaNode, definitions: Definitions): string {
  const known = definitionOf(node) === quantityName ? {} : resolve(node, definitions);
  const words = Object.entries(limitWords).flatMap(([keyword, say]) =>
    known[keyword] === undefined ? [] : [say(known[keyword])],
  );
  const each = node['x-kubernetes-list-map-keys'];
  return [...words, ...(Array.isArray(each) ? [`each ${each.join(', ')} once`] : [])].join(', ');
}

/** What the CRD's CEL rules say, in their own words. */
function renderCelRules(node: SchemaNode): string {
  const own = celRules(node);
  const ofFields = Object.values(node.properties ?? {}).flatMap((child) =>
    child.properties === undefined && child.items === undefined ? celRules(child) : [],
  );
  const messages = [...new Set([...own, ...ofFields])];
  return messages.length === 0 ? '' : `\n${messages.map((message) => `- ${message}`).join('\n')}\n`;
}

function celRules(node: SchemaNode): readonly string[] {
  const rules = node['x-kubernetes-validations'];
  // crds/source writes them as the CRD has them.
  return Array.isArray(rules) ? (rules as { readonly message: string }[]).map(({ message }) => message) : [];
}

function renderExample(example: unknown): string {
  const text = JSON.stringify(example);
  return text.length <= 80 ? `\`${text}\`` : `see ${Array.isArray(example) ? 'its items' : 'its fields'}`;
}

function firstSentence(text = ''): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  const end = /[.!?](?= [A-Z*`])/.exec(flat);
  return end === null ? flat : flat.slice(0, end.index + 1);
}

function isScalarType(name: string): boolean {
  return name === quantityName || name === intOrStringName;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isThere(value: unknown): boolean {
  return value !== undefined;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
