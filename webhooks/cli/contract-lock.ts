import { contractOf } from '../core/contract/contract.ts';
import type { ToolContract } from '../core/contract/contract.ts';
import type { ComparedContract } from '../core/contract/compare-contracts.ts';
import { readTool } from '../core/contract/tool.ts';
import type { ToolDigest, ToolSchemas } from '../core/contract/tool.ts';
import { unescapePointer } from '../core/contract/interface-form.ts';
import { isRecord, ownValue } from '../core/mcpserver/record.ts';
import { guardJson } from '../platform/json-guard.ts';
import type { JsonLimits } from '../platform/json-guard.ts';
import { sha256 } from '../platform/mcp/sha256.ts';
import { toJson } from './outputs/to-json.ts';
import { lockSchemaVersion } from './schemas/tool-contract.ts';

/** What a lock file holds, beside what is told of it: the tools as the server sent them. */
export interface LockedContract {
  readonly contract: ToolContract;
  readonly ignore: readonly string[];
  /** By name, in the order of the contract. */
  readonly tools: readonly unknown[];
  readonly compared: ComparedContract;
}

export type Locked =
  { readonly type: 'locked'; readonly locked: LockedContract } | { readonly type: 'problem'; readonly why: string };

/** What JSON of one server may have here, where it is alone. */
export const contractJson: JsonLimits = { maxTokens: 1_000_000, maxDepth: 256 };
/** Longest page of a list of tools, in bytes: definitions of 512 tools have some hundred KiB. */
export const maxContractBytes = 4 * 1024 * 1024;
/** Longest lock file, in bytes: what is written is read again, and it is indented. */
export const maxLockBytes = 32 * 1024 * 1024;
/** Several pages have more values than one. */
const lockJson: JsonLimits = { ...contractJson, maxTokens: 4 * contractJson.maxTokens };

/** Most pointers that are ignored, and how long each may be, in characters: each is followed in each of 512 tools. */
const maxIgnored = 64;
const maxPointerLength = 512;

/** What is wrong with what is to be ignored, a clause; undefined: nothing. */
export function judgeIgnored(ignore: readonly string[]): string | undefined {
  if (ignore.length > maxIgnored)
    return `more than ${maxIgnored} pointers are ignored: ignore what they have in common`;
  return ignore.some(({ length }) => length > maxPointerLength)
    ? `a pointer to ignore is longer than ${maxPointerLength} characters`
    : undefined;
}

/** The first list that a pointer leads into. What is in one would stay part of each definition, and the pointer become part of the digest. */
function listOn(pointer: string, tool: unknown): string | undefined {
  const names = pointer.split('/').slice(1).map(unescapePointer);
  let value = tool;
  for (const [index, name] of names.entries()) {
    if (Array.isArray(value))
      return pointer
        .split('/')
        .slice(0, index + 1)
        .join('/');
    value = ownValue(value, name);
  }
  return undefined;
}

/** The contract of tools as they were listed. */
export function lockTools(tools: readonly unknown[], ignore: readonly string[]): Locked {
  const read: { readonly tool: ToolDigest; readonly schemas: ToolSchemas; readonly raw: unknown }[] = [];
  for (const raw of tools) {
    const list = ignore.map((pointer) => listOn(pointer, raw)).find((at) => at !== undefined);
    if (list !== undefined) {
      return { type: 'problem', why: `nothing in a list can be ignored: ${list} is one; ignore it as a whole` };
    }
    const one = readTool(raw, { sha256, ignore });
    if (one.type === 'none') return { type: 'problem', why: `${one.reason}: ${one.why}` };
    read.push({ ...one, raw });
  }
  const outcome = contractOf(
    read.map(({ tool }) => tool),
    { sha256, ignore },
  );
  if (outcome.type === 'none') return { type: 'problem', why: `${outcome.reason}: ${outcome.why}` };
  const { contract } = outcome;
  const byName = new Map(read.map((one) => [one.tool.name, one]));
  const known = contract.tools.flatMap((tool) => byName.get(tool.name) ?? []);
  return {
    type: 'locked',
    locked: {
      ...{ contract, ignore },
      tools: known.map(({ raw }) => raw),
      compared: { digest: contract.digest, tools: known.map(({ tool, schemas }) => ({ ...tool, schemas })) },
    },
  };
}

/**
 * The text of a lock file: indented, for its diffs to be read, and on one line where that would be more than is read again. Nothing where that is, too,
 * as with much that is ignored.
 */
export function toLockText({ contract, ignore, tools }: LockedContract): string | undefined {
  const document = {
    schemaVersion: lockSchemaVersion,
    digest: contract.digest,
    ...(ignore.length === 0 ? {} : { ignore }),
    tools,
  };
  const encoder = new TextEncoder();
  return [2, 0].map((indent) => toJson(document, indent)).find((text) => isReadable(encoder.encode(text)));
}

function isReadable(bytes: Uint8Array): boolean {
  return bytes.byteLength <= maxLockBytes && guardJson(bytes, lockJson) === 'fine';
}

/** What a lock file says, if its tools have the digest that it names. */
export function readLock(bytes: Uint8Array): Locked {
  if (!isReadable(bytes)) return { type: 'problem', why: 'is too large for a lock file' };
  const document = parse(bytes);
  if (!isRecord(document) || document['schemaVersion'] !== lockSchemaVersion) {
    return { type: 'problem', why: `is no lock file: it has no schemaVersion ${lockSchemaVersion}` };
  }
  const { tools, digest, ignore = [] } = document;
  const isWhole = Array.isArray(tools) && Array.isArray(ignore) && ignore.every((one) => typeof one === 'string');
  if (!isWhole) return { type: 'problem', why: 'is no lock file: tools or ignore is no list' };
  const tooMuch = judgeIgnored(ignore);
  if (tooMuch !== undefined) return { type: 'problem', why: `cannot be used: ${tooMuch}` };
  const locked = lockTools(tools, ignore);
  if (locked.type === 'problem' || locked.locked.contract.digest === digest) return locked;
  const why = `was edited: its tools have the digest ${locked.locked.contract.digest}, and it names another one; write it anew with contract get -o json`;
  return { type: 'problem', why };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
