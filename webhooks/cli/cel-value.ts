import type { StructuralSchema } from '../core/mcpserver/structural-schema.ts';

/**
 * A JSON value as the API server shows it to a CEL rule: integers are `int` by the schema, not by their looks, and
 * properties whose names CEL cannot spell are escaped.
 */
export function toCel(value: unknown, schema: StructuralSchema | undefined): unknown {
  if (typeof value === 'number') return toCelNumber(value, schema);
  if (Array.isArray(value)) return value.map((item: unknown) => toCel(item, schema?.items));
  if (typeof value !== 'object' || value === null) return value;
  const { properties, additionalProperties } = schema ?? {};
  return Object.fromEntries(
    Object.entries(value).map(([name, child]: readonly [string, unknown]) => {
      const isDeclared = properties !== undefined && Object.hasOwn(properties, name);
      return isDeclared
        ? [escapeName(name), toCel(child, properties[name])]
        : [name, toCel(child, additionalProperties)];
    }),
  );
}

function toCelNumber(value: number, schema: StructuralSchema | undefined): number | bigint {
  const isInt = schema?.type === 'integer' || schema?.type === 'int-or-string';
  return isInt && Number.isInteger(value) ? BigInt(value) : value;
}

/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#escaping */
const escapes: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
);

function escapeName(name: string): string {
  return reserved.has(name) ? `__${name}__` : name.replaceAll(/__|[./-]/g, (part) => escapes[part] ?? part);
}
