import { quantityPattern } from '../mcpserver/quantity-text.ts';
import { isRecord, type Fields } from '../mcpserver/record.ts';
import type { FieldPath } from '../mcpserver/violation.ts';
import { describe, type Tell } from './problem.ts';

/** A part of a JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a part of the document may be: for the reader, for the schema and for the reference page. */
export interface Shape<Value> {
  readonly schema: JsonSchema;
  /** Undefined when it is not that; then something wrong was told. */
  read(raw: unknown, at: FieldPath, tell: Tell): Value | undefined;
}

export interface TextOptions {
  /** In characters as JavaScript counts them, as is `maxLength`. Default: 1. */
  readonly minLength?: number;
  readonly maxLength: number;
  readonly pattern?: RegExp;
  /** None of these. */
  readonly except?: readonly string[];
  /** What a pattern cannot say, and the schema does not. */
  readonly isUsable?: (text: string) => boolean;
  /** Completes "has to be …". */
  readonly what: string;
}

/** A text that is not empty, unless it says so. */
export function text({ minLength = 1, maxLength, pattern, except = [], isUsable, what }: TextOptions): Shape<string> {
  const schema = {
    type: 'string',
    ...(minLength > 0 ? { minLength } : {}),
    maxLength,
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
    ...(except.length === 0 ? {} : { not: { enum: except } }),
  };
  const isText = (raw: string): boolean =>
    raw.length >= minLength && raw.length <= maxLength && pattern?.test(raw) !== false && !except.includes(raw);
  return scalar(schema, what, (raw) =>
    typeof raw === 'string' && isText(raw) && isUsable?.(raw) !== false ? raw : undefined,
  );
}

