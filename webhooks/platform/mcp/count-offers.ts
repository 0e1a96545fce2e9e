import type { OfferCounts, ServerInfo, ToolsSeen, VerifiedEndpoint } from '../../core/plan/observed.ts';
import type { NoContract } from '../../core/contract/tool.ts';
import { oneLine } from '../../core/engine/text.ts';
import { present } from '../../core/mcpserver/record.ts';
import { numberAt, stringAt } from '../kube/object.ts';
import { failureText } from './judge-reply.ts';
import type { Unsuccessful } from './judge-reply.ts';
import { toolsSeen } from './keep-digest.ts';
import type { McpReply } from './mcp-reply.ts';

/** What a server can be asked to list, by the capability that says so. */
export const listMethods = {
  tools: 'tools/list',
  resources: 'resources/list',
  prompts: 'prompts/list',
} as const satisfies Record<keyof OfferCounts, string>;

export type ListMethod = (typeof listMethods)[keyof typeof listMethods];

/** Asks for one page of a list; `cursor` absent for the first. */
export type AskForPage = (method: ListMethod, cursor: string | undefined) => Promise<McpReply>;

/** What one list may cost at most; the answers to one request have their own limit in bytes. */
const maxPages = 64;
const maxItems = 10_000;
const maxBytes = 4 * 1024 * 1024;
/** Longest cursor that we send back, in characters: it is the server's, and opaque. */
const maxCursorLength = 8 * 1024;
/** Longest text about lists that could not be counted, in characters; the CRD says the same of its place in status. */
const maxNotCountedLength = 256;

/** What was listed, as it goes into the verdict. */
export type CountedOffers = Required<Pick<VerifiedEndpoint, 'offers'>> &
  Pick<VerifiedEndpoint, 'tools' | 'notCounted'> & { readonly listTtlMs?: number };

/**
 * Counts what the server offers, list by list, one page after the other. A list that fails, makes no sense or is
 * longer than the limits has no count: a number that may be wrong is worse than none. It is said why.
 */
export async function countOffers(
  capabilities: ServerInfo['capabilities'],
  options: ListOptions,
  askForPage: AskForPage,
): Promise<CountedOffers> {
  const { onTools, ignore = [], isNoneListed = false } = options;
  let offers: OfferCounts = {};
  let ofTools: OfTools = isNoneListed && !capabilities.tools ? { tools: toolsSeen([], ignore) } : {};
  const reasons: string[] = [];
  for (const name of onTools === undefined ? (['tools', 'resources', 'prompts'] as const) : (['tools'] as const)) {
    if (!capabilities[name]) continue;
    const listed = await list(name, askForPage);
    if ('why' in listed) reasons.push(`${listMethods[name]} ${listed.why}`);
    else offers = { ...offers, [name]: listed.items.length };
    if (name !== 'tools') continue;
    ofTools = await takeTools(listed, options, () => list('tools', askForPage));
    if (ofTools.why !== undefined) reasons.push(`${listMethods.tools} ${ofTools.why}`);
  }
  const { tools, listTtlMs } = ofTools;
  return {
    offers,
    ...present({ tools, listTtlMs }),
    ...(reasons.length === 0 ? {} : { notCounted: oneLine(reasons.join('; '), maxNotCountedLength) }),
  };
}

/** What the list of tools says besides their number. `why`: there is no contract this time, although they were listed. */
interface OfTools {
  readonly tools?: ToolsSeen | undefined;
  readonly listTtlMs?: number | undefined;
  readonly why?: string;
}

async function takeTools(
  listed: Listed | NotListed,
  { onTools, knownContract, ignore = [] }: ListOptions,
  listAgain: () => Promise<Listed | NotListed>,
): Promise<OfTools> {
  if ('why' in listed) {
    const { reason, why } = listed;
    return reason === undefined ? {} : { tools: { reason, why: `${listMethods.tools} ${why}` } };
  }
  const { items, ttlMs: listTtlMs } = listed;
  onTools?.(items);
  const seen = await lookTwice(toolsSeen(items, ignore), knownContract, async () => {
    const again = await listAgain();
    return 'why' in again ? again : { seen: toolsSeen(again.items, ignore) };
  });
  return typeof seen === 'string' ? { listTtlMs, why: seen } : { listTtlMs, tools: seen };
}

