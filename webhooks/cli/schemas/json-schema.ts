/** A part of a JSON Schema, with the sentence that its page has about it. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly const?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** One JSON output as a whole. */
export interface OutputSchema extends SchemaNode {
  readonly $schema: string;
  /** Its `schemaVersion`. */
  readonly $id: string;
  readonly title: string;
}

export const text = (description: string): SchemaNode => ({ type: 'string', description });

export const number = (description: string, minimum = 0): SchemaNode => ({ type: 'integer', minimum, description });

export const yesOrNo = (description: string): SchemaNode => ({ type: 'boolean', description });

export const oneOf = (values: readonly (string | number)[], description: string): SchemaNode => ({
  enum: values,
  description,
});

/** Any value of JSON. */
export const anything = (description: string): SchemaNode => ({ description });

export function list(description: string, items: SchemaNode): SchemaNode {
  return { type: 'array', description, items };
}

/** Every property is there unless it is named here. */
export function object<const Properties extends Readonly<Record<string, SchemaNode>>>(
  properties: Properties,
  optional: readonly (keyof Properties)[] = [],
): SchemaNode {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

/** With the version, which every output begins with. */
export function toDocument(version: string, { properties = {}, required = [], ...rest }: SchemaNode): OutputSchema {
  const schemaVersion = { const: version, description: 'Changes when a field changes its meaning or goes.' };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: version,
    title: `JSON of mcp-lifecycle, ${version}`,
    ...rest,
    required: ['schemaVersion', ...required],
    properties: { schemaVersion, ...properties },
  };
}
