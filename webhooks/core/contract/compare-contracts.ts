import { isRecord, ownValue } from '../mcpserver/record.ts';
import { toJcs } from './jcs.ts';
import type { ToolHints, ToolSchemas } from './tool.ts';
import { findBeyond, isEqual, workFor } from './within.ts';
import type { Beyond, Work } from './within.ts';

/** What becomes of clients, by structure alone: what the words say is not judged. */
export type ChangeClass =
  /** A tool that was not there. */
  | 'Added'
  /** A tool is gone, or has another name. */
  | 'Removed'
  /** What was a valid call need not be one any more, a result may be another one, or that cannot be decided. */
  | 'InterfaceBreaking'
  /** More calls are valid than before, and results are as they were. */
  | 'InterfaceCompatible'
  /** What people and models read: titles, descriptions, hints that tell of no more danger. */
  | 'Wording'
  /** It says of itself that it does more harm: writes, destroys, reaches out. */
  | 'Risk'
  /** Written in another way. */
  | 'Notation';

/** Every class, those that break clients first. */
export const changeClasses = [
  ...(['Removed', 'InterfaceBreaking', 'Risk'] as const),
  ...(['Wording', 'InterfaceCompatible', 'Added', 'Notation'] as const),
] as const satisfies readonly ChangeClass[];

export interface ContractChange {
  readonly class: ChangeClass;
  /** Name of the tool, as the server sent it; absent: of which one is not known. */
  readonly tool?: string;
  /** A clause for people: `input 'limit': is required now`. Names in it are the server's. */
  readonly what: string;
}

/** One tool as far as it is known: digests may be their beginnings. */
export interface ComparedTool extends ToolHints {
  readonly name: string;
  readonly definition?: string;
  readonly interface: string;
  readonly wording: string;
  /** Without them, another interface is a breaking one. */
  readonly schemas?: ToolSchemas;
}

/** A {@link ToolContract}, or what is left of one. */
export interface ComparedContract {
  readonly digest: string;
  /** By name. */
  readonly tools: readonly ComparedTool[];
  /** How many tools come after those, and are not known. */
  readonly truncated?: number;
}

/** What happened to the tools, by their names. Contracts whose digests are equal have no changes; others have at least one. */
export function compareContracts(before: ComparedContract, after: ComparedContract): readonly ContractChange[] {
  if (before.digest === after.digest) return [];
  const [known, now] = [byName(before), byName(after)];
  const isKnown = (contract: ComparedContract, name: string): boolean =>
    (contract.truncated ?? 0) === 0 || name <= (contract.tools.at(-1)?.name ?? '');
  const names = [...new Set([...known.keys(), ...now.keys()])].sort();
  const changes = names.flatMap((name): readonly ContractChange[] => {
    const [was, is] = [known.get(name), now.get(name)];
    if (was === undefined) return isKnown(before, name) ? [{ class: 'Added', tool: name, what: 'is new' }] : [];
    if (is === undefined) return isKnown(after, name) ? [{ class: 'Removed', tool: name, what: 'is gone' }] : [];
    return compareTools(was, is);
  });
  return changes.length > 0 ? changes : [{ class: 'Notation', what: unseen(before, after) }];
}

function unseen({ truncated = 0 }: ComparedContract, after: ComparedContract): string {
  return truncated > 0 || (after.truncated ?? 0) > 0
    ? 'something about tools that are not listed here'
    : 'written in another way';
}

/** Whether clients of before may fail, or be harmed. */
export function isBreaking(one: ChangeClass): boolean {
  return one === 'Removed' || one === 'InterfaceBreaking' || one === 'Risk';
}

function byName({ tools }: ComparedContract): ReadonlyMap<string, ComparedTool> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

function compareTools(before: ComparedTool, after: ComparedTool): readonly ContractChange[] {
  const { name: tool } = after;
  const raised = raisedRisks(before, after);
  const changes: readonly ContractChange[] = [
    ...(isSame(before.interface, after.interface) ? [] : compareInterfaces(before, after)),
    ...(raised.length === 0 ? [] : [{ class: 'Risk' as const, tool, what: raised.join(', ') }]),
    ...compareWords(before, after),
  ];
  if (changes.length > 0) return changes;
  const [was, is] = [before.definition, after.definition];
  const isRewritten = was !== undefined && is !== undefined && !isSame(was, is);
  return isRewritten ? [{ class: 'Notation', tool, what: 'is written in another way' }] : [];
}

/** Of digests that may be cut. */
function isSame(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length) === b.slice(0, length);
}

/** Each hint with what it is when it tells of more danger. */
const risks = [
  { hint: 'readOnly', worse: false, said: 'is not read-only any more' },
  { hint: 'destructive', worse: true, said: 'may destroy now' },
  { hint: 'openWorld', worse: true, said: 'reaches an open world now' },
] as const satisfies readonly { readonly hint: keyof ToolHints; readonly worse: boolean; readonly said: string }[];

function raisedRisks(before: ToolHints, after: ToolHints): readonly string[] {
  return risks
    .filter(({ hint, worse }) => before[hint] !== after[hint] && after[hint] === worse)
    .map(({ said }) => said);
}

