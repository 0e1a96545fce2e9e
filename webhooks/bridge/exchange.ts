import type { IncomingMessage, ServerResponse } from 'node:http';
import { Call, type CallContext } from './call.ts';
import type { RequestMessage } from './message.ts';
import { Reply, type ReplyContext } from './reply.ts';

/** One request of HTTP and what answers it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The session that it is of, or whose address it comes from. */
  readonly owner: string;
}

/** What a request of MCP becomes; `onGone`: its client has gone before the answer. */
export function callOf(
  context: CallContext & ReplyContext,
  message: RequestMessage,
  exchange: Exchange,
  onGone: () => void,
): Call {
  return new Call(context, { message, reply: replyTo(context, exchange) }, onGone);
}

export function replyTo({ heart, unread }: ReplyContext, { request, response, owner }: Exchange): Reply {
  return new Reply(response, { streams: takesStream(request), heart, unread, owner });
}

export function takesStream({ headers: { accept } }: IncomingMessage): boolean {
  return accept !== undefined && /text\/event-stream|\*\/\*/i.test(accept);
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value.trim() : undefined;
}
