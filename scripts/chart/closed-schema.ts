import { isRecord, type Fields } from '../../webhooks/core/mcpserver/record.ts';

/** What Kubernetes takes in two types, and its swagger tells as a text. */
export const eitherType: Fields = { anyOf: [{ type: 'integer' }, { type: 'number' }, { type: 'string' }] };

/**
 * A schema of Kubernetes, of its swagger or of a CRD, as one of JSON in which fields that it does not name are refused: what
 * an API server would prune in silence.
 */
export function closeSchema(schema: unknown): unknown {
  if (!isRecord(schema)) return schema;
  if (schema['x-kubernetes-int-or-string'] === true || schema['format'] === 'int-or-string') return eitherType;
  return { ...schema, ...closeParts(schema), ...closeType(schema) };
}

function closeParts({ properties, items, additionalProperties, ...schema }: Fields): Fields {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...(isRecord(properties) ? { properties: closeEach(properties) } : {}),
    ...(isRecord(properties) && !isOpen ? { additionalProperties: false } : {}),
    ...(items === undefined ? {} : { items: closeSchema(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: closeSchema(additionalProperties) }),
  };
}

function closeType({ nullable, type }: Fields): Fields {
  return nullable === true && typeof type === 'string' ? { type: [type, 'null'] } : {};
}

/** The values of a map of schemas, whose keys may be words of schemas, too. */
export function closeEach(schemas: Fields): Fields {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, closeSchema(schema)]));
}

/** The definitions that `schema` refers to, and those that they refer to. */
export function reachable(
  schema: unknown,
  definitions: Fields,
  found: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const names = [...JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name]) => name ?? '');
  return names
    .filter((name) => !found.has(name))
    .reduce(
      (all, name) => (all.has(name) ? all : reachable(definitions[name], definitions, new Set([...all, name]))),
      found,
    );
}
