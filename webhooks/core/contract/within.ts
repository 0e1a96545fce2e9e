import { isRecord } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';
import { mayJoin } from './interface-form.ts';
import { toJcs } from './jcs.ts';

/** Why one schema takes values that another one does not. */
export interface Beyond {
  /** Names of properties, joined by dots; empty: the whole. */
  readonly path: string;
  readonly what: 'type' | 'enum' | 'required' | 'bound' | 'property' | 'closed' | 'header' | 'undecided';
}

/** What one comparison may still take: units of text that are written to be compared. With none left, nothing is decided any more. */
export interface Work {
  left: number;
}

/** Of two schemas with so many characters: each level writes what is below it again, and choices multiply. */
export function workFor(narrower: unknown, wider: unknown): Work {
  return { left: 100_000 + 16 * (toJcs(narrower).length + toJcs(wider).length) };
}

export function isEqual(one: unknown, other: unknown, work: Work): boolean {
  if (work.left <= 0) return false;
  const [a, b] = [toJcs(one), toJcs(other)];
  work.left -= a.length + b.length;
  return a === b;
}

/**
 * The first reason why not every value of `narrower` is one of `wider`; undefined: every one is. Both are forms of `toSchemaForm`. What cannot be
 * decided by structure, or not with so much work, counts as a reason. Properties that `narrower` does not name and lets pass count for nothing: nobody
 * knows of them.
 */
export function findBeyond(
  narrower: unknown,
  wider: unknown,
  path = '',
  work = workFor(narrower, wider),
): Beyond | undefined {
  if (wider === true || narrower === false || isEqual(narrower, wider, work)) return undefined;
  if (work.left <= 0) return { path, what: 'undecided' };
  if (wider === false || wider === undefined) return { path, what: 'property' };
  return findInSchema(narrower === true ? {} : narrower, wider, { path, work });
}

function findInSchema(fields: unknown, wider: unknown, at: At): Beyond | undefined {
  if (!isRecord(fields) || !isRecord(wider) || seesAll(fields, wider)) return { path: at.path, what: 'undecided' };
  const { anyOf: alternatives, ...beside } = wider;
  if (!Array.isArray(alternatives)) return findBeside(fields, wider, at);
  return isCovered(fields, alternatives, at.work) ? findBeside(fields, beside, at) : { path: at.path, what: 'type' };
}

/** What these say depends on every other keyword, in choices, too. */
function seesAll(...schemas: readonly Fields[]): boolean {
  return schemas.some((one) => Object.hasOwn(one, 'unevaluatedProperties') || Object.hasOwn(one, 'unevaluatedItems'));
}

interface At {
  readonly path: string;
  readonly work: Work;
}

/** Whether each choice of a schema, or the whole where it has none, is within one of the alternatives. */
function isCovered(narrower: Fields, alternatives: readonly unknown[], work: Work): boolean {
  const { anyOf: own, ...common } = narrower;
  if (isEqual(own, alternatives, work)) return true;
  const cases: readonly unknown[] = Array.isArray(own) ? own : [true];
  return cases.every((one) => {
    const merged = merge(one, common, work);
    if (merged === undefined) return false;
    return alternatives.some((alternative) => findBeyond(merged, alternative, '', work) === undefined);
  });
}

/**
 * Something that takes all that both take: keywords that both have may depend on others, so then it is the choice alone. Undefined: there is none that
 * names each property that both name.
 */
function merge(choice: unknown, common: Fields, work: Work): unknown {
  if (!isRecord(choice)) return choice === true ? common : choice;
  work.left -= Object.keys(choice).length + Object.keys(common).length;
  if (mayJoin(choice, common)) return { ...common, ...choice };
  return namesProperties(common) ? undefined : choice;
}

/** By these a schema tells of properties that it has; of what else it names, nobody knows here. */
const naming = ['properties', 'patternProperties', 'required', 'additionalProperties'];
const nesting = [
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', '$ref', '$dynamicRef', '$recursiveRef'],
  ...['dependentSchemas', 'dependentRequired', 'dependencies', 'propertyNames'],
];

function namesProperties(schema: unknown): boolean {
  return isRecord(schema) && [...naming, ...nesting].some((keyword) => Object.hasOwn(schema, keyword));
}

/** `wider` has no choices: what is common to those of `narrower` is within, or each of them is. */
function findBeside(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const { anyOf: own, ...common } = narrower;
  if (!Array.isArray(own)) return findInKeywords(common, wider, { path, work });
  const choices: readonly unknown[] = own;
  if (!choices.some(namesProperties) && findInKeywords(common, wider, { path, work }) === undefined) return undefined;
  for (const one of choices) {
    const merged = merge(one, common, work);
    const beyond = merged === undefined ? { path, what: 'undecided' as const } : findBeyond(merged, wider, path, work);
    if (beyond !== undefined) return beyond;
  }
  return undefined;
}

type Compare = (narrower: Fields, wider: Fields, at: At) => Beyond | undefined;

/** Each in turn: all have to find nothing. */
const comparisons: readonly Compare[] = [
  compareTypes,
  compareListedObjects,
  compareEnums,
  compareRequired,
  compareProperties,
  compareItems,
  compareBounds,
  compareOthers,
];

