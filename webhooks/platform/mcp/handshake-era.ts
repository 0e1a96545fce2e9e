import type { ServerInfo } from '../../core/plan/observed.ts';
import { listAt, recordAt, stringAt } from '../kube/object.ts';
import { startTimer } from '../timer.ts';
import { countOffers } from './count-offers.ts';
import type { CountedOffers } from './count-offers.ts';
import { unsettled } from './era-answer.ts';
import type { EraAnswer } from './era-answer.ts';
import { isWithoutCommonVersion, noCommonVersion } from './judge-reply.ts';
import type { Unsuccessful } from './judge-reply.ts';
import { clientInfo, endOfSession, handshakeNotification, handshakeRequest, send } from './mcp-call.ts';
import type { McpCall } from './mcp-call.ts';
import type { McpReply } from './mcp-reply.ts';
import type { ProbeMemory } from './probe-memory.ts';
import type { ProbeResult } from './probe.ts';
import { handshakeVersion, handshakeVersions } from './protocol-versions.ts';
import { toServerInfo } from './server-info.ts';

/** A handshake that is still good. */
export interface Session {
  readonly version: string;
  /** Absent: the server keeps no sessions, and each request stands alone. */
  readonly sessionId?: string;
  readonly serverInfo: ServerInfo;
  /** Ids below are used up. */
  readonly nextId: number;
}

/**
 * How long the answer to `notifications/initialized` may take before what follows is sent all the same, in milliseconds. The
 * official client waits for it, because a server may refuse a list that it reads before; some servers never give one.
 */
const initializedGraceMs = 500;
/** How often in a row a server may refuse `ping` before it is asked by whole handshakes. */
const maxRefusedPings = 2;
/** Before a probe that no other one of the same pod follows soon: it leaves no session behind. */
export const asksOnce: ProbeMemory = { refusedPings: maxRefusedPings };

/**
 * Asks `initialize` (2025-11-25 and older). The session stays open for the next probe, which costs one `ping` then: a server
 * that cannot end sessions would keep one for every probe otherwise. Where `ping` is not answered, it is given back.
 */
export async function askHandshake(call: McpCall, memory: ProbeMemory, endsAt: number): Promise<EraAnswer> {
  const offered = await initialize(call, handshakeVersion, endsAt);
  // Some refuse what they should answer with an older revision.
  const older = commonVersion(offered);
  const reply = older === undefined ? offered : await initialize(call, older, endsAt);
  if (reply.type !== 'result') return unsettled(reply, call);
  const version = stringAt(reply.result, 'protocolVersion');
  if (version === undefined || !handshakeVersions.includes(version)) return withoutCommonVersion(version);
  const serverInfo = toServerInfo(reply.result, recordAt(reply.result, 'serverInfo'), version);
  const opened = { version, serverInfo, ...(reply.sessionId === undefined ? {} : { sessionId: reply.sessionId }) };
  const over = new AbortController();
  await tellInitialized({ ...call, signal: AbortSignal.any([call.signal, over.signal]) }, headersOf(opened));
  const offers = await countIn(call, opened);
  const { refusedPings = 0 } = memory;
  const isKept = refusedPings < maxRefusedPings;
  if (!isKept) await endSession(call, opened);
  over.abort();
  const session = { ...opened, nextId: call.nextId() };
  const next: ProbeMemory = { ...(isKept ? { session } : {}), ...(refusedPings === 0 ? {} : { refusedPings }) };
  return { type: 'verdict', result: { state: 'verified', era: 'handshake', serverInfo, ...offers, memory: next } };
}

/**
 * Asks within the session that the last probe has left, by one `ping`. Without a result it is over, or there is none, and
 * nothing follows from that; the memory says what was learnt.
 */