/** A contract other than the known one counts when it is listed twice in a row. A text says why there is none this time. */
async function lookTwice(
  seen: ToolsSeen | undefined,
  known: string | undefined,
  listAgain: () => Promise<{ readonly seen: ToolsSeen | undefined } | NotListed>,
): Promise<ToolsSeen | string | undefined> {
  if (seen === undefined || !('digest' in seen) || known === undefined || seen.digest === known) return seen;
  const again = await listAgain();
  if ('why' in again) return again.why;
  const { seen: second } = again;
  const isSame = second !== undefined && 'digest' in second && second.digest === seen.digest;
  return isSame ? seen : { reason: 'ContractUnstable', why: 'two lists of its tools in a row differ' };
}

export interface ListOptions {
  /** See {@link McpCall}. */
  readonly knownContract?: string | undefined;
  readonly ignore?: readonly string[];
  readonly isNoneListed?: boolean;
  /** Gets what was kept of the tools, when all of them were listed; nothing else is listed then. */
  readonly onTools?: ((tools: readonly unknown[]) => void) | undefined;
}

interface Listed {
  /** As they were kept. */
  readonly items: readonly unknown[];
  /** For how long they are good, by the page that says the least; absent: none says. */
  readonly ttlMs?: number;
}

/** Why there is no count, and where it will be so next time, why there is no contract. */
interface NotListed {
  readonly why: string;
  readonly reason?: NoContract['reason'];
}

function tooLarge(why: string): NotListed {
  return { why, reason: 'ContractTooLarge' };
}

async function list(name: keyof OfferCounts, askForPage: AskForPage): Promise<Listed | NotListed> {
  const items: unknown[] = [];
  let bytes = 0;
  let ttlMs = Infinity;
  let cursor: string | undefined;
  for (let page = 1; page <= maxPages; page += 1) {
    const reply = await askForPage(listMethods[name], cursor);
    if (reply.type !== 'result') return whyNotListed(reply);
    const listed = reply.result[name];
    if (!Array.isArray(listed)) return { why: 'is answered without a list', reason: 'ContractUnreadable' };
    bytes += reply.bytes;
    if (items.length + listed.length > maxItems) return tooLarge(`has more than ${maxItems} items`);
    if (bytes > maxBytes) return tooLarge(`is longer than ${maxBytes} bytes`);
    for (const item of listed) items.push(item);
    ttlMs = Math.min(ttlMs, numberAt(reply.result, 'ttlMs') ?? Infinity);
    cursor = stringAt(reply.result, 'nextCursor') ?? '';
    if (cursor === '') return ttlMs === Infinity ? { items } : { items, ttlMs };
    if (cursor.length > maxCursorLength) return tooLarge(`has a cursor of more than ${maxCursorLength} characters`);
  }
  return tooLarge(`has no end after ${maxPages} pages, where it was cut`);
}

function whyNotListed(reply: Unsuccessful): NotListed {
  const why = `failed: ${briefly(reply)}`;
  return reply.type === 'unusable' ? { why, reason: 'ContractUnreadable' } : { why };
}

/** Without the server's own words, which may differ each time: then they would be news each time. */
function briefly(reply: Unsuccessful): string {
  switch (reply.type) {
    case 'rpc-error':
      return `JSON-RPC error ${reply.code}`;
    case 'http':
      return `HTTP ${reply.status}`;
    case 'unusable':
      return reply.why.replace(/ \(JSON-RPC id .*\)$/, '');
    case 'timeout':
    case 'unreachable':
      return failureText(reply);
  }
}