/** One of these words. */
export function choice<const Word extends string>(words: readonly Word[]): Shape<Word> {
  const what = words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`;
  return scalar({ enum: words }, what, (raw) => words.find((word) => word === raw));
}

export const flag: Shape<boolean> = scalar({ type: 'boolean' }, 'true or false', (raw) =>
  typeof raw === 'boolean' ? raw : undefined,
);

export function integer(minimum: number, maximum: number): Shape<number> {
  return scalar({ type: 'integer', minimum, maximum }, `a whole number from ${minimum} to ${maximum}`, (raw) =>
    typeof raw === 'number' && Number.isInteger(raw) && raw >= minimum && raw <= maximum ? raw : undefined,
  );
}

const isQuantity = new RegExp(quantityPattern);

/** Longest text of a quantity, in characters; nobody needs more digits. */
const maxQuantityLength = 40;

/** As Kubernetes writes it; a number is one, too. */
export const quantity: Shape<string> = scalar(
  { anyOf: [{ type: 'string', pattern: quantityPattern, maxLength: maxQuantityLength }, { type: 'number' }] },
  'a quantity, such as 500m or 2Gi',
  (raw) => {
    if (typeof raw !== 'string' && typeof raw !== 'number') return undefined;
    const written = String(raw);
    return written.length <= maxQuantityLength && isQuantity.test(written) ? written : undefined;
  },
);

function scalar<Value>(schema: JsonSchema, what: string, parse: (raw: unknown) => Value | undefined): Shape<Value> {
  return {
    schema,
    read(raw, at, tell) {
      const value = parse(raw);
      if (value === undefined) tellOther(raw, what, { at, tell });
      return value;
    },
  };
}

interface Where {
  readonly at: FieldPath;
  readonly tell: Tell;
}

function tellOther(raw: unknown, what: string, { at, tell }: Where): void {
  tell.wrong({
    path: at,
    headline: `has to be ${what}`,
    detail: `found ${describe(raw)}`,
    remedy: 'Correct this field.',
  });
}

export interface ListOptions {
  readonly minItems?: number;
  readonly maxItems: number;
}

export function list<Item>(item: Shape<Item>, { minItems = 0, maxItems }: ListOptions): Shape<readonly Item[]> {
  const what = `a list of ${minItems > 0 ? `${minItems} to ${maxItems}` : `at most ${maxItems}`} items`;
  return {
    schema: { type: 'array', items: item.schema, ...(minItems > 0 ? { minItems } : {}), maxItems },
    read(raw, at, tell) {
      if (!Array.isArray(raw) || raw.length < minItems || raw.length > maxItems) {
        tellOther(raw, what, { at, tell });
        return undefined;
      }
      return complete(raw.map((one: unknown, index) => item.read(one, [...at, index], tell)));
    },
  };
}

/** The items if none of them is missing. */
function complete<Item>(items: readonly (Item | undefined)[]): readonly Item[] | undefined {
  const present = items.filter((item) => item !== undefined);
  return present.length === items.length ? present : undefined;
}

export interface MapOptions {
  readonly key: TextOptions;
  readonly minProperties?: number;
  readonly maxProperties: number;
}

export function map<Value>(
  value: Shape<Value>,
  { key, minProperties = 0, maxProperties }: MapOptions,
): Shape<Readonly<Record<string, Value>>> {
  const name = text(key);
  const count = minProperties > 0 ? `${minProperties} to ${maxProperties}` : `at most ${maxProperties}`;
  return {
    schema: {
      ...{ type: 'object', propertyNames: name.schema, additionalProperties: value.schema },
      ...(minProperties > 0 ? { minProperties } : {}),
      maxProperties,
    },
    read(raw, at, tell) {
      const entries = readFields(raw, `an object of ${count} fields`, { at, tell });
      if (entries === undefined) return undefined;
      if (entries.length < minProperties || entries.length > maxProperties) {
        tellOther(raw, `an object of ${count} fields`, { at, tell });
        return undefined;
      }
      const found = entries.map(([field, one]) => {
        const read = name.read(field, [...at, field], tell);
        const inside = value.read(one, [...at, field], tell);
        return read === undefined || inside === undefined ? undefined : ([read, inside] as const);
      });
      const all = complete(found);
      return all === undefined ? undefined : Object.fromEntries(all);
    },
  };
}

function readFields(raw: unknown, what: string, where: Where): readonly (readonly [string, unknown])[] | undefined {
  if (isRecord(raw)) return Object.entries(raw);
  tellOther(raw, what, where);
  return undefined;
}

/** One field of an object. */
export interface Field<Value, IsRequired extends boolean = boolean> {
  readonly shape: Shape<Value>;
  /** A sentence for the reference page. */
  readonly help: string;
  readonly isRequired: IsRequired;
}

export function required<Value>(shape: Shape<Value>, help: string): Field<Value, true> {
  return { shape, help, isRequired: true };
}

export function optional<Value>(shape: Shape<Value>, help: string): Field<Value, false> {
  return { shape, help, isRequired: false };
}

type AnyFields = Readonly<Record<string, Field<unknown>>>;

/** What an object with these fields is when it was read. */
export type Read<Of extends AnyFields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value, infer IsRequired>
    ? IsRequired extends true
      ? Value
      : Value | undefined
    : never;
};

/** What to do about a field that the object does not have. */
export type UnknownField = 'wrong' | 'ignored';

export interface ObjectOptions {
  readonly unknown?: UnknownField;
  /** What its fields are called: "unknown …". */
  readonly fieldsAre?: string;
}

export function object<const Of extends AnyFields>(
  fields: Of,
  { unknown: unknownIs = 'wrong', fieldsAre = 'field' }: ObjectOptions = {},
): Shape<Read<Of>> {
  const names = Object.keys(fields);
  const demanded = names.filter((name) => fields[name]?.isRequired === true);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, { shape, help }]) => [name, { description: help, ...shape.schema }]),
      ),
      ...(demanded.length === 0 ? {} : { required: demanded }),
      additionalProperties: false,
    },
    read(raw, at, tell) {
      const entries = readFields(raw, 'an object', { at, tell });
      if (entries === undefined) return undefined;
      for (const [name] of entries.filter(([field]) => !Object.hasOwn(fields, field))) {
        const detail =
          names.length === 0
            ? 'there are none here'
            : `known: ${names.map((known) => JSON.stringify(known)).join(', ')}`;
        const remedy = 'Remove it, or correct its name or its place.';
        tell[unknownIs]({ path: [...at, name], headline: `unknown ${fieldsAre}`, detail, remedy });
      }
      const given = Object.fromEntries(entries);
      const read = Object.entries(fields).map(
        ([name, field]) => [name, readField(given, name, { field, at, tell })] as const,
      );
      const value = Object.fromEntries(read.flatMap(([name, one]) => (one === missing ? [] : [[name, one] as const])));
      const hasFailed = read.some(([name, one]) => one === missing && isNeeded(given, name, fields));
      return isRead(value, fields, !hasFailed) ? value : undefined;
    },
  };
}

/** Stands for a field without a value, of which something may have been told. */
const missing = Symbol('missing');

interface FieldInput extends Where {
  readonly field: Field<unknown>;
}

function readField(given: Fields, name: string, { field, at, tell }: FieldInput): unknown {
  const raw = Object.hasOwn(given, name) ? given[name] : undefined;
  // What a template leaves empty is null in YAML, and means as much as leaving it out.
  if (raw !== undefined && raw !== null) return field.shape.read(raw, [...at, name], tell) ?? missing;
  if (field.isRequired) {
    tell.wrong({
      path: [...at, name],
      headline: 'is missing',
      detail: field.help.replace(/\.$/, ''),
      remedy: sayAdd(name, field.shape.schema),
    });
  }
  return missing;
}

/** With its value, where there is one alone. */
function sayAdd(name: string, { enum: words }: JsonSchema): string {
  const [only, another] = Array.isArray(words) ? (words as readonly unknown[]) : [];
  return typeof only === 'string' && another === undefined ? `Add ${name}: ${only}.` : 'Add it.';
}

function isNeeded(given: Fields, name: string, fields: AnyFields): boolean {
  const raw = Object.hasOwn(given, name) ? given[name] : undefined;
  return fields[name]?.isRequired === true || (raw !== undefined && raw !== null);
}

/** Each field was read by its own shape, so the object has the type that the fields say as soon as none of them failed. */
function isRead<Of extends AnyFields>(_value: unknown, _fields: Of, nothingFailed: boolean): _value is Read<Of> {
  return nothingFailed;
}
