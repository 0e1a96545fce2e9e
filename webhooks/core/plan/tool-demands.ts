import { isSameIgnored } from '../contract/contract.ts';
import { readListed } from '../contract/listed-tools.ts';
import { ANNOTATION_PREFIX } from '../mcpserver/api.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { conditionOf } from './condition.ts';
import type { ToolsSeen, Verification } from './observed.ts';
import { isAboutTools } from './tool-reasons.ts';
import { toolsInStatus } from './tools-status.ts';

/** Annotation of an MCPServer that accepts one contract: its value is the digest of that, and nothing else accepts anything. */
export const acceptAnnotation = `${ANNOTATION_PREFIX}accept-tool-contract`;

/** What the tools of a server have to be, and what of them counts. */
export interface ToolDemands {
  /** JSON pointers into each tool: what is there is no part of the contract. */
  readonly ignore: readonly string[];
  /** Digests of which the contract has to be one, empty: of the first that is listed; absent: any will do. */
  readonly pinned?: readonly string[];
  /** Every tool has to say that it is read-only. */
  readonly isReadOnly: boolean;
}

/** How the tools of a server are to what is demanded, in data. */
export type ToolVerdict =
  | { readonly state: 'kept' }
  /** They have not been listed since that was demanded. */
  | { readonly state: 'pending' }
  /** They cannot be listed, or not as something that has a digest. */
  | { readonly state: 'unknown'; readonly why: string }
  /** `found`: a digest, or why there is none. */
  | { readonly state: 'changed'; readonly found: string }
  /** `names`: of those that are known by name. */
  | { readonly state: 'not-allowed'; readonly names: readonly string[]; readonly count: number };

const digestForm = /^sha256:[0-9a-f]{64}$/;

/** Of most servers, and kept for each of them: the same for all. */
const nothing: ToolDemands = { ignore: [], isReadOnly: false };

/**
 * What a server demands of its tools. `isOlder`: of pods of an older generation, which were accepted with that, whatever the
 * spec names for those after them, and does not hold against them what they were never asked to be.
 */
export function toolDemandsOf(
  server: Pick<MCPServer, 'spec' | 'metadata'>,
  status: MCPServerStatus | undefined,
  { isOlder = false }: { readonly isOlder?: boolean } = {},
): ToolDemands {
  const { mode, ignore = [], allow } = server.spec.extensions?.toolContract ?? {};
  const isReadOnly = allow === 'ReadOnly' && mustBeReadOnly(status, isOlder);
  const common = ignore.length === 0 && !isReadOnly ? nothing : { ignore, isReadOnly };
  const pinned = mode === 'Pin' ? pinnedTo(namedDigest(server), acceptedIn(status), isOlder) : undefined;
  return pinned === undefined ? common : { ...common, pinned };
}

function acceptedIn(status: MCPServerStatus | undefined): string | undefined {
  return status?.extensions?.tools?.accepted;
}

/**
 * Whether that is demanded of these pods, if the spec says it: of an older generation if they were so, as far as status tells. Those that were not, and Verified all the same,
 * are from before that was demanded: if they failed of it now, what takes their place would not be proven first.
 */
function mustBeReadOnly(status: MCPServerStatus | undefined, isOlder: boolean): boolean {
  if (!isOlder) return true;
  if (isAboutTools(conditionOf(status, 'Verified')?.reason ?? '')) return true;
  const tools = toolsInStatus(status);
  return tools !== undefined && !('reason' in tools) && judgeHints(tools) === undefined;
}

function pinnedTo(
  named: string | undefined,
  accepted: string | undefined,
  isOlder: boolean,
): readonly string[] | undefined {
  if (!isOlder) return listOf(named ?? accepted);
  // Pods from before anything was pinned are on their way out.
  return accepted === undefined ? undefined : [accepted, ...listOf(named)];
}

function listOf(digest: string | undefined): readonly string[] {
  return digest === undefined ? [] : [digest];
}

/** The digest that somebody has accepted by naming it: in the spec, or else in the annotation. */
export function namedDigest({ spec, metadata }: Pick<MCPServer, 'spec' | 'metadata'>): string | undefined {
  const ofSpec = spec.extensions?.toolContract?.digest;
  if (ofSpec !== undefined) return ofSpec;
  const annotated = metadata.annotations?.[acceptAnnotation];
  return annotated !== undefined && digestForm.test(annotated) ? annotated : undefined;
}

