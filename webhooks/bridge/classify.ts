import { eraOfVersion } from '../platform/mcp/protocol-versions.ts';
import { isRecord, recordAt, stringAt } from '../platform/kube/object.ts';
import { ambiguousName } from './locate.ts';
import type { Message, NotificationMessage, RequestMessage } from './message.ts';
import { rpcCodes, type RpcError } from './rpc-error.ts';

/** The headers that repeat what a body says; undefined where there is none. */
export interface StandardHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** To whom a message of a client goes. */
export type Route =
  | { readonly type: 'modern'; readonly message: RequestMessage | NotificationMessage; readonly version: string }
  | { readonly type: 'initialize'; readonly message: RequestMessage }
  | { readonly type: 'session'; readonly message: Message }
  | { readonly type: 'refused'; readonly status: number; readonly error: RpcError };

/** Members of `params._meta` with which each request of 2026-07-28 says what a handshake said before. */
export const envelopeKeys = {
  version: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** Where we read what we decide by. */
const judgedObjects: readonly { readonly path: readonly string[]; readonly known: readonly string[] }[] = [
  { path: [], known: ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] },
  { path: ['params'], known: ['_meta', 'name', 'uri', 'taskId', 'requestId', 'progressToken'] },
  { path: ['params', '_meta'], known: ['progressToken', ...Object.values(envelopeKeys)] },
];

/** Methods whose object `Mcp-Name` repeats, and the member of `params` that names it. */
const namedBy: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/**
 * The era of a message is that of its body, and headers have to agree with it: gateways route and authorise by the
 * headers, so one that lies gets nowhere. The answers are those of the official server
 * (docs/decisions/0073-the-bridge-passes-bytes.md says why it is not that code; a test holds one against the other).
 */
export function classify(message: Message, headers: StandardHeaders): Route {
  for (const { path, known } of judgedObjects) {
    const name = ambiguousName(message.bytes, path, known);
    if (name === undefined) continue;
    return refused({
      code: rpcCodes.invalidRequest,
      message: `${quote(name)} stands twice in the message, or in another case than it has: send each member once, as it is written.`,
    });
  }
  if (message.kind === 'response') return { type: 'session', message };
  const token = recordAt(message.params, '_meta')?.['progressToken'];
  if (message.kind === 'request' && token !== undefined && !isToken(token)) {
    return refused({
      code: rpcCodes.invalidParams,
      message: `params._meta.progressToken is no number and no text of at most ${maxTokenLength} characters.`,
    });
  }
  return message.kind === 'request' ? classifyRequest(message, headers) : classifyNotification(message, headers);
}

/** Longest token, in characters: it is kept while its request waits. */
const maxTokenLength = 512;

function isToken(token: unknown): boolean {
  return typeof token === 'number' || (typeof token === 'string' && token.length <= maxTokenLength);
}

function classifyRequest(message: RequestMessage, headers: StandardHeaders): Route {
  const meta = recordAt(message.params, '_meta');
  const isClaimed = meta !== undefined && Object.hasOwn(meta, envelopeKeys.version);
  if (message.method === 'initialize' && !(isClaimed && isModernEnvelope(meta))) {
    return namesModern(headers.version)
      ? mismatch(
          'the body is initialize, which revisions with the MCP-Protocol-Version that the header names do not have',
        )
      : { type: 'initialize', message };
  }
  if (isClaimed) return classifyEnvelope(message, meta, headers);
  if (!namesModern(headers.version)) return { type: 'session', message };
  const missing = meta === undefined ? '_meta' : requiredKeys.filter((key) => !Object.hasOwn(meta, key)).join(', ');
  return refused({
    code: rpcCodes.invalidParams,
    message: `The header MCP-Protocol-Version names ${quote(headers.version)}, whose requests need params.${meta === undefined ? missing : `_meta with ${missing}`}.`,
  });
}

function classifyEnvelope(
  message: RequestMessage,
  meta: Readonly<Record<string, unknown>>,
  headers: StandardHeaders,
): Route {
  const broken = brokenKey(meta);
  if (broken !== undefined) {
    return refused({
      code: rpcCodes.invalidParams,
      message: `params._meta["${broken}"] is missing or has another type.`,
    });
  }
  const version = stringAt(meta, envelopeKeys.version) ?? '';
  // One that names a revision without envelopes is refused by whoever serves it, with those that it does serve.
  return disagreement(message, version, headers) ?? { type: 'modern', message, version };
}

