import type { CrdRule, StructuralSchema } from '../../webhooks/core/mcpserver/structural-schema.ts';
import { children, type Definitions, type SchemaNode } from './crd/schema-node.ts';
import { readSource, sourcePath, type CrdSource } from './crd/source.ts';
import { toStructural } from './crd/structural.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/** The part of the CRD that no JSON Schema can say, for judging manifests without a cluster. */
export const structure: Generator = {
  name: 'structure',
  async generate() {
    const { source, definitions } = await readSource();
    const content = `${generatedHeader('//', sourcePath)}import type { StructuralSchema } from './structural-schema.ts';

/** The fields of an MCPServer besides apiVersion, kind, metadata and status. */
export const structure: StructuralSchema = ${JSON.stringify(toStructure(source.schema, definitions), null, 1)};

/** By apiVersion: what the API server warns whoever uses that version. */
export const deprecationWarnings: Readonly<Record<string, string>> = ${JSON.stringify(toDeprecationWarnings(source.definition.spec), null, 1)};
`;
    const status = `${generatedHeader('//', sourcePath)}import type { StructuralSchema } from './structural-schema.ts';

/** The fields of a status. Apart from the others, because admission has no use for it. */
export const statusStructure: StructuralSchema = ${JSON.stringify(toStatusStructure(source.schema, definitions), null, 1)};
`;
    return [
      { path: 'webhooks/core/mcpserver/structure.gen.ts', content },
      { path: 'webhooks/core/mcpserver/status-structure.gen.ts', content: status },
    ];
  },
};

/** Without the status: what a manifest says there is dropped before anybody judges it. Exported for its test. */
export function toStructure(
  schema: SchemaNode,
  definitions: Definitions,
  { isOpenJudged = false } = {},
): StructuralSchema {
  if (!isOpenJudged) refuseOpen(toStructural(schema, definitions));
  const { properties = {}, ...root } = toStructural(schema, definitions);
  return convert({
    ...root,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => name !== 'status')),
  });
}

/** What of a status is known: the API server drops it from a manifest, but refuses a field that it does not know. */
export function toStatusStructure(schema: SchemaNode, definitions: Definitions): StructuralSchema {
  const { properties: { status } = {} } = toStructural(schema, definitions);
  return status === undefined ? {} : convert(status);
}

/** A version that is deprecated without a text gets the API server's own. Exported for its test. */
export function toDeprecationWarnings({
  group,
  names,
  versions,
}: CrdSource['definition']['spec']): Readonly<Record<string, string>> {
  const deprecated = versions.filter(({ deprecated: isDeprecated }) => isDeprecated === true);
  return Object.fromEntries(
    deprecated.map(({ name, deprecationWarning }) => {
      const apiVersion = `${group}/${name}`;
      const text =
        typeof deprecationWarning === 'string' ? deprecationWarning : `${apiVersion} ${names.kind} is deprecated`;
      return [apiVersion, text];
    }),
  );
}

/** What would need code of its own in webhooks/core/mcpserver or webhooks/cli before it may be used. */
const notJudged = ['nullable', 'allOf', 'oneOf', 'not', 'x-kubernetes-embedded-resource'];

/** Unknown fields are kept there, and nobody would judge them, unless whoever asks does. */
function refuseOpen(node: SchemaNode): void {
  const keyword = 'x-kubernetes-preserve-unknown-fields';
  if (keyword in node) throw new Error(`${keyword} is not judged without a cluster: see scripts/generate/structure.ts`);
  for (const child of children(node)) refuseOpen(child);
}

function convert(node: SchemaNode): StructuralSchema {
  for (const keyword of notJudged) {
    if (keyword in node)
      throw new Error(`${keyword} is not judged without a cluster: see scripts/generate/structure.ts`);
  }
  const { type, properties, items, additionalProperties } = node;
  return {
    ...(typeof type === 'string'
      ? { type }
      : node['x-kubernetes-int-or-string'] === true
        ? { type: 'int-or-string' }
        : {}),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, convert(child)])) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: convert(additionalProperties) }),
    ...(items === undefined ? {} : { items: convert(items) }),
    ...(node['x-kubernetes-preserve-unknown-fields'] === true ? { isOpen: true as const } : {}),
    ...(node.default === undefined ? {} : { default: node.default }),
    ...listMapKeysOf(node),
    ...rulesOf(node),
  };
}

function listMapKeysOf(node: SchemaNode): Pick<StructuralSchema, 'listMapKeys'> {
  const type = node['x-kubernetes-list-type'];
  if (type === undefined || type === 'atomic') return {};
  if (type !== 'map')
    throw new Error(`x-kubernetes-list-type: ${JSON.stringify(type)} is not judged without a cluster`);
  return { listMapKeys: node['x-kubernetes-list-map-keys'] as readonly string[] };
}

function rulesOf(node: SchemaNode): Pick<StructuralSchema, 'rules'> {
  const rules = node['x-kubernetes-validations'] as readonly Readonly<Record<string, unknown>>[] | undefined;
  return rules === undefined ? {} : { rules: rules.map(toRule) };
}

function toRule({ rule, message, fieldPath, ...others }: Readonly<Record<string, unknown>>): CrdRule {
  const field = typeof fieldPath === 'string' ? /^\.([A-Za-z]\w*)$/.exec(fieldPath)?.[1] : undefined;
  if (typeof rule !== 'string' || typeof message !== 'string' || (fieldPath !== undefined && field === undefined)) {
    throw new Error(`a CEL rule needs a rule, a message and at most a fieldPath of one field: ${JSON.stringify(rule)}`);
  }
  // The reason only chooses between words of the answer.
  const word = Object.keys(others).find((name) => name !== 'reason');
  if (word !== undefined) throw new Error(`${word} of a CEL rule is not judged without a cluster: ${rule}`);
  return { rule, message, ...(field === undefined ? {} : { field }) };
}
