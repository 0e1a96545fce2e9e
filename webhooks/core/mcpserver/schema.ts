import { likelyQuantities, quantityPattern } from './quantity-text.ts';
import { ownValue } from './record.ts';
import type { MCPServer } from './types.gen.ts';
import { isValid } from './is-valid.gen.ts';
import { errorsOf } from './validate.gen.ts';
import type { SchemaError } from './validate.gen.ts';
import type { FieldPath, Violation } from './violation.ts';

/**
 * What the schema says about some data; `violations` is empty when it is an MCPServer. At most 100 violations.
 *
 * Covers what OpenAPI can say, in the words of the API server; unknown fields are fine because the API server prunes
 * them. CEL rules and the uniqueness of list-map keys are judged by the API server alone.
 */
export function checkSchema(
  data: unknown,
):
  | { readonly ok: true; readonly server: MCPServer }
  | { readonly ok: false; readonly violations: readonly Violation[] } {
  if (isValid(data)) return { ok: true, server: data };
  return { ok: false, violations: errorsOf(data).map((error) => toSchemaViolation(error, data)) };
}

/** What a schema found in the data, in the words of the API server. */
export function toSchemaViolation(error: SchemaError, data: unknown): Violation {
  const path = [...parsePointer(error.instancePath, data), ...missingProperty(error)];
  const words = wordings[error.keyword] ?? unknownKeyword;
  const value = valueAt(data, path);
  return { path, ...words(error.params, describeValue(path, value), mayBeSecret(path) ? undefined : value) };
}

interface Words {
  readonly headline: string;
  readonly detail: string;
  readonly remedy: string;
}

/** `value` is undefined when it must not be shown, not even in part. */
type Wording = (params: SchemaError['params'], found: string, value: unknown) => Words;

/** By Ajv's keyword: https://ajv.js.org/json-schema.html */
const wordings: Readonly<Record<string, Wording>> = {
  required: () => ({
    headline: 'required value',
    detail: 'found nothing',
    remedy: 'Set this field.',
  }),
  type: ({ type }, found) => ({
    headline: `must be of type ${listOf(type, ' or ')}`,
    detail: `found ${found}`,
    remedy: `Write ${typeExample(type)}.`,
  }),
  enum: ({ allowedValues }, found) => ({
    headline: 'unsupported value',
    detail: `found ${found}, supported values: ${listOf(allowedValues, ', ')}`,
    remedy: 'Use one of the supported values.',
  }),
  minimum: ({ limit }, found) => bound(`must be greater than or equal to ${String(limit)}`, found),
  maximum: ({ limit }, found) => bound(`must be less than or equal to ${String(limit)}`, found),
  minLength: ({ limit }, found) => bound(atLeast(limit, 'characters'), found),
  maxLength: ({ limit }, found) => bound(`must be at most ${String(limit)} characters long`, found),
  minItems: ({ limit }, found) => bound(atLeast(limit, 'items'), found),
  maxItems: ({ limit }, found) => bound(`must have at most ${String(limit)} items`, found),
  minProperties: ({ limit }, found) => bound(atLeast(limit, 'properties'), found),
  pattern: ({ pattern }, found, value) =>
    pattern === quantityPattern
      ? { headline: 'is no quantity', detail: `found ${found}`, remedy: suggestQuantity(value) }
      : {
          headline: 'has the wrong form',
          detail: `found ${found}, must match ${String(pattern)}`,
          remedy: 'Write it in the form that the documentation of the field shows.',
        },
};

const unknownKeyword: Wording = (_params, found) => bound('is not valid', found);

function bound(headline: string, found: string): Words {
  return { headline, detail: `found ${found}`, remedy: 'Change the value, or leave the field out if it is optional.' };
}

/** What to write in place of what is no quantity. */
export function suggestQuantity(value: unknown): string {
  const [first, second] = typeof value === 'string' ? likelyQuantities(value) : [];
  if (first === undefined) return 'Write a number and at most one suffix, such as 500m or 64Mi.';
  return second === undefined ? `Write ${first}.` : `Write ${first} (powers of 1000) or ${second} (powers of 1024).`;
}

function atLeast(limit: unknown, what: string): string {
  return limit === 1 ? 'must not be empty' : `must have at least ${String(limit)} ${what}`;
}

function listOf(value: unknown, separator: string): string {
  return Array.isArray(value) ? value.map(String).join(separator) : String(value);
}

function typeExample(type: unknown): string {
  // Of ports and quantities.
  if (Array.isArray(type)) return 'a whole number, or text in quotes';
  switch (type) {
    case 'string':
      return 'text (in YAML: quote numbers and booleans)';
    case 'integer':
      return 'a whole number without quotes';
    case 'boolean':
      return 'true or false without quotes';
    case 'array':
      return 'a list';
    case 'object':
      return 'fields with names';
    default:
      return 'a value of that type';
  }
}

/** Ajv reports a missing property at its parent. */
function missingProperty({ keyword, params }: SchemaError): FieldPath {
  const name = params['missingProperty'];
  return keyword === 'required' && typeof name === 'string' ? [name] : [];
}

/** A pointer does not say whether `0` is an index or a name; the data does. */
function parsePointer(pointer: string, data: unknown): FieldPath {
  const path: (string | number)[] = [];
  let value = data;
  for (const escaped of pointer.split('/').slice(1)) {
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    const segment = Array.isArray(value) ? Number(name) : name;
    path.push(segment);
    value = ownValue(value, segment);
  }
  return path;
}

function valueAt(data: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(ownValue, data);
}

const maxShownCharacters = 60;

/** The value as JSON when it is short and cannot be a credential; its type otherwise. */
export function describeValue(path: FieldPath, value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length} items`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (mayBeSecret(path)) return `a ${typeof value} (not shown)`;
  const text = JSON.stringify(value);
  if (text.length <= maxShownCharacters) return text;
  // A text: nothing else is as long. Without a half character at the end.
  return `${text.slice(0, maxShownCharacters).replace(/[\uD800-\uDBFF]$/, '')}…"`;
}

/** Literal environment variables, arguments, probe headers and commands can carry credentials by mistake. */
const mayHoldSecrets: ReadonlySet<string | number> = new Set(['env', 'envFrom', 'value', 'arguments', 'command']);

function mayBeSecret(path: FieldPath): boolean {
  return path.some((segment) => mayHoldSecrets.has(segment));
}
