import { toJsonSchema } from './crd/json-schema.ts';
import type { SchemaNode } from './crd/schema-node.ts';
import { readSource, sourcePath } from './crd/source.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/**
 * Whether something is an MCPServer, and no word about why not: what nearly every object is asked alone. Ajv's code, which
 * tells (validator.ts), is one function of three thousand lines: compiling it takes the engine 65 ms of CPU, in the middle
 * of a request, and again after an error that it had not seen. Here each object of the schema is a small function, of which
 * the longest took 7 ms. A test holds the two together.
 */
export const validity: Generator = {
  name: 'validity',
  async generate() {
    const { source, definitions } = await readSource();
    const { $defs, ...root } = toJsonSchema(source, definitions);
    const functions: string[] = [];
    for (const [name, node] of Object.entries($defs)) {
      const condition = conditionOf(node, 'data', { name, functions });
      // The function of an object has its name already.
      if (condition !== `is${name}(data)`) functions.push(`function is${name}(data) {\n  return ${condition};\n}\n`);
    }
    const condition = conditionOf(root, 'data', { name: 'Root', functions });
    const content = `${head}\n${functions.join('\n')}\n${guardOf(condition)}`;
    return [{ path: 'webhooks/core/mcpserver/is-valid.gen.ts', content }];
  },
};

const head = `${generatedHeader('//', sourcePath)}// @ts-nocheck
import type { MCPServer } from './types.gen.ts';
import unicodeLength from 'ajv/dist/runtime/ucs2length.js';

/** Characters of a text; one or two units make each, so nearly always their number says enough. */
const lengthOf = unicodeLength.default;

function isObject(data) {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
`;

function guardOf(condition: string): string {
  return `/** Whether the data is an MCPServer. */
export function isValid(data: unknown): data is MCPServer {
  return ${condition};
}
`;
}

/** Where the code of a schema goes: functions of what is inside of it get names that begin with its own. */
interface Target {
  readonly name: string;
  readonly functions: string[];
}

const refPrefix = '#/$defs/';

/** An expression that is true for what the schema allows; \`value\` is one that can be written down several times. */
function conditionOf(node: SchemaNode, value: string, target: Target): string {
  if (node.$ref !== undefined) return `is${node.$ref.slice(refPrefix.length)}(${value})`;
  const types = [node.type ?? []].flat();
  const conditions = types.map((type) => conditionOfType(type, node, { value, target }));
  return conditions.length === 1 ? (conditions[0] ?? '') : `(${conditions.join(' || ')})`;
}

interface Place {
  readonly value: string;
  readonly target: Target;
}

function conditionOfType(type: string, node: SchemaNode, { value, target }: Place): string {
  switch (type) {
    case 'boolean':
      return all(`typeof ${value} === 'boolean'`);
    case 'integer':
      return all(`Number.isInteger(${value})`, ...range(node, value));
    case 'string':
      return all(`typeof ${value} === 'string'`, ...textConditions(node, value));
    case 'array':
      return listCondition(node, { value, target });
    case 'object':
      return objectCondition(node, { value, target });
    default:
      throw new Error(`no condition for the type ${type}: add it to scripts/generate/validity.ts`);
  }
}

function all(...conditions: readonly string[]): string {
  return `(${conditions.join(' && ')})`;
}

function limitOf(node: SchemaNode, keyword: string): number | undefined {
  const limit = node[keyword];
  return typeof limit === 'number' ? limit : undefined;
}

function range(node: SchemaNode, value: string): readonly string[] {
  return limits(node, { minimum: (limit) => `${value} >= ${limit}`, maximum: (limit) => `${value} <= ${limit}` });
}

/** The conditions of those keywords that the schema has. */
function limits(node: SchemaNode, conditions: Readonly<Record<string, (limit: number) => string>>): readonly string[] {
  return Object.entries(conditions).flatMap(([keyword, write]) => {
    const limit = limitOf(node, keyword);
    return limit === undefined ? [] : [write(limit)];
  });
}

function textConditions(node: SchemaNode, value: string): readonly string[] {
  const length = limits(node, {
    minLength: (least) => `(${value}.length >= ${2 * least} || lengthOf(${value}) >= ${least})`,
    maxLength: (most) => `(${value}.length <= ${most} || lengthOf(${value}) <= ${most})`,
  });
  const words = node.enum?.map((word) => `${value} === ${JSON.stringify(word)}`);
  return [
    ...length,
    ...(words === undefined ? [] : [`(${words.join(' || ')})`]),
    ...(node.pattern === undefined ? [] : [`${new RegExp(node.pattern, 'u').toString()}.test(${value})`]),
  ];
}

function listCondition(node: SchemaNode, { value, target }: Place): string {
  const count = limits(node, {
    minItems: (least) => `${value}.length >= ${least}`,
    maxItems: (most) => `${value}.length <= ${most}`,
  });
  if (node.items === undefined) return all(`Array.isArray(${value})`, ...count);
  const condition = conditionOf(node.items, 'item', { ...target, name: `${target.name}Item` });
  const loop = `for (const item of data) if (!${condition}) return false;`;
  target.functions.push(`function are${target.name}Items(data) {\n  ${loop}\n  return true;\n}\n`);
  return all(`Array.isArray(${value})`, ...count, `are${target.name}Items(${value})`);
}

/** Fields that the schema does not name are not looked at, but in a map. */
function objectCondition(node: SchemaNode, { value, target }: Place): string {
  const { properties = {}, required = [], additionalProperties } = node;
  const { name } = target;
  const lines = [
    ...limits(node, {
      minProperties: (least) => `if (Object.keys(data).length < ${least}) return false;`,
      maxProperties: (most) => `if (Object.keys(data).length > ${most}) return false;`,
    }),
    ...Object.entries(properties).flatMap(([field, child], index) => {
      const local = `data${index}`;
      const condition = conditionOf(child, local, { ...target, name: `${name}${capitalized(field)}` });
      const isWrong = required.includes(field) ? `!${condition}` : `${local} !== undefined && !${condition}`;
      return [`const ${local} = data[${JSON.stringify(field)}];`, `if (${isWrong}) return false;`];
    }),
    ...required.filter((field) => !Object.hasOwn(properties, field)).map((field) => missing(field)),
  ];
  if (additionalProperties !== undefined) {
    const condition = conditionOf(additionalProperties, 'data[key]', { ...target, name: `${name}Value` });
    const known = Object.keys(properties).map((field) => `key !== ${JSON.stringify(field)}`);
    lines.push(`for (const key in data) if (${all(...known, `!${condition}`)}) return false;`);
  }
  if (lines.length === 0) return `isObject(${value})`;
  const body = ['if (!isObject(data)) return false;', ...lines, 'return true;'].map((line) => `  ${line}`);
  target.functions.push(`function is${name}(data) {\n${body.join('\n')}\n}\n`);
  return `is${name}(${value})`;
}

function missing(field: string): string {
  return `if (data[${JSON.stringify(field)}] === undefined) return false;`;
}

/** A field as a part of a name. */
function capitalized(field: string): string {
  return `${field.charAt(0).toUpperCase()}${field.slice(1)}`.replaceAll(/\W/g, '_');
}