function findInKeywords(narrower: Fields, wider: Fields, at: At): Beyond | undefined {
  for (const compare of comparisons) {
    const beyond = compare(narrower, wider, at);
    if (beyond !== undefined) return beyond;
  }
  return undefined;
}

function compareTypes(narrower: Fields, wider: Fields, { path }: At): Beyond | undefined {
  const allowed = listOf(wider['type']);
  if (allowed.length === 0) return undefined;
  const types = typesOf(narrower);
  const isIn = new Set(allowed);
  const isAllowed = (type: unknown): boolean => isIn.has(type) || (type === 'integer' && isIn.has('number'));
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

/** Values that have something inside are not judged by the other keywords. */
function compareListedObjects(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const { enum: values } = narrower;
  if (!Array.isArray(values) || !values.some((value) => typeof value === 'object' && value !== null)) return undefined;
  const isOther = Object.keys(wider).some(
    (keyword) => keyword !== 'type' && keyword !== 'enum' && !isEqual(narrower[keyword], wider[keyword], work),
  );
  return isOther ? { path, what: 'undecided' } : undefined;
}

function compareEnums(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const { enum: allowed } = wider;
  if (!Array.isArray(allowed)) return undefined;
  const { enum: values } = narrower;
  work.left -= allowed.length + (Array.isArray(values) ? values.length : 0);
  const texts = new Set(allowed.map(toJcs));
  const isWithin = Array.isArray(values) && values.every((value) => texts.has(toJcs(value)));
  return isWithin ? undefined : { path, what: 'enum' };
}

function compareRequired(narrower: Fields, wider: Fields, { path }: At): Beyond | undefined {
  const given = new Set(listOf(narrower['required']));
  const missing = listOf(wider['required']).find((name) => !given.has(name));
  return missing === undefined
    ? undefined
    : { path: typeof missing === 'string' ? join(path, missing) : path, what: 'required' };
}

const ofProperties = ['properties', 'patternProperties', 'additionalProperties', 'required'] as const;

function compareProperties(narrower: Fields, wider: Fields, at: At): Beyond | undefined {
  const { path, work } = at;
  if (Object.hasOwn(narrower, 'patternProperties') || Object.hasOwn(wider, 'patternProperties')) {
    const isSame = ofProperties.every((keyword) => isEqual(narrower[keyword], wider[keyword], work));
    return isSame ? undefined : { path, what: 'undecided' };
  }
  const { additionalProperties: ownOthers = true } = narrower;
  const { additionalProperties: others = true } = wider;
  const beyond = compareNamed(narrower, wider, at) ?? compareAdded(narrower, wider, at);
  if (beyond !== undefined) return beyond;
  if (others === false && ownOthers !== false) return { path, what: 'closed' };
  return findBeyond(ownOthers, others, join(path, '*'), work);
}

/** What is required has a name, too. */
function compareNamed(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const [own, theirs] = [recordOf(narrower['properties']), recordOf(wider['properties'])];
  const { additionalProperties: ownOthers = true } = narrower;
  const { additionalProperties: others = true } = wider;
  const required = listOf(narrower['required']).filter((name) => typeof name === 'string');
  for (const name of new Set([...Object.keys(own), ...required])) {
    const [is, may] = [ownOr(own, name, ownOthers), ownOr(theirs, name, others)];
    const beyond = findBeyond(is, may, join(path, name), work);
    if (beyond !== undefined) return beyond;
  }
  return undefined;
}

/** What only `wider` names has to take all others of `narrower`, if it says what they are. */
function compareAdded(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const [own, theirs] = [recordOf(narrower['properties']), recordOf(wider['properties'])];
  const { additionalProperties: ownOthers = true } = narrower;
  const added = Object.keys(theirs).filter((name) => !Object.hasOwn(own, name) && theirs[name] !== true);
  if (ownOthers === false || added.length === 0) return undefined;
  if (nesting.some((keyword) => Object.hasOwn(narrower, keyword))) return { path, what: 'undecided' };
  if (ownOthers === true) return undefined;
  for (const name of added) {
    const beyond = findBeyond(ownOthers, theirs[name], join(path, name), work);
    if (beyond !== undefined) return beyond;
  }
  return undefined;
}

function ownOr(properties: Fields, name: string, others: unknown): unknown {
  return Object.hasOwn(properties, name) ? properties[name] : others;
}

function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function compareItems(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  return findBeyond(narrower['items'] ?? true, wider['items'] ?? true, `${path}[]`, work);
}

/** Highest values first: which of two is stricter. */
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];

function compareBounds(narrower: Fields, wider: Fields, { path }: At): Beyond | undefined {
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
function compareOthers(narrower: Fields, wider: Fields, { path, work }: At): Beyond | undefined {
  const keywords = new Set([...Object.keys(narrower), ...Object.keys(wider)]);
  for (const keyword of keywords) {
    if (compared.has(keyword)) continue;
    const { [keyword]: own } = narrower;
    const { [keyword]: allowed } = wider;
    if ((allowed === undefined && mayGo.has(keyword)) || isEqual(own, allowed, work)) continue;
    return { path, what: keyword === 'x-mcp-header' ? 'header' : 'undecided' };
  }
  return undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
