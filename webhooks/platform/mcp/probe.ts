import type { LookupFunction } from 'node:net';

import type { ProtocolEra, Verification } from '../../core/plan/observed.ts';
import { networkErrorText } from '../kube/network-error.ts';
import type { EraAnswer, Unsettled } from './era-answer.ts';
import { askHandshake, askInSession } from './handshake-era.ts';
import { idsFrom } from './mcp-call.ts';
import type { McpCall } from './mcp-call.ts';
import type { Connect, SocketAddress } from './mcp-request.ts';
import type { ProbeMemory } from './probe-memory.ts';
import { clusterBudget } from './probe-budget.ts';
import type { ProbeBudget } from './probe-budget.ts';
import { ownerOf } from './probe-cost.ts';
import { keepDigestsWithout } from './keep-digest.ts';
import { lookAgain } from './second-look.ts';
import { askStateless } from './stateless-era.ts';
import { tlsClientSettings } from './tls-trust.ts';
import type { TlsClientSettings, TlsTrust } from './tls-trust.ts';

export interface ProbeTarget {
  readonly url: string;
  /** Where to connect to; absent: what the host of the URL resolves to. The server is asked by the name in the URL all the same. */
  readonly at?: SocketAddress | undefined;
  /** Gives each connection instead. */
  readonly connect?: Connect | undefined;
  /** For the host of the URL; default: as a full name, which search domains and hosts files do not apply to. */
  readonly lookup?: LookupFunction | undefined;
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
  /** Whether every 403 counts as authentication, as it does for the reference operator. */
  readonly acceptsForbidden?: boolean | undefined;
  /** Digest of the contract that is known: another one is read a second time. */
  readonly knownContract?: string | undefined;
  /** JSON pointers into each tool: what is there is no part of the contract. */
  readonly ignore?: readonly string[] | undefined;
  /** Whether a server that offers no tools has a contract, too: that of none. */
  readonly isNoneListed?: boolean | undefined;
  /** Gets the tools as the budget keeps them, when all were listed; nothing else is listed then. With `countsOffers`. */
  readonly onTools?: ((tools: readonly unknown[]) => void) | undefined;
  /** Headers beside ours, for who asks for credentials. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: that of one among many in a cluster. */
  readonly budget?: ProbeBudget | undefined;
  /** For the whole probe; default 10 s. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** What a finished probe says: never that it was not attempted. */
export type ProbeVerdict = Exclude<Verification, { readonly state: 'not-attempted' }>;

/**
 * `memory` is for the next probe of the same pods, no part of the verdict; without one, what was remembered is void.
 * `listTtlMs`: for how long the list of tools is good, as the server says. `hasClosed`: somebody took the connection of a question and closed it, as a server does that ends.
 */
export type ProbeResult = ProbeVerdict & {
  readonly memory?: ProbeMemory;
  readonly hasClosed?: true;
  readonly listTtlMs?: number;
};

/** Asks one endpoint whether an MCP server is there. Never rejects. */
export type Probe = (target: ProbeTarget) => Promise<ProbeResult>;

/** For the whole probe, in milliseconds. */
const defaultTimeoutMs = 10_000;
/**
 * Shares of it: until lists have to be complete; until it is clear whether an MCP server is there, which makes four failures
 * in a row of what hangs less than half a minute; and for the first era, where the other one may follow.
 */
const shares = { lists: 0.9, verdict: 0.65, firstEra: 0.3 };
/** Until it is clear whether an MCP server is there, in milliseconds. */
export const longestVerdictMs = defaultTimeoutMs * shares.verdict;
/** How often in a row the era that used to answer is silent before the other one is tried too. */
const maxSilences = 3;

/**
 * Speaks both eras of MCP. The one that is known to answer is asked first, and alone as long as the server does not say that
 * it does not know the question. Where nothing is known, `server/discover` (2026-07-28) comes first, and whatever becomes
 * of that, on a new connection `initialize` (2025-11-25 and older). A server that closes the connection of the former is
 * asked the latter first from then on, because the question may have ended it.
 */
export const probeMcpServer: Probe = async (target) => {
  const tls = clientSettings(target.tls);
  if (tls?.type === 'unusable') {
    return { state: 'failed', message: tls.why, cause: tls.cause, isTlsConfiguration: true };
  }
  const call = toCall(target, tls?.settings);
  try {
    const { verdict } = call.deadlines;
    const { result, memory } = await askInSession(call, target.memory ?? {}, verdict);
    if (result !== undefined) return result;
    return await (target.era === undefined ? askUnknown(call, memory) : askKnown(call, memory, target.era));
  } finally {
    call.cost.end();
  }
};

function toCall(target: ProbeTarget, tls: TlsClientSettings | undefined): McpCall {
  const { clientVersion, signal, countsOffers = false, timeoutMs = defaultTimeoutMs, memory, at: address } = target;
  const {
    acceptsForbidden,
    onTools,
    headers,
    knownContract,
    ignore = [],
    isNoneListed = false,
    lookup,
    connect,
  } = target;
  const { budget = ignore.length === 0 ? clusterBudget : { ...clusterBudget, keepTool: keepDigestsWithout(ignore) } } =
    target;
  const startedAt = performance.now();
  const at = (share: number): number => startedAt + timeoutMs * share;
  const url = new URL(target.url);
  return {
    ...{ url, address, connect, lookup, tls, clientVersion, signal, headers, budget },
    ...{ countsOffers, onTools, knownContract, ignore, isNoneListed, acceptsForbidden },
    cost: budget.createCost(ownerOf(url)),
    deadlines: { firstEra: at(shares.firstEra), verdict: at(shares.verdict), lists: at(shares.lists), end: at(1) },
    nextId: idsFrom(memory?.session?.nextId ?? 1),
  };
}

/**
 * Nothing is known: the newer era, and then the older one, unless the first answer would be the second one's too. A server
 * that answers neither in its part of the time is asked one of them in the whole of it next, by turns: it may only be slow.
 */
async function askUnknown(call: McpCall, memory: ProbeMemory): Promise<ProbeResult> {
  const { silences = 0, ...others } = memory;
  const turn = turns[silences % turns.length];
  const next = { ...others, silences: silences + 1 };
  if (turn === undefined || turn === 'both') return askBoth(call, memory, next);
  const answer = await ask(call, memory, { era: turn, endsAt: call.deadlines.verdict });
  if (answer.type === 'verdict') return answer.result;
  const learnt = turn === 'stateless' ? learntFrom(answer) : {};
  return { ...(await told(call, answer.how === 'silent' ? next : others, [answer])), ...learnt };
}

const turns = ['both', 'stateless', 'handshake'] as const;

async function askBoth(call: McpCall, memory: ProbeMemory, ifSilent: ProbeMemory): Promise<ProbeResult> {
  const { firstEra, verdict } = call.deadlines;
  const first = await askStateless(call, firstEra);
  if (first.type === 'verdict') return first.result;
  const second = await askHandshake(call, memory, verdict);
  const learnt = learntFrom(first, second);
  if (second.type === 'unsettled') {
    const isSilent = first.how === 'silent' && second.how === 'silent';
    return { ...(await told(call, isSilent ? ifSilent : memory, [first, second])), ...learnt };
  }
  if (second.result.state !== 'failed') return { ...second.result, ...learnt };
  if (first.how !== 'closed') return { ...second.result, ...learnt };
  return { ...second.result, message: `${closedBefore}${second.result.message}`, hasClosed: true, ...learnt };
}

const closedBefore =
  'it closed the connection on server/discover, and may have ended for it (see the logs of its pods); then: ';

/**
 * Which era to ask the next time. A server that closed the connection on the newer question may have ended from it: it is
 * asked the older one. One that was silent, and then said that it does not know the older question, may only be slow: it
 * is asked the newer one, with more time.
 */
function learntFrom(stateless: Unsettled, handshake?: EraAnswer): { readonly era?: ProtocolEra } {
  if (stateless.how === 'closed') return { era: 'handshake' };
  const isOnlySlow = stateless.how === 'silent' && handshake?.type === 'unsettled' && handshake.how === 'other-era';
  return isOnlySlow ? { era: 'stateless' } : {};
}

/** The era that is known; the other one when the server says that it does not know the question, or stays silent. */
async function askKnown(call: McpCall, memory: ProbeMemory, era: ProtocolEra): Promise<ProbeResult> {
  const { silences = 0, ...others } = memory;
  const isGivenUp = era === 'stateless' && silences >= maxSilences;
  const { firstEra, verdict } = call.deadlines;
  const first = await ask(call, memory, { era, endsAt: isGivenUp ? firstEra : verdict });
  if (first.type === 'verdict') return first.result;
  if (first.how !== 'other-era' && !isGivenUp) {
    const kept = { ...others, silences: silences + 1 };
    return told(call, kept, [first]);
  }
  const other = era === 'stateless' ? 'handshake' : 'stateless';
  const second = await ask(call, memory, { era: other, endsAt: verdict });
  if (second.type === 'unsettled') return told(call, others, era === 'stateless' ? [first, second] : [second, first]);
  return second.result;
}

function ask(
  call: McpCall,
  memory: ProbeMemory,
  { era, endsAt }: { readonly era: ProtocolEra; readonly endsAt: number },
): Promise<EraAnswer> {
  return era === 'stateless' ? askStateless(call, endsAt) : askHandshake(call, memory, endsAt);
}

/** The failure that says most: the last answer, unless an earlier one names revisions, or is the only one. */
async function told(call: McpCall, memory: ProbeMemory, answers: readonly Unsettled[]): Promise<ProbeResult> {
  const latest = answers.at(-1);
  const naming = answers.findLast(({ namesVersions }) => namesVersions === true);
  const answered = answers.findLast(({ how }) => how === 'other-era' || how === 'unclear');
  const best = naming ?? answered ?? latest;
  if (best === undefined) return { state: 'failed', message: 'nothing was asked' };
  const isClosed = best.how === 'closed';
  const { failure, looks } = await lookAgain(call, best.failure, {
    ...{ isClosed, httpStatus: best.httpStatus, looks: memory.looks },
  });
  const hasClosed = answers.some(({ how }) => how === 'closed') && looks.speaksTls !== true;
  return { ...failure, memory: { ...memory, looks }, ...(hasClosed ? { hasClosed } : {}) };
}

const noRoomForBundle =
  'there is no room for its CA bundle beside those of other servers; use the same bundle for several, or one with fewer certificates';

function clientSettings(
  trust: TlsTrust | undefined,
):
  | { readonly type: 'usable'; readonly settings: TlsClientSettings }
  | { readonly type: 'unusable'; readonly why: string; readonly cause: string }
  | undefined {
  if (trust === undefined) return undefined;
  if (trust.type === 'bundle-missing') {
    return { type: 'unusable', why: `Secret '${trust.secret}' holds no CA certificates`, cause: 'no-bundle' };
  }
  try {
    const settings = tlsClientSettings(trust);
    return settings === undefined
      ? { type: 'unusable', why: noRoomForBundle, cause: 'no-room' }
      : { type: 'usable', settings };
  } catch (error) {
    return { type: 'unusable', why: networkErrorText(error), cause: 'unreadable-bundle' };
  }
}
