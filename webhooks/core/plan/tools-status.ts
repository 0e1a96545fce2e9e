import { digestOfNone, isSameIgnored } from '../contract/contract.ts';
import { compareContracts } from '../contract/compare-contracts.ts';
import type { ChangeClass, ComparedContract, ContractChange } from '../contract/compare-contracts.ts';
import { readListed, writeListed } from '../contract/listed-tools.ts';
import type { ListedTool } from '../contract/listed-tools.ts';
import { oneLine } from '../engine/text.ts';
import { present } from '../mcpserver/record.ts';
import type { ListedToolStatus, MCPServerStatus, ToolsStatus } from '../mcpserver/types.gen.ts';
import type { NextEvent } from './events.ts';
import type { ToolsSeen } from './observed.ts';
import { generationOf } from './served-generation.ts';
import type { StatusInput } from './status-input.ts';
import type { Verified } from './verified.ts';

/** Longest text of why there is no contract, in characters; the CRD says the same. */
const maxMessageLength = 256;

/**
 * What the tools are, from the last time that they were listed: it outlives failures, and says of which image it is, so that the first list of another
 * one has something to be compared with. The same object as before where nothing is another one, so that nothing is written.
 */
export function nextToolsStatus(
  input: StatusInput,
  verified: Verified,
  of: { readonly image: string | undefined; readonly now: string },
): ToolsStatus | undefined {
  const { tools } = input.previous?.extensions ?? {};
  const seen = seenNow(input, verified);
  const next = seen === undefined ? tools : toolsAsSeen(tools, seen, of);
  return next === undefined ? undefined : withAccepted(next, acceptedNow(input, { verified, seen }));
}

/** What was listed by those whose answer counts; undefined: nothing was. */
function seenNow({ previous, verification }: StatusInput, { from }: Verified): ToolsSeen | undefined {
  if (from !== 'answer' || verification.state !== 'verified') return undefined;
  const { tools } = previous?.extensions ?? {};
  const isOver = tools !== undefined && !verification.serverInfo.capabilities.tools;
  return isOver && !isOfNone(verification.tools) ? none : verification.tools;
}

function isOfNone(seen: ToolsSeen | undefined): boolean {
  return seen !== undefined && 'digest' in seen && seen.listed === '';
}

/** Of pods of this generation, whose tools are as they have to be: what was accepted is theirs from now on. */
function acceptedNow(
  { server, previous }: StatusInput,
  { verified, seen }: { readonly verified: Verified; readonly seen: ToolsSeen | undefined },
): string | undefined {
  if (server.spec.extensions?.toolContract?.mode !== 'Pin') return undefined;
  const isKept = verified.status === 'True' && verified.generation === generationOf(server);
  return isKept && seen !== undefined && 'digest' in seen ? seen.digest : previous?.extensions?.tools?.accepted;
}

function withAccepted(tools: ToolsStatus, accepted: string | undefined): ToolsStatus {
  if (tools.accepted === accepted) return tools;
  const others = { ...tools };
  delete others.accepted;
  return accepted === undefined ? others : { ...others, accepted };
}

/** Of a server that has had tools, and does not offer any now. */
const none: ToolsSeen = { digest: digestOfNone, listed: '', truncated: 0 };

function toolsAsSeen(
  before: ToolsStatus = {},
  seen: ToolsSeen,
  { image, now }: { readonly image: string | undefined; readonly now: string },
): ToolsStatus {
  if ('digest' in seen) {
    const isSame = before.digest === seen.digest;
    if (isSame && isWhole(before) && before.image === image) return before;
    return present({ ...toStatus(seen, (isSame ? before.changedAt : undefined) ?? now), image });
  }
  const message = oneLine(seen.why, maxMessageLength);
  const isSame = before.reason === seen.reason && before.message === message;
  return isSame ? before : { ...before, reason: seen.reason, message };
}

/** Whether nothing is to be added to it. */
function isWhole({ reason, truncated = 0, truncatedNotReadOnly }: ToolsStatus): boolean {
  return reason === undefined && (truncated === 0 || truncatedNotReadOnly !== undefined);
}

function toStatus(seen: Extract<ToolsSeen, { readonly digest: string }>, changedAt: string): ToolsStatus {
  const { digest, ignore = [], listed, truncated, truncatedNotReadOnly } = seen;
  const list = readListed(listed).map(({ name, readOnly, destructive, openWorld, ...digests }): ListedToolStatus => ({
    ...{ name, interface: digests.interface, wording: digests.wording },
    ...(readOnly ? { readOnly } : {}),
    ...(destructive ? { destructive } : {}),
    ...(openWorld ? { openWorld } : {}),
  }));
  return {
    ...{ digest, changedAt, list },
    ...(ignore.length === 0 ? {} : { ignore: [...ignore] }),
    ...(truncated === 0 ? {} : present({ truncated, truncatedNotReadOnly })),
  };
}