function disagreement(message: RequestMessage, version: string, headers: StandardHeaders): Route | undefined {
  const { method } = message;
  if (headers.version === undefined) return mismatch('the header MCP-Protocol-Version is missing');
  if (headers.version !== version) {
    return mismatch(`the body names revision ${quote(version)} and the header ${quote(headers.version)}`);
  }
  if (headers.method === undefined) return mismatch('the header Mcp-Method is missing');
  if (headers.method !== method) {
    return mismatch(`the body names method ${quote(method)} and the header ${quote(headers.method)}`);
  }
  const field = Object.hasOwn(namedBy, method) ? namedBy[method] : undefined;
  const name = field === undefined ? undefined : stringAt(message.params, field);
  if (name === undefined) return undefined;
  if (headers.name === undefined) return mismatch('the header Mcp-Name is missing');
  const decoded = decodeHeader(headers.name);
  if (decoded !== name)
    return mismatch(`params.${String(field)} is ${quote(name)} and the header Mcp-Name another one`);
  return undefined;
}

function classifyNotification(message: NotificationMessage, headers: StandardHeaders): Route {
  const meta = recordAt(message.params, '_meta');
  if (meta === undefined || !Object.hasOwn(meta, envelopeKeys.version)) {
    return namesModern(headers.version) ? toldModern(message, headers.version, headers) : { type: 'session', message };
  }
  const version = stringAt(meta, envelopeKeys.version);
  if (version === undefined) {
    return refused({
      code: rpcCodes.invalidParams,
      message: `params._meta["${envelopeKeys.version}"] is not a text.`,
    });
  }
  if (headers.version !== undefined && version !== headers.version) {
    return mismatch(`the body names revision ${quote(version)} and the header ${quote(headers.version)}`);
  }
  return namesModern(version) ? toldModern(message, version, headers) : { type: 'modern', message, version };
}

function toldModern(message: NotificationMessage, version: string, headers: StandardHeaders): Route {
  if (headers.method !== undefined && headers.method !== message.method) {
    return mismatch(`the body names method ${quote(message.method)} and the header ${quote(headers.method)}`);
  }
  return { type: 'modern', message, version };
}

const requiredKeys: readonly string[] = [envelopeKeys.version, envelopeKeys.capabilities];

/** Only what makes it an envelope; the server judges the rest of it. */
function brokenKey(meta: Readonly<Record<string, unknown>>): string | undefined {
  if (stringAt(meta, envelopeKeys.version) === undefined) return envelopeKeys.version;
  const hasClient = Object.hasOwn(meta, envelopeKeys.client);
  if (hasClient && stringAt(recordAt(meta, envelopeKeys.client), 'name') === undefined) return envelopeKeys.client;
  return isRecord(meta[envelopeKeys.capabilities]) ? undefined : envelopeKeys.capabilities;
}

function isModernEnvelope(meta: Readonly<Record<string, unknown>>): boolean {
  return brokenKey(meta) === undefined && namesModern(stringAt(meta, envelopeKeys.version));
}

function namesModern(version: string | undefined): version is string {
  return version !== undefined && eraOfVersion(version) === 'stateless';
}

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** A name that no header can hold comes as `=?base64?…?=`. */
function decodeHeader(text: string): string {
  const [, base64] = encoded.exec(text) ?? [];
  return base64 === undefined ? text : Buffer.from(base64, 'base64').toString('utf8');
}

/** What clients that know both eras take as a hint to the other one. */
export function unsupportedVersion(requested: string, supported: readonly string[]): RpcError {
  return {
    code: rpcCodes.unsupportedVersion,
    message: `Unsupported protocol version: ${printable(requested)}`,
    data: { supported, requested: printable(requested) },
  };
}

function mismatch(clause: string): Route {
  return refused({
    code: rpcCodes.headerMismatch,
    message: `Headers and body disagree: ${clause}. Send headers that repeat the body.`,
  });
}

function refused(error: RpcError): Route {
  return { type: 'refused', status: 400, error };
}

/** Longest text of a client that is repeated to it, in characters. */
const maxRepeated = 64;

function quote(text: string): string {
  return `"${printable(text)}"`;
}

function printable(text: string): string {
  return text.slice(0, maxRepeated).replace(/[^ -~]/g, '?');
}
