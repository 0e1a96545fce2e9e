import { oneLine, severalLines } from '../../core/engine/text.ts';
import type { ProtocolEra, ServerInfo, Verification } from '../../core/plan/observed.ts';
import { networkErrorText } from '../../platform/kube/network-error.ts';
import { isRecord, listAt, recordAt, stringAt } from '../../platform/kube/object.ts';
import { countOffers } from './count-offers.ts';
import type { AskForPage } from './count-offers.ts';
import { quoted, sendMcpMessage } from './mcp-request.ts';
import type { McpMessage, McpReply } from './mcp-request.ts';
import { eraOfVersion, handshakeVersion, statelessVersion } from './protocol-versions.ts';
import { tlsClientSettings } from './tls-trust.ts';
import type { TlsClientSettings, TlsTrust } from './tls-trust.ts';

export interface ProbeTarget {
  readonly url: string;
  /** With an `https` URL: whose certificates count. */
  readonly tls?: TlsTrust | undefined;
  /** Asked first, and alone while it answers: what an earlier answer (`era` of its result) has taught. */
  readonly era?: ProtocolEra | undefined;
  /**
   * From the result before, if the same pods are asked for the same spec: a session that is still open, so that a steady server
   * costs one request.
   */
  readonly memory?: ProbeMemory | undefined;
  /** Our own version, told to the server as clientInfo. */
  readonly clientVersion: string;
  /** Whether to count what the server lists, too; costs some requests more. */
  readonly countsOffers?: boolean;
  /** For the whole probe; default 10 s. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** What a finished probe says: never that it was not attempted. */
export type Verdict = Exclude<Verification, { readonly state: 'not-attempted' }>;

/** `memory` is for the next probe of the same pods, no part of the verdict; without one, what was remembered is void. */
export type ProbeResult = Verdict & { readonly memory?: ProbeMemory };

/** What one probe leaves to the next one; nobody else reads it. */
export interface ProbeMemory {
  readonly serverInfo: ServerInfo;
  readonly session: { readonly version: string; readonly sessionId: string | undefined };
}

/** Asks one endpoint whether an MCP server is there. Never rejects. */
export type Probe = (target: ProbeTarget) => Promise<ProbeResult>;

const defaultTimeoutMs = 10_000;
/** Part of the whole time in which lists have to be complete. */
const shareBeforeLastWord = 0.9;
/** Longest answer to a handshake: it is some kilobytes, and the instructions may be long. */
const maxHandshakeBytes = 256 * 1024;
/** Longest page of a list: a hundred tools with their schemas have about 100 KiB. */
const maxPageBytes = 1024 * 1024;
const acceptBoth = 'application/json, text/event-stream';
/** Longest text of the server that goes into status, in characters. */
const maxNameLength = 256;
const maxInstructionsLength = 2_000;

/**
 * Speaks both eras of MCP: first `server/discover` (2026-07-28), then, for servers that do not know it, `initialize`
 * (2025-11-25 and older). 401 and 403 count as reachable: the server is there and wants credentials.
 */
export const probeMcpServer: Probe = async (target) => {
  const url = new URL(target.url);
  const timeoutMs = target.timeoutMs ?? defaultTimeoutMs;
  const startedAt = performance.now();
  const tls = clientSettings(target.tls);
  if (tls?.type === 'unusable') return { state: 'failed', message: tls.why, isTlsConfiguration: true };
  const { clientVersion, signal, countsOffers = false } = target;
  const listsEndAt = startedAt + timeoutMs * shareBeforeLastWord;
  const give = { url, tls: tls?.settings, clientVersion, signal, countsOffers, listsEndAt };
  // A server of the old era may never answer what it does not know: leave half of the time for the handshake.
  const discovered = await discover({ ...give, endsAt: startedAt + timeoutMs / 2 });
  return discovered ?? (await handshake({ ...give, endsAt: startedAt + timeoutMs }));
};

function clientSettings(
  trust: TlsTrust | undefined,
):
  | { readonly type: 'usable'; readonly settings: TlsClientSettings }
  | { readonly type: 'unusable'; readonly why: string }
  | undefined {
  if (trust === undefined) return undefined;
  if (trust.type === 'bundle-missing') {
    return { type: 'unusable', why: `Secret '${trust.secret}' holds no CA certificates` };
  }
  try {
    return { type: 'usable', settings: tlsClientSettings(trust) };
  } catch (error) {
    return { type: 'unusable', why: networkErrorText(error) };
  }
}

interface Call {
  readonly url: URL;
  readonly tls: TlsClientSettings | undefined;
  readonly clientVersion: string;
  /** When the last of its messages has to be answered, on the clock of `performance.now()`. */
  readonly endsAt: number;
  readonly countsOffers: boolean;
  /** When the last page of a list has to be there, on the same clock. */
  readonly listsEndAt: number;
  readonly signal: AbortSignal;
}

/** Sends one of the messages of a call, in what is left of its time. */
function send(
  { endsAt, ...call }: Call,
  message: Pick<McpMessage, 'method' | 'headers' | 'body'>,
  maxAnswerBytes = maxHandshakeBytes,
): Promise<McpReply> {
  const timeoutMs = Math.max(1, endsAt - performance.now());
  return sendMcpMessage({ ...call, ...message, maxAnswerBytes, timeoutMs });
}

/** Undefined when the server does not speak this era. */
async function discover(call: Call): Promise<ProbeResult | undefined> {
  const reply = await send(call, statelessMessage(call, 'server/discover', 'discover-1'));
  const verdict = authOrUnreachable(reply);
  if (verdict !== undefined) return verdict;
  if (reply.type !== 'result' || !listAt(reply.result, 'supportedVersions').includes(statelessVersion))
    return undefined;
  const info = recordAt(recordAt(reply.result, '_meta'), 'io.modelcontextprotocol/serverInfo');
  const identity = info ?? recordAt(reply.result, 'serverInfo');
  const serverInfo = toServerInfo(reply.result, identity, statelessVersion);
  return withOffers(call, serverInfo, (method, page, cursor) =>
    send(forLists(call), statelessMessage(call, method, `${method}-${page}`, cursor), maxPageBytes),
  );
}

/** A request of the stateless era says in headers and body what a handshake would have said. */
function statelessMessage(
  { clientVersion }: Call,
  method: string,
  id: string,
  cursor?: string,
): Pick<McpMessage, 'method' | 'headers' | 'body'> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': statelessVersion,
    'io.modelcontextprotocol/clientInfo': { name: 'mcp-lifecycle', version: clientVersion },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    method: 'POST',
    headers: { accept: acceptBoth, 'mcp-protocol-version': statelessVersion, 'mcp-method': method },
    body: { jsonrpc: '2.0', id, method, params: { ...(cursor === undefined ? {} : { cursor }), _meta } },
  };
}

