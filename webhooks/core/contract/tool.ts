import { isRecord, ownValue } from '../mcpserver/record.ts';
import { roomForReferences, toSchemaForm, unescapePointer } from './interface-form.ts';
import { hasLoneSurrogate, toJcs } from './jcs.ts';

/** SHA-256 of the UTF-8 of a text, as 64 hexadecimal digits. */
export type Sha256 = (text: string) => string;

/** What a tool says of its danger, by its annotations; what it does not say counts as the specification has it, which is the worst. */
export interface ToolHints {
  readonly readOnly: boolean;
  /** Never of one that is read-only. */
  readonly destructive: boolean;
  readonly openWorld: boolean;
}

/** One tool, as far as it can be told from another. Digests are 64 hexadecimal digits. */
export interface ToolDigest extends ToolHints {
  readonly name: string;
  /** Of all that the server says of it, but for what is ignored. */
  readonly definition: string;
  /** Of its name and what its schemas say about values: the same in every notation. */
  readonly interface: string;
  /** Of what people and models read: titles, descriptions, examples, defaults and annotations but for those of {@link ToolHints}. */
  readonly wording: string;
}

/** What its schemas say about values, see `toSchemaForm`. */
export interface ToolSchemas {
  readonly input: unknown;
  readonly output: unknown;
}

export interface ToolOptions {
  readonly sha256: Sha256;
  /** JSON pointers into each tool: what is there is no part of its definition. */
  readonly ignore?: readonly string[] | undefined;
}

/** Why there is no contract: a reason for people to look up, and a clause. */
export interface NoContract {
  readonly reason: 'ContractTooLarge' | 'ContractUnreadable';
  readonly why: string;
}

export type ReadTool =
  | { readonly type: 'read'; readonly tool: ToolDigest; readonly schemas: ToolSchemas }
  | ({ readonly type: 'none' } & NoContract);

/** Longest tool, in characters of its canonical form; honest ones have some thousand. */
export const maxToolLength = 256 * 1024;

/** Longest name, in UTF-16 units: twice what the specification asks for. */
const maxToolNameLength = 256;

/** The digests of one item of `tools/list`, exactly as the server sent it: unknown members are part of it. */
export function readTool(raw: unknown, { sha256, ignore = [] }: ToolOptions): ReadTool {
  const name = ownValue(raw, 'name');
  if (!isRecord(raw) || typeof name !== 'string' || name === '') {
    return { type: 'none', reason: 'ContractUnreadable', why: 'a tool has no name' };
  }
  if (name.length > maxToolNameLength) {
    const why = `the name of a tool is longer than ${maxToolNameLength} characters`;
    return { type: 'none', reason: 'ContractUnreadable', why };
  }
  const list = ignore.map((pointer) => listOn(pointer, raw)).find((at) => at !== undefined);
  if (list !== undefined) {
    const why = `nothing in a list can be ignored: ${list} is one; ignore it as a whole`;
    return { type: 'none', reason: 'ContractUnreadable', why };
  }
  const told = ignore.reduce<unknown>((tool, pointer) => without(tool, pointerParts(pointer)), raw);
  const definition = toJcs(told);
  if (definition.length > maxToolLength) {
    const why = `a tool is longer than ${maxToolLength} characters`;
    return { type: 'none', reason: 'ContractTooLarge', why };
  }
  if (hasLoneSurrogate(definition)) {
    return { type: 'none', reason: 'ContractUnreadable', why: 'a text of a tool has a half of a character' };
  }
  const room = roomForReferences(definition.length);
  const input = toSchemaForm(ownValue(told, 'inputSchema'), room);
  const output = toSchemaForm(ownValue(told, 'outputSchema'), room);
  const annotations = ownValue(told, 'annotations');
  const words = {
    title: ownValue(told, 'title'),
    description: ownValue(told, 'description'),
    annotations: isRecord(annotations) ? otherAnnotations(annotations) : annotations,
    texts: [input.texts, output.texts],
  };
  return {
    type: 'read',
    tool: {
      name,
      definition: sha256(definition),
      interface: sha256(toJcs({ name, input: input.schema, output: output.schema })),
      wording: sha256(toJcs(words)),
      ...hintsOf(annotations),
    },
    schemas: { input: input.schema, output: output.schema },
  };
}

/** As the specification reads them: what is not said is writing, destructive and of an open world. */
function hintsOf(annotations: unknown): ToolHints {
  const readOnly = ownValue(annotations, 'readOnlyHint') === true;
  return {
    readOnly,
    destructive: !readOnly && ownValue(annotations, 'destructiveHint') !== false,
    openWorld: ownValue(annotations, 'openWorldHint') !== false,
  };
}

const ofHints: ReadonlySet<string> = new Set(['readOnlyHint', 'destructiveHint', 'openWorldHint']);

function otherAnnotations(annotations: Readonly<Record<string, unknown>>): unknown {
  const others = Object.entries(annotations).filter(([name]) => !ofHints.has(name));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** The first list that a pointer leads into. What is in one would stay part of each definition, and the pointer become part of the digest. */
function listOn(pointer: string, tool: unknown): string | undefined {
  let value = tool;
  let at = '';
  for (const name of pointer.split('/').slice(1)) {
    if (Array.isArray(value)) return at;
    value = ownValue(value, unescapePointer(name));
    at = `${at}/${name}`;
  }
  return undefined;
}

function pointerParts(pointer: string): readonly string[] {
  return pointer.split('/').slice(1).map(unescapePointer);
}

/** A copy without what a pointer leads to; the value itself where it leads nowhere. The name of a tool cannot be ignored. */
function without(value: unknown, [first, ...rest]: readonly string[], depth = 0): unknown {
  if (first === undefined || !isRecord(value) || !Object.hasOwn(value, first)) return value;
  if (depth === 0 && first === 'name') return value;
  const entries = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([name]) => name !== first));
  return Object.fromEntries(entries.map(([name, one]) => [name, name === first ? without(one, rest, depth + 1) : one]));
}
