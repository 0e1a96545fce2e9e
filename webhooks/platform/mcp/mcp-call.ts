import type { OutgoingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';

import type { McpReply } from './mcp-reply.ts';
import { sendMcpMessage } from './mcp-request.ts';
import type { Connect, McpMessage, SocketAddress } from './mcp-request.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { ProbeCost } from './probe-cost.ts';
import { statelessVersion } from './protocol-versions.ts';
import type { TlsClientSettings } from './tls-trust.ts';

/** One probe: whom it asks, and what is common to its messages. */
export interface McpCall {
  readonly url: URL;
  /** Of one pod; undefined: that of the URL. */
  readonly address?: SocketAddress | undefined;
  /** Instead of connections of the network. */
  readonly connect?: Connect | undefined;
  /** For the host of the URL; undefined: as a full name. */
  readonly lookup?: LookupFunction | undefined;
  readonly tls: TlsClientSettings | undefined;
  /** Our own version, told to the server. */
  readonly clientVersion: string;
  readonly countsOffers: boolean;
  readonly acceptsForbidden?: boolean | undefined;
  /** Digest of the contract that is known: another one is read a second time. */
  readonly knownContract?: string | undefined;
  /** JSON pointers into each tool: what is there is no part of the contract. */
  readonly ignore?: readonly string[];
  /** Whether a server that offers no tools has a contract, too. */
  readonly isNoneListed?: boolean;
  /** Gets the tools as they were kept, when all of them were listed. Then nothing else is listed. */
  readonly onTools?: ((tools: readonly unknown[]) => void) | undefined;
  /** Beside ours, for who asks for credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly budget: ProbeBudget;
  readonly signal: AbortSignal;
  readonly cost: ProbeCost;
  readonly deadlines: Deadlines;
  /** An id that was not used yet: integers, as every client's are; some servers take nothing else. */
  readonly nextId: () => number;
}

/** On the clock of `performance.now()`. */
export interface Deadlines {
  /** When the era that is asked first has to have answered, if the other one may be asked after it. */
  readonly firstEra: number;
  /** When it has to be clear whether an MCP server is there. */
  readonly verdict: number;
  /** When the last page of a list has to be there; a little before the end, so that a session can be given back. */
  readonly lists: number;
  readonly end: number;
}

/** Ids from `first` on. */
export function idsFrom(first: number): () => number {
  let next = first;
  return () => next++;
}

/** Longest answer to a handshake: it is some kilobytes, and the instructions may be long. */
const maxHandshakeBytes = 256 * 1024;

type Message = Pick<McpMessage, 'method' | 'headers' | 'body'>;

/** Sends one message of a call, in the time that is left until `endsAt`. */
export function send(
  { url, address, connect, lookup, tls, signal, cost, budget }: McpCall,
  message: Message,
  { endsAt, maxAnswerBytes = maxHandshakeBytes }: { readonly endsAt: number; readonly maxAnswerBytes?: number },
): Promise<McpReply> {
  const timeoutMs = Math.max(1, endsAt - performance.now());
  const where = { url, address, connect, lookup, tls };
  return sendMcpMessage({ ...where, signal, cost, budget, ...message, maxAnswerBytes, timeoutMs });
}

/** A request of the stateless era says in headers and body what a handshake would have said. */
export function statelessRequest(call: McpCall, method: string, cursor?: string): Message {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': statelessVersion,
    'io.modelcontextprotocol/clientInfo': clientInfo(call),
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { ...(cursor === undefined ? {} : { cursor }), _meta };
  return {
    method: 'POST',
    headers: postHeaders(call, { 'mcp-protocol-version': statelessVersion, 'mcp-method': method }),
    body: { method, jsonrpc: '2.0', id: call.nextId(), params },
  };
}

/** A message of the handshake era; `session` says which headers the handshake has brought. */
export function handshakeRequest(
  call: McpCall,
  session: Readonly<Record<string, string>>,
  { method, params }: { readonly method: string; readonly params?: Readonly<Record<string, unknown>> },
): Message {
  const body = { method, ...(params === undefined ? {} : { params }), jsonrpc: '2.0', id: call.nextId() };
  return { method: 'POST', headers: postHeaders(call, session), body };
}

export function handshakeNotification(
  call: McpCall,
  session: Readonly<Record<string, string>>,
  method: string,
): Message {
  return { method: 'POST', headers: postHeaders(call, session), body: { jsonrpc: '2.0', method } };
}

export function endOfSession(call: McpCall, session: Readonly<Record<string, string>>): Message {
  return {
    method: 'DELETE',
    headers: { host: hostOf(call.url), connection: 'close', ...session, accept: '*/*', ...commonHeaders(call) },
  };
}

export function clientInfo({ clientVersion }: McpCall): Readonly<Record<string, string>> {
  return { name: 'mcp-lifecycle', version: clientVersion };
}

/** The Host header that the server sees, which is also that of the clients of `status.address.url`. */
export function hostOf({ host }: URL): string {
  return host.replace(/\.(?=:|$)/, '');
}

/** Names and order are those of the official TypeScript client. */
function postHeaders(call: McpCall, own: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  return {
    ...{ host: hostOf(call.url), connection: 'close' },
    ...own,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...commonHeaders(call),
  };
}

function commonHeaders({ clientVersion, headers }: McpCall): Readonly<Record<string, string>> {
  return { 'accept-language': '*', 'user-agent': `mcp-lifecycle/${clientVersion}`, ...headers };
}
