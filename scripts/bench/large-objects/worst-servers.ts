import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isRecord, type Fields } from '../../../webhooks/core/mcpserver/record.ts';

/** As much of OpenAPI as the CRD uses. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

export interface WorstServer {
  /** The field that is as large as it can be, and with what: `spec.config.arguments[]: $(A)`. */
  readonly name: string;
  readonly object: unknown;
}

/** Texts that parsers and patterns find hard, repeated to any length. */
const hardTexts = ['a', '9', '$(A)', '/', 'a:', '\u{1f600}'];

/** So many that an update, which carries the object twice, is not refused for the number of its values. */
const maxMembers = 45_000;

type Path = readonly (string | number)[];

/**
 * An MCPServer of about so many bytes for every list, map and text that the schema has: one is as large as it can be,
 * the rest is as small as it can be. In lists and maps once with members that differ and once with equal ones.
 */
export function* worstServers(bytes: number): Generator<WorstServer> {
  const schema = readSchema();
  const labels: Schema = { type: 'object', additionalProperties: { type: 'string' } };
  const metadata: Schema = { type: 'object', properties: { labels, annotations: labels, name: { type: 'string' } } };
  const spec = schema.properties?.['spec'] ?? {};
  yield* walk({ type: 'object', properties: { metadata, spec } }, [], bytes);
}

function readSchema(): Schema {
  const path = new URL('../../../crds/mcpservers.mcp.x-k8s.io.yaml', import.meta.url);
  const crd = parse(readFileSync(path, 'utf8')) as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
  };
  return crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};
}

/** Every place below `schema`; lists are entered by their first item. */
function* walk(schema: Schema, path: Path, bytes: number): Generator<WorstServer> {
  const name = path
    .map((segment) => (typeof segment === 'number' ? '[]' : `.${segment}`))
    .join('')
    .slice(1);
  const whole = (what: string, value: unknown): WorstServer => ({
    name: `${name}: ${what}`,
    object: place(path, value),
  });
  if (schema.type === 'array' && schema.items !== undefined) {
    const { items, maxItems = Infinity } = schema;
    const size = JSON.stringify(smallest(items, 0)).length + 1;
    const count = Math.min(maxItems, Math.floor(bytes / size), maxMembers);
    const filler = Math.floor(bytes / count) - size;
    yield whole(
      'different',
      Array.from({ length: count }, (_, index) => smallest(items, index, filler)),
    );
    yield whole(
      'equal',
      Array.from({ length: count }, () => smallest(items, 0, filler)),
    );
    yield* walk(items, [...path, 0], bytes);
  } else if (schema.additionalProperties !== undefined) {
    const values = schema.additionalProperties;
    const count = Math.min(maxMembers, Math.floor(bytes / 16));
    yield whole(
      'many keys',
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, smallest(values, index)])),
    );
    yield* walk(values, [...path, 'key'], bytes);
  } else if (schema.type === 'string' || schema['x-kubernetes-int-or-string'] === true) {
    if (schema.enum !== undefined) return;
    const { maxLength = bytes } = schema;
    for (const text of hardTexts) yield whole(text, text.repeat(Math.ceil(Math.min(maxLength, bytes) / text.length)));
  } else if (schema.properties !== undefined) {
    for (const [field, inner] of Object.entries(schema.properties)) yield* walk(inner, [...path, field], bytes);
  }
}

/** The smallest server with this value at the path, and what the schema requires around it. */
function place(path: Path, value: unknown): unknown {
  const server = {
    apiVersion: 'mcp.x-k8s.io/v1beta1',
    kind: 'MCPServer',
    metadata: { name: 'search', namespace: 'mcp' },
    spec: {
      source: { type: 'ContainerImage', containerImage: { ref: 'ghcr.io/example/search:1.4.0' } },
      config: { port: 8080 },
    },
  };
  return put(server, { type: 'object', properties: { spec: readSpec() } }, path, value);
}

let spec: Schema | undefined;
function readSpec(): Schema {
  return (spec ??= readSchema().properties?.['spec'] ?? {});
}

function put(base: unknown, schema: Schema, [segment, ...rest]: Path, value: unknown): unknown {
  if (segment === undefined) return value;
  if (typeof segment === 'number') return [put(smallest(schema.items ?? {}, 0), schema.items ?? {}, rest, value)];
  const inner = schema.properties?.[segment] ?? schema.additionalProperties ?? {};
  const own = isRecord(base) ? base : smallestObject(schema, 0);
  return { ...own, [segment]: put(own[segment], inner, rest, value) };
}

/** The smallest value that the schema allows; texts and numbers differ by `index`, texts are `filler` longer. */
function smallest(schema: Schema, index: number, filler = 0): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema['x-kubernetes-int-or-string'] === true) return String(index + 1);
  if (schema.type === 'integer' || schema.type === 'number') return (schema.minimum ?? 0) + (index % 60_000);
  if (schema.type === 'string') return smallestText(schema, index, filler);
  if (schema.type === 'boolean') return true;
  return schema.type === 'array' ? [] : smallestObject(schema, index, filler);
}

function smallestText({ maxLength = Infinity }: Schema, index: number, filler: number): string {
  return `k${index}${'x'.repeat(Math.max(0, Math.min(filler, maxLength - 8)))}`;
}

function smallestObject({ required, properties = {} }: Schema, index: number, filler = 0): Fields {
  const fields = required ?? Object.keys(properties).slice(0, 1);
  return Object.fromEntries(fields.map((field) => [field, smallest(properties[field] ?? {}, index, filler)]));
}