export async function askInSession(call: McpCall, memory: ProbeMemory, endsAt: number): Promise<InSession> {
  const { session, ...others } = memory;
  // Only a handshake tells who answers, where nothing ties a request to the process that had the last one.
  if (session === undefined || (call.countsOffers && session.sessionId === undefined)) return { memory: others };
  const reply = await send(call, handshakeRequest(call, headersOf(session), { method: 'ping' }), { endsAt });
  if (reply.type !== 'result') return afterPing(call, reply, { session, others });
  const { serverInfo } = session;
  const offers = await countIn(call, session);
  const kept = { session: { ...session, nextId: call.nextId() } };
  return { result: { state: 'verified', era: 'handshake', serverInfo, ...offers, memory: kept }, memory: kept };
}

interface InSession {
  readonly result?: ProbeResult;
  readonly memory: ProbeMemory;
}

function afterPing(
  call: McpCall,
  reply: Unsuccessful,
  { session, others }: { readonly session: Session; readonly others: Omit<ProbeMemory, 'session'> },
): InSession {
  const answer = unsettled(reply, call);
  const verdict = answer.type === 'verdict' ? answer.result : answer.failure;
  if (verdict.state === 'throttled') return { result: { ...verdict, memory: { ...others, session } }, memory: others };
  // The next probe begins anew, so a session alone makes no server fail.
  const isSilent = reply.type === 'timeout' || reply.type === 'unreachable';
  const hasClosed = answer.type === 'unsettled' && answer.how === 'closed';
  if (isSilent) return { result: { ...verdict, memory: others, ...(hasClosed ? { hasClosed } : {}) }, memory: others };
  const isUnknown = reply.type === 'rpc-error' && reply.status < 400;
  const refusedPings = isUnknown || session.sessionId === undefined ? maxRefusedPings : (others.refusedPings ?? 0) + 1;
  return { memory: { ...others, refusedPings } };
}

type Opened = Omit<Session, 'nextId'>;

function headersOf({ version, sessionId }: Opened): Readonly<Record<string, string>> {
  return { ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }), 'mcp-protocol-version': version };
}

/** Quietly: whether the server likes it does not change that it speaks MCP. */
async function tellInitialized(call: McpCall, headers: Readonly<Record<string, string>>): Promise<void> {
  const told = send(call, handshakeNotification(call, headers, 'notifications/initialized'), {
    endsAt: call.deadlines.end,
  });
  await new Promise<void>((resolve) => {
    const grace = startTimer(resolve, initializedGraceMs);
    const done = (): void => {
      clearTimeout(grace);
      resolve();
    };
    told.then(done, done);
  });
}

async function countIn(call: McpCall, session: Opened): Promise<Partial<CountedOffers>> {
  if (!call.countsOffers) return {};
  const headers = headersOf(session);
  return countOffers(session.serverInfo.capabilities, call, (method, cursor) => {
    const params = cursor === undefined ? {} : { params: { cursor } };
    const request = handshakeRequest(call, headers, { method, ...params });
    return send(call, request, { endsAt: call.deadlines.lists, maxAnswerBytes: call.budget.maxPageBytes });
  });
}

/** Quietly too: 405 means that the server ends sessions itself. */
async function endSession(call: McpCall, session: Opened): Promise<void> {
  if (session.sessionId === undefined) return;
  await send(call, endOfSession(call, headersOf(session)), { endsAt: call.deadlines.end });
}

function initialize(call: McpCall, protocolVersion: string, endsAt: number): Promise<McpReply> {
  const params = { protocolVersion, capabilities: {}, clientInfo: clientInfo(call) };
  return send(call, handshakeRequest(call, {}, { method: 'initialize', params }), { endsAt });
}

/** The newest revision that a refusal names and that we speak, too; not the one that was refused. */
function commonVersion(refusal: McpReply): string | undefined {
  if (refusal.type !== 'rpc-error') return undefined;
  const supported = listAt(refusal.data, 'supported');
  return handshakeVersions.find((version) => version !== handshakeVersion && supported.includes(version));
}

function withoutCommonVersion(version: string | undefined): EraAnswer {
  const namesVersions = isWithoutCommonVersion([version]);
  const message = namesVersions
    ? noCommonVersion([version])
    : 'its answer to initialize has no version of the handshake';
  return {
    ...{ type: 'unsettled', how: 'other-era', namesVersions },
    failure: { state: 'failed', message, cause: 'version' },
  };
}