/** What status says of tools, as it was seen; undefined: nothing was. */
export function toolsInStatus(status: MCPServerStatus | undefined): ToolsSeen | undefined {
  const { digest, list = [], truncated = 0, reason, message = '', ...more } = status?.extensions?.tools ?? {};
  if (reason !== undefined) return { reason, why: message };
  if (digest === undefined) return undefined;
  const { ignore, truncatedNotReadOnly } = more;
  return present({ digest, ignore, listed: writeListed(list.map(toListed)), truncated, truncatedNotReadOnly });
}

function toListed(tool: ListedToolStatus): ListedTool {
  const { readOnly = false, destructive = false, openWorld = false } = tool;
  return { ...tool, readOnly, destructive, openWorld };
}

/** What became of the tools between two statuses, as far as they tell; nothing when they are listed for the first time. */
export function toolChangesBetween(
  previous: MCPServerStatus | undefined,
  next: MCPServerStatus,
): readonly ContractChange[] {
  const [before, after] = [compared(previous), compared(next)];
  if (before === undefined || after === undefined) return [];
  // Whoever ignores something else has made the difference.
  const isIgnoredAlike = isSameIgnored(previous?.extensions?.tools?.ignore, next.extensions?.tools?.ignore);
  return isIgnoredAlike ? compareContracts(before, after) : [];
}

function compared(status: MCPServerStatus | undefined): ComparedContract | undefined {
  const { digest, list = [], truncated = 0 } = status?.extensions?.tools ?? {};
  return digest === undefined ? undefined : { digest, tools: list.map(toListed), truncated };
}

/** One event for each class; what is only written in another way is for a metric. */
const told: readonly (readonly [ChangeClass, Omit<NextEvent, 'note' | 'action'> & { readonly says: string }])[] = [
  ['Removed', { type: 'Warning', reason: 'ToolsRemoved', says: 'Tools are gone' }],
  [
    'InterfaceBreaking',
    {
      type: 'Warning',
      reason: 'ToolInterfaceChanged',
      says: 'Schemas of tools are others, mcp-lifecycle contract diff tells what that breaks',
    },
  ],
  ['Risk', { type: 'Warning', reason: 'ToolRiskRaised', says: 'Tools tell of more danger' }],
  [
    'Wording',
    { type: 'Warning', reason: 'ToolsReworded', says: 'What tools say to people and models is another text' },
  ],
  ['Added', { type: 'Normal', reason: 'ToolsAdded', says: 'Tools are new' }],
];

/** How many tools are named in one event. */
const maxNamed = 5;

/** Under another image other words are news, and no warning. */
export function toolEvents(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  return [...unknownNow(previous, next), ...changeEvents(previous, next)];
}

/** Once, as long as it is for the same reason: what stands in status is of the last time. */
function unknownNow(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const { reason, message = '' } = next.extensions?.tools ?? {};
  if (reason === undefined || reason === previous?.extensions?.tools?.reason) return [];
  const note = `Its tools have no digest now (${reason}: ${message}): what status says of them is of the last time that they had one`;
  return [{ type: 'Warning', reason: 'ToolContractUnknown', action: 'CapabilityChangeDetected', note }];
}

function changeEvents(previous: MCPServerStatus | undefined, next: MCPServerStatus): readonly NextEvent[] {
  const changes = toolChangesBetween(previous, next);
  if (changes.length === 0) return [];
  const isSameImage = imageOf(previous) === imageOf(next);
  const image = isSameImage ? 'the image is the same' : 'with another image';
  return told.flatMap(([one, { type, reason, says }]) => {
    const of = changes.filter((change) => change.class === one);
    if (of.length === 0) return [];
    const isNews = one === 'Wording' && !isSameImage;
    const note = `${says} (${image}): ${nameAll(of)}`;
    return [{ type: isNews ? 'Normal' : type, reason, action: 'CapabilityChangeDetected', note }];
  });
}

function imageOf(status: MCPServerStatus | undefined): string | undefined {
  const { tools, verification } = status?.extensions ?? {};
  return tools?.image ?? verification?.image;
}

function nameAll(changes: readonly ContractChange[]): string {
  const names = changes
    .slice(0, maxNamed)
    .map(({ tool = '?', class: one, what }) => (one === 'Risk' ? `${tool} (${what})` : tool));
  const more = changes.length - names.length;
  return `${names.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
