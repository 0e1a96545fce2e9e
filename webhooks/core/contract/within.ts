import { isRecord } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { toJcs } from './jcs.ts';

/** Why one schema takes values that another one does not. */
export interface Beyond {
  /** Names of properties, joined by dots; empty: the whole. */
  readonly path: string;
  readonly what: 'type' | 'enum' | 'required' | 'bound' | 'property' | 'closed' | 'header' | 'undecided';
}

/**
 * The first reason why not every value of `narrower` is one of `wider`; undefined: every one is. Both are forms of `toSchemaForm`. What cannot be
 * decided by structure counts as a reason. Properties that `narrower` does not name and lets pass count for nothing: nobody knows of them.
 */
export function findBeyond(narrower: unknown, wider: unknown, path = ''): Beyond | undefined {
  if (wider === true || narrower === false || toJcs(narrower) === toJcs(wider)) return undefined;
  if (wider === false || wider === undefined) return { path, what: 'property' };
  if (!isRecord(wider)) return { path, what: 'undecided' };
  const fields = narrower === true ? {} : narrower;
  if (!isRecord(fields)) return { path, what: 'undecided' };
  const { anyOf: alternatives, ...beside } = wider;
  if (!Array.isArray(alternatives)) return findBeside(fields, wider, path);
  return isCovered(fields, alternatives) ? findBeside(fields, beside, path) : { path, what: 'type' };
}

/** Whether each choice of a schema, or the whole where it has none, is within one of the alternatives. */
function isCovered(narrower: Fields, alternatives: readonly unknown[]): boolean {
  const { anyOf: own, ...common } = narrower;
  if (toJcs(own) === toJcs(alternatives)) return true;
  const cases: readonly unknown[] = Array.isArray(own) ? own : [true];
  return cases.every((one) =>
    alternatives.some((alternative) => findBeyond(merge(one, common), alternative) === undefined),
  );
}

/** Something that takes all that both take: keywords that both have may depend on others, so then it is the choice alone. */
function merge(choice: unknown, common: Fields): unknown {
  if (!isRecord(choice)) return choice === true ? common : choice;
  return Object.keys(choice).some((keyword) => Object.hasOwn(common, keyword)) ? choice : { ...common, ...choice };
}

/** `wider` has no choices: what is common to those of `narrower` is within, or each of them is. */
function findBeside(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const { anyOf: own, ...common } = narrower;
  const beyond = findInKeywords(common, wider, path);
  if (beyond === undefined || !Array.isArray(own)) return beyond;
  return (own as readonly unknown[])
    .map((one) => findBeyond(merge(one, common), wider, path))
    .find((found) => found !== undefined);
}

type Compare = (narrower: Fields, wider: Fields, path: string) => Beyond | undefined;

/** Each in turn: all have to find nothing. */
const comparisons: readonly Compare[] = [
  compareTypes,
  compareEnums,
  compareRequired,
  compareProperties,
  compareItems,
  compareBounds,
  compareOthers,
];

function findInKeywords(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  for (const compare of comparisons) {
    const beyond = compare(narrower, wider, path);
    if (beyond !== undefined) return beyond;
  }
  return undefined;
}

function compareTypes(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const allowed = listOf(wider['type']);
  if (allowed.length === 0) return undefined;
  const types = typesOf(narrower);
  const isAllowed = (type: unknown): boolean =>
    allowed.includes(type) || (type === 'integer' && allowed.includes('number'));
  return types.length > 0 && types.every(isAllowed) ? undefined : { path, what: 'type' };
}

/** Of a list of values without a type, theirs. */
function typesOf(schema: Fields): readonly unknown[] {
  const said = listOf(schema['type']);
  const { enum: values } = schema;
  return said.length > 0 || !Array.isArray(values) ? said : values.map(typeOf);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

function compareEnums(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const { enum: allowed } = wider;
  if (!Array.isArray(allowed)) return undefined;
  const { enum: values } = narrower;
  const texts = new Set(allowed.map(toJcs));
  const isWithin = Array.isArray(values) && values.every((value) => texts.has(toJcs(value)));
  return isWithin ? undefined : { path, what: 'enum' };
}

function compareRequired(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const given = listOf(narrower['required']);
  const missing = listOf(wider['required']).find((name) => !given.includes(name));
  return missing === undefined
    ? undefined
    : { path: typeof missing === 'string' ? join(path, missing) : path, what: 'required' };
}

function compareProperties(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const [own, theirs] = [recordOf(narrower['properties']), recordOf(wider['properties'])];
  const { additionalProperties: ownOthers = true } = narrower;
  const { additionalProperties: others = true } = wider;
  for (const name of Object.keys(own)) {
    const beyond = findBeyond(own[name], Object.hasOwn(theirs, name) ? theirs[name] : others, join(path, name));
    if (beyond !== undefined) return beyond;
  }
  if (isRecord(ownOthers)) {
    const added = Object.keys(theirs).filter((name) => !Object.hasOwn(own, name));
    for (const name of added) {
      const beyond = findBeyond(ownOthers, theirs[name], join(path, name));
      if (beyond !== undefined) return beyond;
    }
  }
  if (others === false && ownOthers !== false) return { path, what: 'closed' };
  return findBeyond(ownOthers, others, join(path, '*'));
}

function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function compareItems(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  return findBeyond(narrower['items'] ?? true, wider['items'] ?? true, `${path}[]`);
}

/** Highest values first: which of two is stricter. */
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];

function compareBounds(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const isStricter = (keyword: string, holds: (own: number, allowed: number) => boolean): boolean => {
    const { [keyword]: allowed } = wider;
    const { [keyword]: own } = narrower;
    if (allowed === undefined || own === allowed) return false;
    return typeof allowed !== 'number' || typeof own !== 'number' || !holds(own, allowed);
  };
  const found =
    upperBounds.some((keyword) => isStricter(keyword, (own, allowed) => own <= allowed)) ||
    lowerBounds.some((keyword) => isStricter(keyword, (own, allowed) => own >= allowed));
  return found ? { path, what: 'bound' } : undefined;
}

const compared: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'required', 'properties', 'additionalProperties', 'items'],
  ...upperBounds,
  ...lowerBounds,
]);
/** That only forbid, each by itself: fewer of them let more pass. */
const mayGo: ReadonlySet<string> = new Set(['pattern', 'format', 'multipleOf', 'uniqueItems', 'propertyNames']);

/** All other keywords have to be the same. */
function compareOthers(narrower: Fields, wider: Fields, path: string): Beyond | undefined {
  const keywords = new Set([...Object.keys(narrower), ...Object.keys(wider)]);
  for (const keyword of keywords) {
    if (compared.has(keyword)) continue;
    const { [keyword]: own } = narrower;
    const { [keyword]: allowed } = wider;
    if (toJcs(own) === toJcs(allowed) || (allowed === undefined && mayGo.has(keyword))) continue;
    return { path, what: keyword === 'x-mcp-header' ? 'header' : 'undecided' };
  }
  return undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
