import { digestOfNone } from '../contract/contract.ts';
import { compareContracts } from '../contract/compare-contracts.ts';
import type { ChangeClass, ComparedContract, ContractChange } from '../contract/compare-contracts.ts';
import { readListed, writeListed } from '../contract/listed-tools.ts';
import type { ListedTool } from '../contract/listed-tools.ts';
import { oneLine } from '../engine/text.ts';
import type { Condition, ListedToolStatus, MCPServerStatus, ToolsStatus } from '../mcpserver/types.gen.ts';
import type { NextEvent } from './events.ts';
import type { ToolsSeen } from './observed.ts';
import type { StatusInput } from './status-input.ts';

/** Longest text of why there is no contract, in characters; the CRD says the same. */
const maxMessageLength = 256;

/**
 * What the tools are, from the last time that they were listed: it outlives failures, and says of which image it is, so that the first list of another
 * one has something to be compared with. The same object as before where nothing is another one, so that nothing is written.
 */
export function nextToolsStatus(
  { previous, verification }: StatusInput,
  verified: Condition['status'],
  { image, now }: { readonly image: string | undefined; readonly now: string },
): ToolsStatus | undefined {
  const { tools } = previous?.extensions ?? {};
  if (verified !== 'True' || verification.state !== 'verified') return tools;
  const seen = tools !== undefined && !verification.serverInfo.capabilities.tools ? none : verification.tools;
  return seen === undefined ? tools : toolsAsSeen(tools, seen, { image, now });
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
    if (isSame && before.reason === undefined && before.image === image) return before;
    const status = toStatus(seen, (isSame ? before.changedAt : undefined) ?? now);
    return image === undefined ? status : { ...status, image };
  }
  const message = oneLine(seen.why, maxMessageLength);
  const isSame = before.reason === seen.reason && before.message === message;
  return isSame ? before : { ...before, reason: seen.reason, message };
}

function toStatus(
  { digest, listed, truncated }: Extract<ToolsSeen, { readonly digest: string }>,
  changedAt: string,
): ToolsStatus {
  const list = readListed(listed).map(({ name, readOnly, destructive, openWorld, ...digests }): ListedToolStatus => ({
    ...{ name, interface: digests.interface, wording: digests.wording },
    ...(readOnly ? { readOnly } : {}),
    ...(destructive ? { destructive } : {}),
    ...(openWorld ? { openWorld } : {}),
  }));
  return { digest, changedAt, list, ...(truncated === 0 ? {} : { truncated }) };
}

/** What status says of tools, as it was seen; undefined: nothing was. */
export function toolsInStatus(status: MCPServerStatus | undefined): ToolsSeen | undefined {
  const { digest, list = [], truncated = 0, reason, message = '' } = status?.extensions?.tools ?? {};
  if (reason !== undefined) return { reason, why: message };
  return digest === undefined ? undefined : { digest, listed: writeListed(list.map(toListed)), truncated };
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
  return before === undefined || after === undefined ? [] : compareContracts(before, after);
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
