import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import type { Clock } from '../platform/clock.ts';
import {
  eraOfVersion,
  handshakeVersion,
  handshakeVersions,
  statelessVersion,
} from '../platform/mcp/protocol-versions.ts';
import { envelopeKeys } from './classify.ts';
import type { SessionsMode } from './config.ts';
import type { ConnectionContext } from './connection.ts';
import type { ResponseMessage } from './message.ts';
import { Peer, type PeerAnswer, type PeerEnd } from './peer.ts';
import { rpcCodes } from './rpc-error.ts';
import type { GiveUpReason, ShimRefusal } from './shim.ts';

export interface ProbeContext extends ConnectionContext {
  readonly clock: Clock;
  /** Our own version, told to the server. */
  readonly clientVersion: string;
  readonly mode: SessionsMode;
  /** For all of it, in milliseconds. */
  readonly startMs: number;
}

interface Probing extends ProbeContext {
  readonly signal: AbortSignal;
}

/** What was learnt before anybody is sent to the server. */
export type Probed =
  | {
      readonly type: 'modern';
      readonly peer: Peer;
      readonly about: ServerFacts;
      /** As it offers them; every request says in which of them it is. */
      readonly versions: readonly string[];
    }
  | {
      readonly type: 'legacy';
      readonly peer: Peer;
      readonly about: ServerFacts;
      readonly greeting: ResponseMessage;
      /** Newest first. */
      readonly versions: readonly string[];
    }
  | {
      readonly type: 'failed';
      /** A clause about the server. */
      readonly why: string;
      readonly end: PeerEnd | undefined;
      /** Absent: it ended, or could not be asked. */
      readonly reason?: GiveUpReason;
    };

/** For the log. */
export interface ServerFacts {
  readonly version: string;
  readonly tools: number | undefined;
}

/** How long `server/discover` may stay without an answer before `initialize` is sent as well: a share, and at most. */
const silence = { share: 0.3, maxMs: 10_000 };

/**
 * Finds out in which era a new process of the server speaks, and lists its tools: so it is verified before it gets
 * anything. `server/discover` first; what does not answer it, or with another error than that of a server that knows
 * revisions, is greeted by `initialize`. When the signal aborts, the process is ended, also one that was found to speak.
 */
export async function probe(options: ProbeContext, signal: AbortSignal): Promise<Probed> {
  const context = { ...options, signal };
  const endsAt = context.clock.monotonicMs() + context.startMs;
  if (context.mode === 'PerSession') return greetNew(context, endsAt);
  const started = await start(context);
  if (started.type === 'failed') return started;
  const { peer } = started;
  const late: ResponseMessage[] = [];
  const first = await discover(context, peer, {
    ms: Math.min(context.startMs * silence.share, silence.maxMs),
    version: statelessVersion,
    onLate: (answer) => late.push(answer),
  });
  const settled = await settleDiscovered(context, { peer, discovered: first, endsAt });
  if (settled !== undefined) return settled;
  // A process may end because of a question that it does not know; the next one is not asked it.
  if (first.type === 'ended') return greetNew(context, endsAt);
  const greeted = await greet(context, peer, endsAt);
  const [answer] = late;
  if (answer === undefined || modernVersionsOf(answer).length === 0) return greeted;
  // It was only slow, and has now been spoken to in both eras: one that is spoken to in one era only is kept.
  endOf(greeted);
  return discoverNew(context, endsAt);
}

async function discoverNew(context: Probing, endsAt: number): Promise<Probed> {
  const started = await start(context);
  if (started.type === 'failed') return started;
  const { peer } = started;
  const discovered = await discover(context, peer, { ms: left(context, endsAt), version: statelessVersion });
  return (
    (await settleDiscovered(context, { peer, discovered, endsAt })) ??
    failed(peer, { why: whyNot(discovered, 'server/discover'), answer: discovered })
  );
}

/** Undefined: the answer says nothing about this era. */
async function settleDiscovered(
  context: Probing,
  { peer, discovered, endsAt }: { readonly peer: Peer; readonly discovered: PeerAnswer; readonly endsAt: number },
): Promise<Probed | undefined> {
  if (discovered.type !== 'answer') return undefined;
  const versions = modernVersionsOf(discovered.answer);
  const version = newestKnown(versions);
  if (version === undefined) return undefined;
  if (discovered.answer.result === undefined) {
    // It knows revisions, and names one that it wants to be asked in.
    const again = await discover(context, peer, { ms: left(context, endsAt), version });
    if (again.type !== 'answer' || again.answer.result === undefined) {
      return failed(peer, { why: whyNot(again, 'server/discover'), answer: again });
    }
  }
  const capabilities = recordAt(discovered.answer.result, 'capabilities');
  return withTools(context, {
    ...{ peer, version, endsAt, params: { _meta: envelope(context, version) } },
    hasTools: capabilities === undefined || recordAt(capabilities, 'tools') !== undefined,
    probed: (about) => ({ type: 'modern', peer, about, versions }),
  });
}

async function greetNew(context: Probing, endsAt: number): Promise<Probed> {
  const started = await start(context);
  return started.type === 'failed' ? started : greet(context, started.peer, endsAt);
}

