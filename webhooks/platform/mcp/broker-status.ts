import type { Offered } from '../../core/plan/offered-tools.ts';
import { numberAt, stringAt } from '../kube/object.ts';
import { parseGuarded, quoted } from './mcp-reply.ts';
import type { McpReply, Received } from './mcp-reply.ts';
import { sendMcpMessage } from './mcp-request.ts';
import { clusterBudget } from './probe-budget.ts';

export interface BrokerQuestion {
  /** Of the broker: scheme, host and port. */
  readonly origin: string;
  /** Of the MCPServerRegistration. */
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

export type AskBroker = (question: BrokerQuestion) => Promise<Offered>;

/** What it says of one server is some hundred bytes; the names of tools that are invalid are part of it. */
const maxAnswerBytes = 64 * 1024;

/** It is in the cluster, and says what it knows already. */
const timeoutMs = 2_000;

/**
 * Asks the broker what it offers of a server: `GET /status/<namespace>/<name>`. Read as the answers of servers are: on a
 * connection of its own, bounded in every way, followed nowhere. Only an answer about just that server counts. Never rejects.
 */
export const askBroker: AskBroker = async ({ origin, namespace, name, signal }) => {
  const url = new URL(`/status/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`, origin);
  const cost = clusterBudget.createCost(namespace);
  try {
    const reply = await sendMcpMessage({
      ...{ url, method: 'GET', headers: { accept: 'application/json', connection: 'close' } },
      ...{ timeoutMs, maxAnswerBytes, cost, budget: clusterBudget, signal, toReply: wholeObject },
    });
    return offeredIn(reply, `${namespace}/${name}`);
  } finally {
    cost.end();
  }
};

/** JSON that is no JSON-RPC. Throws TooMuch. */
function wholeObject(body: Uint8Array, { status, json, bytes }: Received): McpReply {
  if (status === 404) return { type: 'result', result: { status }, bytes };
  if (status !== 200) return { type: 'unusable', why: `it answered HTTP ${status}` };
  const said = parseGuarded(body, json);
  const message = quoted(stringAt(said, 'message') ?? '');
  const ready = typeof said === 'object' && said !== null && 'ready' in said && said.ready === true;
  const counted = { tools: countAt(said, 'totalTools'), invalidTools: countAt(said, 'invalidTools') };
  return { type: 'result', result: { name: stringAt(said, 'name'), message, ready, ...counted }, bytes };
}

/** Largest number that a status can have of them. */
const maxCount = 2 ** 31 - 1;

function countAt(said: unknown, field: string): number {
  const count = numberAt(said, field) ?? 0;
  return Number.isSafeInteger(count) && count > 0 ? Math.min(count, maxCount) : 0;
}

function offeredIn(reply: McpReply, asked: string): Offered {
  switch (reply.type) {
    case 'result': {
      const { result } = reply;
      if (numberAt(result, 'status') === 404) return { state: 'absent' };
      if (stringAt(result, 'name') !== asked) return { state: 'unknown', why: 'its answer is about no such server' };
      return {
        ...{ state: 'known', isReady: result['ready'] === true, message: stringAt(result, 'message') ?? '' },
        ...{ tools: countAt(result, 'tools'), invalidTools: countAt(result, 'invalidTools') },
      };
    }
    case 'unusable':
    case 'unreachable':
      return { state: 'unknown', why: reply.why };
    case 'timeout':
      return { state: 'unknown', why: `it did not answer within ${timeoutMs / 1_000} s` };
    case 'rpc-error':
    case 'http':
      return { state: 'unknown', why: 'its answer is no status' };
  }
}