function compareWords(before: ComparedTool, after: ComparedTool): readonly ContractChange[] {
  const { name: tool } = after;
  const lowered = risks.filter(({ hint, worse }) => before[hint] !== after[hint] && after[hint] !== worse);
  const isReworded = !isSame(before.wording, after.wording);
  const words = [
    ...(isReworded ? ['its descriptions are others'] : []),
    ...lowered.map(({ hint }) => `says ${hint}: ${String(after[hint])} now`),
  ];
  return words.length === 0 ? [] : [{ class: 'Wording', tool, what: words.join(', ') }];
}

function compareInterfaces(before: ComparedTool, after: ComparedTool): readonly ContractChange[] {
  const { name: tool } = after;
  const [was, is] = [before.schemas, after.schemas];
  if (was === undefined || is === undefined) {
    return [{ class: 'InterfaceBreaking', tool, what: 'its schemas are others, and cannot be compared' }];
  }
  const input = findBeyondInput(was.input ?? true, is.input ?? true);
  const output = findBeyondOutput(was.output, is.output);
  const broken = [
    ...(input === undefined ? [] : [say('input', input)]),
    ...(output === undefined ? [] : [say('output', output)]),
  ];
  return broken.length > 0
    ? [{ class: 'InterfaceBreaking', tool, what: broken.join('; ') }]
    : [{ class: 'InterfaceCompatible', tool, what: 'takes what it took, and answers as it did' }];
}

/** What went in has to go in still, and every property that was named has to be known still. */
function findBeyondInput(before: unknown, after: unknown): Beyond | undefined {
  return (
    findBeyond(before, after) ?? findUnnamed(before, after, { side: 'input', path: '', work: workFor(before, after) })
  );
}

/** What comes out has to be what came out before, with every property that was named. */
function findBeyondOutput(before: unknown, after: unknown): Beyond | undefined {
  if (before === undefined) return undefined;
  if (after === undefined) return { path: '', what: 'property' };
  return (
    findBeyond(after, before) ?? findUnnamed(before, after, { side: 'output', path: '', work: workFor(before, after) })
  );
}

interface At {
  readonly side: 'input' | 'output';
  readonly path: string;
  readonly work: Work;
}

/** The first property that was named, and is not any more; of two schemas of which one is within the other. */
function findUnnamed(before: unknown, after: unknown, at: At): Beyond | undefined {
  if (!isRecord(before) || isEqual(before, after, at.work)) return undefined;
  const { path, work } = at;
  if (work.left <= 0 || !hasSameChoices(before, after, at)) return { path, what: 'undecided' };
  const [was, is] = [propertiesOf(before), propertiesOf(after)];
  for (const name of Object.keys(was)) {
    const of = { ...at, path: path === '' ? name : `${path}.${name}` };
    const unnamed = Object.hasOwn(is, name)
      ? findUnnamed(was[name], is[name], of)
      : { path: of.path, what: 'property' as const };
    if (unnamed !== undefined) return unnamed;
  }
  return (
    findUnnamed(ownValue(before, 'items'), ownValue(after, 'items'), { ...at, path: `${path}[]` }) ??
    findUnnamed(ownValue(before, 'additionalProperties'), ownValue(after, 'additionalProperties'), {
      ...at,
      path: path === '' ? '*' : `${path}.*`,
    })
  );
}

/** Whether each choice that names properties is one of the other side's: which becomes of which is not known. */
function hasSameChoices(before: unknown, after: unknown, { side }: At): boolean {
  const [was, is] = [choicesOf(before), choicesOf(after)];
  if (was === undefined && is === undefined) return true;
  const [those, within] = side === 'input' ? [was ?? [before], is ?? [after]] : [is ?? [after], was ?? [before]];
  const known = new Set(within.map((one) => toJcs(one)));
  return those.map((one) => toJcs(one)).every((one) => !one.includes('"properties":') || known.has(one));
}

function choicesOf(schema: unknown): readonly unknown[] | undefined {
  const choices = ownValue(schema, 'anyOf');
  return Array.isArray(choices) ? (choices as readonly unknown[]) : undefined;
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  const properties = isRecord(schema) ? schema['properties'] : undefined;
  return isRecord(properties) ? properties : {};
}

function say(side: keyof (typeof words)['type'], { path, what }: Beyond): string {
  return `${side}${path === '' ? '' : ` '${path}'`}: ${words[what][side]}`;
}

/** In the direction of each side: a call has to be valid still, a result has to be what clients expect. */
const words = {
  type: { input: 'takes fewer types of values', output: 'may be of another type' },
  enum: { input: 'takes fewer values', output: 'may be another value' },
  required: { input: 'is required now', output: 'is not promised any more' },
  bound: { input: 'has a stricter limit', output: 'has a looser limit' },
  property: { input: 'is not taken any more', output: 'is not there any more' },
  closed: { input: 'takes no other properties any more', output: 'may have other properties now' },
  header: { input: 'goes into another header', output: 'goes into another header' },
  undecided: { input: 'differs in a way that cannot be judged', output: 'differs in a way that cannot be judged' },
} as const satisfies Record<Beyond['what'], Readonly<Record<'input' | 'output', string>>>;
