import type { OfferCounts, ServerInfo } from '../../core/plan/observed.ts';
import { stringAt } from '../../platform/kube/object.ts';
import type { McpReply } from './mcp-request.ts';

/** What a server can be asked to list, by the capability that says so. */
export const listMethods = {
  tools: 'tools/list',
  resources: 'resources/list',
  prompts: 'prompts/list',
} as const satisfies Record<keyof OfferCounts, string>;

export type ListMethod = (typeof listMethods)[keyof typeof listMethods];

/** Asks for one page of a list; `cursor` absent for the first. */
export type AskForPage = (method: ListMethod, page: number, cursor: string | undefined) => Promise<McpReply>;

/** What one list may cost at most; the answers to one request have their own limit in bytes. */
const maxPages = 20;
const maxItems = 10_000;
const maxBytes = 4 * 1024 * 1024;
/** Longest cursor that we send back, in characters: it is the server's, and opaque. */
const maxCursorLength = 8 * 1024;

/**
 * Counts what the server offers, list by list, one page after the other. A list that fails, makes no sense or is
 * longer than the limits has no count: a number that may be wrong is worse than none.
 */
export async function countOffers(
  capabilities: ServerInfo['capabilities'],
  askForPage: AskForPage,
): Promise<OfferCounts> {
  let counts: OfferCounts = {};
  for (const name of ['tools', 'resources', 'prompts'] as const) {
    const count = capabilities[name] ? await countList(name, askForPage) : undefined;
    if (count !== undefined) counts = { ...counts, [name]: count };
  }
  return counts;
}

async function countList(name: keyof OfferCounts, askForPage: AskForPage): Promise<number | undefined> {
  let items = 0;
  let bytes = 0;
  let cursor: string | undefined;
  for (let page = 1; page <= maxPages; page += 1) {
    const reply = await askForPage(listMethods[name], page, cursor);
    const listed = reply.type === 'result' ? reply.result[name] : undefined;
    if (reply.type !== 'result' || !Array.isArray(listed)) return undefined;
    items += listed.length;
    bytes += reply.bytes;
    if (items > maxItems || bytes > maxBytes) return undefined;
    cursor = stringAt(reply.result, 'nextCursor');
    if (cursor === undefined || cursor === '') return items;
    if (cursor.length > maxCursorLength) return undefined;
  }
  return undefined;
}
