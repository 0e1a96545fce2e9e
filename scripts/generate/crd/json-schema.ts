import { quantityPattern } from '../../../webhooks/core/mcpserver/quantity-text.ts';
import { definitionOf, mapChildren, children } from './schema-node.ts';
import type { Definitions, SchemaNode } from './schema-node.ts';
import type { CrdSource } from './source.ts';
import { int32Range, intOrStringName, quantityName } from './structural.ts';

/** Ranges of OpenAPI's numeric formats, which JSON Schema does not know. */
const integerRanges: Readonly<Record<string, { readonly minimum: number; readonly maximum: number }>> = {
  int32: int32Range,
  // The true limits have no exact double; nothing between them and these doubles can be told apart after JSON.parse.
  int64: { minimum: -(2 ** 63), maximum: 2 ** 63 },
};

/** RFC 3339, as `date-time` asks for: https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const dateTimePattern = '^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})$';

/** A JSON Schema whose `$defs` are Kubernetes' types by their short names. */
export interface JsonSchema extends SchemaNode {
  readonly $defs: Readonly<Record<string, SchemaNode>>;
}

/**
 * The whole MCPServer as JSON Schema, with what the CRD leaves to the API server: apiVersion, kind and metadata.
 * Unknown fields are allowed, because the API server prunes them instead of refusing them.
 */
export function toJsonSchema(source: CrdSource, definitions: Definitions): JsonSchema {
  const { group, versions, names } = source.definition.spec;
  const root: SchemaNode = {
    ...source.schema,
    required: ['apiVersion', 'kind', 'metadata', ...(source.schema.required ?? [])],
    properties: {
      apiVersion: {
        type: 'string',
        description: 'Version of the API; all versions have the same fields.',
        enum: versions.map(({ name }) => `${group}/${name}`),
      },
      kind: { type: 'string', description: `Always ${names.kind}.`, enum: [names.kind] },
      metadata: source.metadata,
      ...source.schema.properties,
    },
  };
  const needed = new Set<string>();
  collectNames(root, definitions, needed);
  const $defs = Object.fromEntries(
    [...needed].sort().map((name) => [shortName(name), convertDefinition(name, definitions)]),
  );
  return { ...convert(root), $defs };
}

/** `io.k8s.api.core.v1.EnvVar` → `EnvVar`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function collectNames(node: SchemaNode, definitions: Definitions, found: Set<string>): void {
  const name = definitionOf(node);
  if (name !== undefined && !found.has(name)) {
    found.add(name);
    collectNames(definitions[name] ?? {}, definitions, found);
  }
  for (const child of children(node)) collectNames(child, definitions, found);
}

/** A number beyond 64 bits is no integer for the API server, which reads `1e21` as a floating point number. */
const integerOrString = { type: ['integer', 'string'], ...integerRanges['int64'] } as const;

function convertDefinition(name: string, definitions: Definitions): SchemaNode {
  if (name === quantityName) {
    const description = 'A number with an optional suffix: 500m, 64Mi, 2.';
    return { title: 'Quantity', description, ...integerOrString, pattern: quantityPattern };
  }
  if (name === intOrStringName) {
    const description = 'A number, or the name of a port.';
    return { title: 'IntOrString', description, ...integerOrString };
  }
  return { title: shortName(name), ...convert(definitions[name] ?? {}) };
}

/** Keywords with the same meaning in OpenAPI and JSON Schema; everything else needs a conversion or is refused. */
const sameMeaning = new Set([
  'title',
  'description',
  'type',
  'required',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'properties',
  'items',
  'additionalProperties',
]);

/** Keywords that say nothing about whether an object is valid, or that only the API server can judge (CEL). */
const dropped = new Set([
  'default',
  'format',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

function convert(node: SchemaNode): SchemaNode {
  const name = definitionOf(node);
  // A description beside $ref would give every use its own copy of the TypeScript type.
  if (name !== undefined) return { $ref: `#/$defs/${shortName(name)}` };
  const kept = Object.entries(node).filter(([keyword]) => {
    if (!sameMeaning.has(keyword) && !dropped.has(keyword)) {
      throw new Error(
        `no conversion to JSON Schema for the keyword ${keyword}: add it to scripts/generate/crd/json-schema.ts`,
      );
    }
    return sameMeaning.has(keyword);
  });
  return mapChildren({ ...formatOf(node), ...Object.fromEntries(kept) }, convert);
}

function formatOf({ format }: SchemaNode): SchemaNode {
  if (format === undefined) return {};
  if (format === 'date-time') return { pattern: dateTimePattern };
  const range = integerRanges[format];
  if (range === undefined) throw new Error(`no conversion to JSON Schema for the format ${format}`);
  return range;
}