async function handshake(call: Call): Promise<ProbeResult> {
  const reply = await send(call, {
    method: 'POST',
    headers: { accept: acceptBoth },
    body: {
      jsonrpc: '2.0',
      id: 'initialize-1',
      method: 'initialize',
      params: {
        protocolVersion: handshakeVersion,
        capabilities: {},
        clientInfo: { name: 'mcp-lifecycle', version: call.clientVersion },
      },
    },
  });
  const verdict = authOrUnreachable(reply);
  if (verdict !== undefined) return verdict;
  if (reply.type === 'timeout') return { state: 'failed', message: failureText(reply), isUnanswered: true };
  if (reply.type !== 'result') return { state: 'failed', message: failureText(reply) };
  const version = stringAt(reply.result, 'protocolVersion');
  if (version === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(version)) {
    return { state: 'failed', message: 'its answer to initialize has no protocolVersion' };
  }
  const serverInfo = toServerInfo(reply.result, recordAt(reply.result, 'serverInfo'), version);
  return inSession(call, { version, sessionId: reply.sessionId }, (headers) =>
    withOffers(call, serverInfo, (method, page, cursor) => {
      const params = cursor === undefined ? {} : { params: { cursor } };
      const body = { jsonrpc: '2.0', id: `${method}-${page}`, method, ...params };
      return send(forLists(call), { method: 'POST', headers, body }, maxPageBytes);
    }),
  );
}