/** Why the annotation that accepts a contract accepts none, a clause; undefined: it does, or there is none. */
export function whyAcceptsNothing(server: Pick<MCPServer, 'spec' | 'metadata'>): string | undefined {
  const annotated = server.metadata.annotations?.[acceptAnnotation];
  if (annotated === undefined) return undefined;
  if (!digestForm.test(annotated)) {
    return `the annotation ${acceptAnnotation} accepts nothing: its value is no digest (sha256: and 64 hexadecimal digits)`;
  }
  const ofSpec = server.spec.extensions?.toolContract?.digest;
  return ofSpec === undefined || ofSpec === annotated
    ? undefined
    : `the annotation ${acceptAnnotation} accepts nothing: spec.extensions.toolContract.digest is another digest, and counts`;
}

/** Whether anything is demanded that a server may fail. */
export function isDemanding({ pinned, isReadOnly }: ToolDemands): boolean {
  return pinned !== undefined || isReadOnly;
}

/** Whether lists were read for the same demands, so that none is to be read again for them. The first contract that is accepted is that of a list. */
export function isSameDemand(a: ToolDemands = noDemands, b: ToolDemands = noDemands): boolean {
  const isFirst = a.pinned?.length === 0 && b.pinned !== undefined;
  const isSamePin = isFirst || a.pinned?.join() === b.pinned?.join();
  return isSamePin && a.isReadOnly === b.isReadOnly && isSameIgnored(a.ignore, b.ignore);
}

const noDemands: ToolDemands = { ignore: [], isReadOnly: false };

type Answered = Extract<Verification, { readonly state: 'verified' | 'auth-required' }>;

/** What an answer of a server is to what is demanded of its tools. That it is not read-only comes first: accepting does not help there. */
export function judgeTools(demands: ToolDemands, answer: Answered): ToolVerdict {
  if (!isDemanding(demands)) return { state: 'kept' };
  if (answer.state === 'auth-required')
    return { state: 'unknown', why: 'all that it answers is that it wants credentials' };
  const { tools, notCounted } = answer;
  if (tools === undefined)
    return notCounted === undefined ? { state: 'pending' } : { state: 'unknown', why: notCounted };
  if ('reason' in tools) return judgeUnread(demands, tools);
  if (!isSameIgnored(tools.ignore, demands.ignore)) return { state: 'pending' };
  return (demands.isReadOnly ? judgeHints(tools) : undefined) ?? judgeDigest(demands, tools.digest);
}

type Unread = Extract<ToolsSeen, { readonly reason: string }>;
type Listed = Exclude<ToolsSeen, Unread>;

/** What was accepted had a digest. An answer that cannot be read may be one that broke off. */
function judgeUnread({ pinned = [] }: ToolDemands, { reason, why }: Unread): ToolVerdict {
  const isCertain = pinned.length > 0 && reason !== 'ContractUnreadable';
  return isCertain ? { state: 'changed', found: reason } : { state: 'unknown', why: `${reason}: ${why}` };
}

function judgeHints({ listed, truncated, truncatedNotReadOnly }: Listed): ToolVerdict | undefined {
  if (truncated > 0 && truncatedNotReadOnly === undefined) return { state: 'pending' };
  const names = readListed(listed).flatMap(({ name, readOnly }) => (readOnly ? [] : [name]));
  const count = names.length + (truncatedNotReadOnly ?? 0);
  return count === 0 ? undefined : { state: 'not-allowed', names, count };
}

function judgeDigest({ pinned = [] }: ToolDemands, found: string): ToolVerdict {
  return pinned.length === 0 || pinned.includes(found) ? { state: 'kept' } : { state: 'changed', found };
}

const ranks = { kept: 0, pending: 1, unknown: 1, changed: 2, 'not-allowed': 2 } as const satisfies Record<
  ToolVerdict['state'],
  number
>;

/**
 * Whether an answer is worse news of tools than the one that is believed. `certain`: it was listed twice in one probe;
 * `doubtful`: it may be a failure of the moment.
 */
export function worseTools(
  demands: ToolDemands,
  before: Answered,
  after: Answered,
): 'certain' | 'doubtful' | undefined {
  const [was, is] = [ranks[judgeTools(demands, before).state], ranks[judgeTools(demands, after).state]];
  if (is <= was) return undefined;
  return is === ranks.changed ? 'certain' : 'doubtful';
}
