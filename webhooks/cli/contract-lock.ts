import { contractOf } from '../core/contract/contract.ts';
import type { ComparedContract } from '../core/contract/compare-contracts.ts';
import { readTool } from '../core/contract/tool.ts';
import type { ToolDigest, ToolSchemas } from '../core/contract/tool.ts';
import { API } from '../core/mcpserver/api.ts';
import { isRecord, ownValue } from '../core/mcpserver/record.ts';
import type { Fields } from '../core/mcpserver/record.ts';
import { guardJson } from '../platform/json-guard.ts';
import type { JsonLimits } from '../platform/json-guard.ts';
import { listAt, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { sha256 } from '../platform/mcp/sha256.ts';
import { toJson } from './outputs/to-json.ts';
import { lockSchemaVersion } from './schemas/tool-contract.ts';

/** What is known of a contract: from a server or a lock file all of it, from the status of an MCPServer how it is told from another. */
export interface LockedContract {
  readonly ignore: readonly string[];
  /** As the server sent them, by name; absent: status has them not. */
  readonly tools?: readonly unknown[];
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

/** The contract of tools as they were listed. */
export function lockTools(tools: readonly unknown[], ignore: readonly string[]): Locked {
  const read: { readonly tool: ToolDigest; readonly schemas: ToolSchemas; readonly raw: unknown }[] = [];
  for (const raw of tools) {
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
      ignore,
      tools: known.map(({ raw }) => raw),
      compared: { digest: contract.digest, tools: known.map(({ tool, schemas }) => ({ ...tool, schemas })) },
    },
  };
}

/** Also those that are not listed. */
export function countTools({ compared: { tools, truncated = 0 } }: LockedContract): number {
  return tools.length + truncated;
}

/**
 * The text of a lock file: indented, for its diffs to be read, and on one line where that would be more than is read again. Nothing where that is, too,
 * as with much that is ignored.
 */
export function toLockText({ compared, ignore, tools }: LockedContract): string | undefined {
  if (tools === undefined) return undefined;
  const document = {
    schemaVersion: lockSchemaVersion,
    digest: compared.digest,
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
  if (ownValue(document, 'kind') === API.kind) return readStatus(document);
  return isRecord(document) && document['schemaVersion'] === lockSchemaVersion
    ? readDocument(document)
    : { type: 'problem', why: `is no lock file: it has no schemaVersion ${lockSchemaVersion}` };
}

function readDocument({ tools, digest, ignore = [] }: Fields): Locked {
  const isWhole = Array.isArray(tools) && Array.isArray(ignore) && ignore.every((one) => typeof one === 'string');
  if (!isWhole) return { type: 'problem', why: 'is no lock file: tools or ignore is no list' };
  const tooMuch = judgeIgnored(ignore);
  if (tooMuch !== undefined) return { type: 'problem', why: `cannot be used: ${tooMuch}` };
  const locked = lockTools(tools, ignore);
  if (locked.type === 'problem' || locked.locked.compared.digest === digest) return locked;
  const why = `was edited: its tools have the digest ${locked.locked.compared.digest}, and it names another one; write it anew with contract get -o json`;
  return { type: 'problem', why };
}

/** What an MCPServer says of its tools, as kubectl get -o json prints it: not their schemas, so that another one breaks. */
function readStatus(object: unknown): Locked {
  const tools = recordAt(recordAt(recordAt(object, 'status'), 'extensions'), 'tools');
  const digest = stringAt(tools, 'digest');
  if (digest === undefined) return { type: 'problem', why: 'is an MCPServer whose status has no digest of its tools' };
  const list = listAt(tools, 'list').map((one) => ({
    ...{ name: stringAt(one, 'name') ?? '', interface: stringAt(one, 'interface') ?? '' },
    wording: stringAt(one, 'wording') ?? '',
    readOnly: ownValue(one, 'readOnly') === true,
    destructive: ownValue(one, 'destructive') === true,
    openWorld: ownValue(one, 'openWorld') === true,
  }));
  const ignore = listAt(tools, 'ignore').filter((one) => typeof one === 'string');
  const compared = { digest, tools: list, truncated: numberAt(tools, 'truncated') ?? 0 };
  return { type: 'locked', locked: { ignore, compared } };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
