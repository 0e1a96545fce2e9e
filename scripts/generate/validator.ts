import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { toJsonSchema } from './crd/json-schema.ts';
import { mapChildren, without } from './crd/schema-node.ts';
import type { SchemaNode } from './crd/schema-node.ts';
import { readSource, sourcePath } from './crd/source.ts';
import type { JsonSchema } from './crd/json-schema.ts';
import type { Generator } from './generator.ts';
import { generatedHeader } from './generator.ts';

/**
 * Why something is no MCPServer: Ajv at build time, plain code at run time (starts faster, needs no eval). Whether it is one
 * tells validity.ts for less.
 */
export const validator: Generator = {
  name: 'validator',
  async generate() {
    const { source, definitions } = await readSource();
    const schema = toJsonSchema(source, definitions);
    const content = toValidator(schema, { kind: 'MCPServer', from: sourcePath });
    return [{ path: 'webhooks/core/mcpserver/validate.gen.ts', content }];
  },
};

/** The module that tells why something is none of a kind. */
export function toValidator({ $defs, ...root }: JsonSchema, { kind, from }: { kind: string; from: string }): string {
  const withoutTexts = Object.fromEntries(Object.entries($defs).map(([name, node]) => [name, stripTexts(node)]));
  const ajv = new Ajv({
    allErrors: true,
    messages: false,
    strict: true,
    allowUnionTypes: true,
    // Each definition stays one function instead of being copied to every use.
    inlineRefs: false,
    code: { source: true, esm: true, lines: true },
  });
  const compiled = ajv.compile({ ...stripTexts(root), $defs: withoutTexts });
  const ofKind = (code: string): string => giveTypes(code, kind);
  const steps = [importRuntime, boundErrors, passPathsOnly, countWhatIsLong, dropSchemas, ofKind];
  return (
    generatedHeader('//', from) + head + steps.reduce((text, step) => step(text), standalone.default(ajv, compiled))
  );
}

/** Texts for people would only make the code longer: errors say which keyword failed, schema.ts says it in words. */
function stripTexts(node: SchemaNode): SchemaNode {
  return mapChildren(without(node, 'description', 'title'), stripTexts);
}

const head = `// @ts-nocheck
import unicodeLength from 'ajv/dist/runtime/ucs2length.js';

/** One keyword of the schema that did not hold. \`instancePath\` is a JSON pointer. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Beyond this many errors only the verdict counts; it bounds time and memory for hostile objects. */
const maxErrors = 100;

function add(errors, error) {
  if (errors === null) return [error];
  if (errors.length < maxErrors) errors.push(error);
  return errors;
}

function addAll(errors, more) {
  return errors === null ? more : more.reduce(add, errors);
}

function escapePointer(name) {
  return /[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
}

`;

/** Every step below rewrites one habit of Ajv; when Ajv changes it, generating fails instead of writing other code. */
function expectChange(before: string, after: string, what: string): string {
  if (before === after) {
    throw new Error(`Ajv generates ${what} in another way than expected: adapt scripts/generate/validator.ts`);
  }
  return after;
}

/** Ajv leaves one \`require\` in its ESM output. The default import is the module itself in Node and in esbuild. */
function importRuntime(code: string): string {
  const imported = code
    .replace('"use strict";', '')
    .replace('require("ajv/dist/runtime/ucs2length").default', 'unicodeLength.default');
  return expectChange(code, imported.includes('require(') ? code : imported, 'imports');
}

/**
 * Ajv collects errors without a limit and joins them by copying, which is quadratic: a list of 100,000 wrong items
 * would keep a webhook busy for minutes. Bounded here, in place. Safe because the schema has no keyword whose verdict
 * depends on counting errors (anyOf, oneOf, not, if).
 */
function boundErrors(code: string): string {
  const bounded = code
    .replaceAll(
      /if\(vErrors === null\)\{\s+vErrors = \[(\w+)\];\s+\}\s+else \{\s+vErrors\.push\(\1\);\s+\}/g,
      'vErrors = add(vErrors, $1);',
    )
    .replaceAll(
      /vErrors = vErrors === null \? (\w+)\.errors : vErrors\.concat\(\1\.errors\);/g,
      'vErrors = addAll(vErrors, $1.errors);',
    )
    .replaceAll(/,schemaPath:"[^"]*"/g, '');
  return expectChange(code, /\.(concat|push)\(/.test(bounded) ? code : bounded, 'error lists');
}

/**
 * Ajv gives every function an object with all that custom keywords could ask for, and looks for what to escape in every
 * name. Ours need the path alone.
 */
function passPathsOnly(code: string): string {
  const passed = code
    .replaceAll('{instancePath="", parentData, parentDataProperty, rootData=data}={}', 'instancePath = ""')
    .replaceAll(/\{instancePath:(.*?),parentData:\w+,parentDataProperty:[^{}]*?,rootData\}/g, '$1')
    .replaceAll(/(\w+)\.replace\(\/~\/g, "~0"\)\.replace\(\/\\\/\/g, "~1"\)/g, 'escapePointer($1)');
  return expectChange(code, /parentData|rootData|\.replace\(/.test(passed) ? code : passed, 'paths');
}

/** Characters of every text are counted; one or two units make each, so nearly always their number says enough. */
function countWhatIsLong(code: string): string {
  const counted = code
    .replaceAll(/if\((func\d+)\((\w+)\) > (\d+)\)/g, 'if($2.length > $3 && $1($2) > $3)')
    .replaceAll(
      /if\((func\d+)\((\w+)\) < (\d+)\)/g,
      (_all, count: string, text: string, least: string) =>
        `if(${text}.length < ${2 * Number(least)} && ${count}(${text}) < ${least})`,
    );
  return expectChange(code, counted.includes('if(func') ? code : counted, 'lengths');
}

/** Ajv prints each schema as a constant, of which the code reads the enums only. */
function dropSchemas(code: string): string {
  const declaration = /^const (schema\d+) = (\{.*\});$/gm;
  const smaller = code.replaceAll(declaration, (_line, name: string, json: string) => {
    if (!code.includes(`${name}.`)) return '';
    return `const ${name} = ${JSON.stringify(without(JSON.parse(json) as SchemaNode, '$defs'))};`;
  });
  return expectChange(code, smaller, 'schemas');
}

function giveTypes(code: string, kind: string): string {
  const typed = code.replaceAll(
    /^export const validate = (\w+);$|^export default \w+;$/gm,
    (_line, name: string | undefined) => (name === undefined ? '' : typedExports(name, kind)),
  );
  return expectChange(code, typed, 'exports').replaceAll(/\n{2,}/g, '\n');
}

function typedExports(name: string, kind: string): string {
  return `/** Why the data is no ${kind}; empty where it is one. */
export function errorsOf(data: unknown): readonly SchemaError[] {
  return ${name}(data) ? [] : (${name}.errors ?? []);
}`;
}