async function greet(context: Probing, peer: Peer, endsAt: number): Promise<Probed> {
  const params = { protocolVersion: handshakeVersion, capabilities: {}, clientInfo: clientInfo(context) };
  const greeted = await peer.ask('initialize', params, { ms: left(context, endsAt) });
  if (greeted.type !== 'answer' || greeted.answer.result === undefined) {
    return failed(peer, { why: whyNot(greeted, 'initialize'), answer: greeted });
  }
  const { answer: greeting } = greeted;
  const version = stringAt(greeting.result, 'protocolVersion') ?? '';
  const versions = handshakeVersions.filter((one) => one <= version);
  if (versions.length === 0) {
    return failed(peer, {
      why: 'answered initialize without a revision of the protocol that is known',
      answer: greeted,
    });
  }
  peer.send({ method: 'notifications/initialized' });
  return withTools(context, {
    ...{ peer, version, endsAt, params: {} },
    hasTools: recordAt(recordAt(greeting.result, 'capabilities'), 'tools') !== undefined,
    probed: (about) => ({ type: 'legacy', peer, about, greeting, versions }),
  });
}

interface Listing {
  readonly peer: Peer;
  readonly version: string;
  readonly endsAt: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly hasTools: boolean;
  readonly probed: (about: ServerFacts) => Probed;
}

/** The first page shows that it serves what it offers. A server that refuses the list speaks the protocol all the same. */
async function withTools(
  context: Probing,
  { peer, version, endsAt, params, hasTools, probed }: Listing,
): Promise<Probed> {
  if (!hasTools) return probed({ version, tools: undefined });
  const listed = await peer.ask('tools/list', params, { ms: left(context, endsAt) });
  if (listed.type !== 'answer') return failed(peer, { why: whyNot(listed, 'tools/list'), answer: listed });
  const { result } = listed.answer;
  return probed({ version, tools: result === undefined ? undefined : listAt(result, 'tools').length });
}

function discover(
  context: Probing,
  peer: Peer,
  {
    ms,
    version,
    onLate,
  }: { readonly ms: number; readonly version: string; readonly onLate?: (answer: ResponseMessage) => void },
): Promise<PeerAnswer> {
  const limits = onLate === undefined ? { ms } : { ms, onLate };
  return peer.ask('server/discover', { _meta: envelope(context, version) }, limits);
}

/** Longest list of revisions that is taken of a server. */
const maxVersions = 32;

/** Revisions without handshake that the answer offers. */
function modernVersionsOf({ result, errorCode, errorData }: ResponseMessage): readonly string[] {
  const offered =
    result === undefined
      ? errorCode === rpcCodes.unsupportedVersion
        ? listAt(isObject(errorData) ? errorData : {}, 'supported')
        : []
      : listAt(result, 'supportedVersions');
  return offered
    .filter((version): version is string => typeof version === 'string' && eraOfVersion(version) === 'stateless')
    .slice(0, maxVersions);
}

/** Ours if it is among them, else the newest. */
function newestKnown(versions: readonly string[]): string | undefined {
  return versions.includes(statelessVersion) ? statelessVersion : versions.toSorted().at(-1);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function envelope(context: Probing, version: string): Readonly<Record<string, unknown>> {
  return {
    [envelopeKeys.version]: version,
    [envelopeKeys.client]: clientInfo(context),
    [envelopeKeys.capabilities]: {},
  };
}

function clientInfo({ clientVersion }: Probing): Readonly<Record<string, string>> {
  return { name: 'mcp-lifecycle', version: clientVersion };
}

async function start(
  context: Probing,
): Promise<{ readonly type: 'open'; readonly peer: Peer } | Extract<Probed, { readonly type: 'failed' }>> {
  const opened = await Peer.start(context, context.signal);
  if (opened.type === 'open') return opened;
  if (opened.type !== 'refused') return { type: 'failed', why: opened.why, end: undefined };
  const why = `could not be started: ${opened.reason}: ${opened.message}`;
  return { type: 'failed', why, end: undefined, ...(isForGood.has(opened.reason) ? { reason: 'NotStarted' } : {}) };
}

/** Of the image, or of what mounts it has; others are over when the container has room, or has ended. */
const isForGood: ReadonlySet<ShimRefusal> = new Set(['NotFound', 'NotExecutable', 'Cwd']);

function failed(peer: Peer, { why, answer }: { readonly why: string; readonly answer: PeerAnswer }): Probed {
  peer.close();
  if (answer.type === 'ended') return { type: 'failed', why, end: answer.end };
  return { type: 'failed', why, end: undefined, reason: answer.type === 'silence' ? 'NoAnswer' : 'WrongAnswer' };
}

function endOf(probed: Probed): void {
  if (probed.type !== 'failed') probed.peer.close();
}

function whyNot(answer: PeerAnswer, method: string): string {
  switch (answer.type) {
    case 'answer':
      return `answered ${method} with JSON-RPC error ${answer.answer.errorCode ?? 0}`;
    case 'silence':
      return `did not answer ${method} in time`;
    case 'ended':
      return answer.end.text;
  }
}

function left({ clock }: Probing, endsAt: number): number {
  return endsAt - clock.monotonicMs();
}
