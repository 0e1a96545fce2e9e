import type { IncomingMessage, ServerResponse } from 'node:http';
import { Call, type CallContext } from './call.ts';
import type { Heart } from './heart.ts';
import type { RequestMessage } from './message.ts';
import { Reply } from './reply.ts';

/** One request of HTTP and what answers it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a request of MCP becomes; `onGone`: its client has gone before the answer. */
export function callOf(
  context: CallContext & { readonly heart: Heart },
  message: RequestMessage,
  { request, response }: Exchange,
  onGone: () => void,
): Call {
  const reply = new Reply(response, { streams: takesStream(request), heart: context.heart });
  return new Call(context, { message, reply }, onGone);
}

export function takesStream({ headers: { accept } }: IncomingMessage): boolean {
  return accept !== undefined && /text\/event-stream|\*\/\*/i.test(accept);
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value.trim() : undefined;
}