/**
 * Says that the handshake is over, does what is to be done with the session, and gives it back, so that probing does
 * not fill the server with sessions. Quietly: whether the server likes it does not change that it speaks MCP (405 means
 * that it ends sessions itself).
 */
async function inSession(
  call: Call,
  session: { readonly version: string; readonly sessionId: string | undefined },
  work: (headers: McpMessage['headers']) => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const headers = {
    accept: acceptBoth,
    'mcp-protocol-version': session.version,
    ...(session.sessionId === undefined ? {} : { 'mcp-session-id': session.sessionId }),
  };
  await send(call, { method: 'POST', headers, body: { jsonrpc: '2.0', method: 'notifications/initialized' } });
  const result = await work(headers);
  if (session.sessionId !== undefined) await send(call, { method: 'DELETE', headers });
  return result;
}

async function withOffers(call: Call, serverInfo: ServerInfo, askForPage: AskForPage): Promise<ProbeResult> {
  const era = eraOfVersion(serverInfo.protocolVersion);
  if (!call.countsOffers) return { state: 'verified', era, serverInfo };
  return { state: 'verified', era, serverInfo, offers: await countOffers(serverInfo.capabilities, askForPage) };
}

/** Lists end a little earlier than the call, so that a slow one does not keep us from giving the session back. */
function forLists(call: Call): Call {
  return { ...call, endsAt: call.listsEndAt };
}

/** What the other era could not answer differently either. */
function authOrUnreachable(reply: McpReply): ProbeResult | undefined {
  if ((reply.type === 'http' || reply.type === 'rpc-error') && (reply.status === 401 || reply.status === 403)) {
    return { state: 'auth-required', statusCode: reply.status };
  }
  if (reply.type !== 'unreachable') return undefined;
  return { state: 'failed', message: reply.why, ...(reply.isConnected ? {} : { isUnanswered: true }) };
}

function failureText(reply: Exclude<McpReply, { readonly type: 'result' }>): string {
  switch (reply.type) {
    case 'unreachable':
    case 'unusable':
      return reply.why;
    case 'timeout':
      return 'no answer in time';
    case 'rpc-error':
      return `it answered initialize with JSON-RPC error ${reply.code}: ${reply.message}`;
    case 'http':
      return httpText(reply.status, reply.contentType);
  }
}

function httpText(status: number, contentType: string): string {
  const answered = `answered HTTP ${status}${contentType === '' ? '' : ` with ${quoted(contentType)}`}`;
  if (status >= 300 && status < 400) return `${answered}: redirects are not followed, is spec.config.path right?`;
  if (status === 404 || status === 405) return `${answered}: is spec.config.path right?`;
  if (status < 300) return `${answered} instead of an MCP message: is spec.config.path right?`;
  return answered;
}

function toServerInfo(
  result: Readonly<Record<string, unknown>>,
  identity: Readonly<Record<string, unknown>> | undefined,
  protocolVersion: string,
): ServerInfo {
  const capabilities = recordAt(result, 'capabilities');
  const has = (name: string): boolean => isRecord(capabilities?.[name]);
  const instructions = stringAt(result, 'instructions');
  return {
    name: oneLine(stringAt(identity, 'name') ?? '', maxNameLength),
    version: oneLine(stringAt(identity, 'version') ?? '', maxNameLength),
    protocolVersion,
    ...(instructions === undefined ? {} : { instructions: severalLines(instructions, maxInstructionsLength) }),
    capabilities: {
      tools: has('tools'),
      resources: has('resources'),
      prompts: has('prompts'),
      logging: has('logging'),
      completions: has('completions'),
    },
  };
}
