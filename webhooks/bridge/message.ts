import { guardJson, type JsonLimits } from '../platform/json-guard.ts';
import { isRecord, recordAt } from '../platform/kube/object.ts';
import { putOnOneLine } from './locate.ts';

/** As JSON-RPC has it: https://www.jsonrpc.org/specification#request_object; fractions and null are no ids in MCP. */
export type MessageId = string | number;

interface CommonParts {
  /** As it was sent, on one line, without what ends the line. */
  readonly bytes: Buffer;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface RequestMessage extends CommonParts {
  readonly kind: 'request';
  readonly id: MessageId;
  readonly method: string;
}

export interface NotificationMessage extends CommonParts {
  readonly kind: 'notification';
  readonly method: string;
}

export interface ResponseMessage extends CommonParts {
  readonly kind: 'response';
  /** Absent where the other side could not read which request it answers. */
  readonly id?: MessageId;
  readonly result?: Readonly<Record<string, unknown>>;
  /** Of JSON-RPC; absent when it is a result. */
  readonly errorCode?: number;
  readonly errorData?: unknown;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage;

export type MessageProblem = 'not JSON' | 'too many values' | 'too deep' | 'a batch' | 'not a message';

export type ParsedMessage =
  { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly problem: MessageProblem };

/** What one message may make us build: about 10 MiB for as long as it is looked at. */
const jsonLimits: JsonLimits = { maxTokens: 200_000, maxDepth: 128 };

/** Longest id, in characters: it is kept while its request waits. */
const maxIdLength = 512;
/** Longest name of a method, in characters. */
const maxMethodLength = 256;

/** Reads one message of somebody else. Costs are counted in the bytes before anything is built of them. */
export function parseMessage(bytes: Buffer): ParsedMessage {
  const guard = guardJson(bytes, jsonLimits);
  if (guard !== 'fine') return { ok: false, problem: guard };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { ok: false, problem: 'not JSON' };
  }
  if (Array.isArray(value)) return { ok: false, problem: 'a batch' };
  const message = isRecord(value) && value['jsonrpc'] === '2.0' ? toMessage(bytes, value) : undefined;
  if (message === undefined) return { ok: false, problem: 'not a message' };
  putOnOneLine(bytes);
  return { ok: true, message };
}

function toMessage(bytes: Buffer, value: Readonly<Record<string, unknown>>): Message | undefined {
  const { method } = value;
  if (method === undefined) return toResponse(bytes, value);
  if (typeof method !== 'string' || method.length > maxMethodLength) return undefined;
  const { params } = value;
  if (params !== undefined && !isRecord(params)) return undefined;
  const common = { bytes, method, ...(params === undefined ? {} : { params }) };
  if (!('id' in value)) return { kind: 'notification', ...common };
  const id = idOf(value);
  return id === undefined ? undefined : { kind: 'request', id, ...common };
}

function toResponse(bytes: Buffer, value: Readonly<Record<string, unknown>>): ResponseMessage | undefined {
  const id = idOf(value);
  const common = { kind: 'response', bytes, ...(id === undefined ? {} : { id }) } as const;
  const error = recordAt(value, 'error');
  if (error !== undefined) {
    const code = error['code'];
    return { ...common, errorCode: typeof code === 'number' ? code : 0, errorData: error['data'] };
  }
  const result = recordAt(value, 'result');
  return result === undefined ? undefined : { ...common, result };
}

function idOf(value: Readonly<Record<string, unknown>>): MessageId | undefined {
  const { id } = value;
  if (typeof id === 'number') return Number.isSafeInteger(id) ? id : undefined;
  return typeof id === 'string' && id.length <= maxIdLength ? id : undefined;
}

/** Ids that differ in type differ: `1` and `"1"`. */
export function keyOfId(id: MessageId): string {
  return typeof id === 'number' ? String(id) : `"${id}`;
}
