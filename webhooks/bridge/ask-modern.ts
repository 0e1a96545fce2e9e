import type { ServerResponse } from 'node:http';
import { busy, type CallContext } from './call.ts';
import { unsupportedVersion } from './classify.ts';
import { callOf, type Exchange } from './exchange.ts';
import type { Keeper } from './keeper.ts';
import type { NotificationMessage, RequestMessage, ResponseMessage } from './message.ts';
import type { ReplyContext } from './reply.ts';
import { rpcCodes } from './rpc-error.ts';

export interface ModernOptions extends CallContext, ReplyContext {
  readonly keeper: Keeper;
}

/** HTTP status of what a server answers in the era that has one for each: 2026-07-28, Streamable HTTP. */
const statusOfCode: Readonly<Record<number, number>> = {
  [rpcCodes.methodNotFound]: 404,
  [rpcCodes.headerMismatch]: 400,
  [rpcCodes.missingCapability]: 400,
  [rpcCodes.unsupportedVersion]: 400,
};

/** A request of 2026-07-28 or later goes to the process that all share. */
export function askModern(
  options: ModernOptions,
  { message, version }: { readonly message: RequestMessage; readonly version: string },
  exchange: Exchange,
): void {
  const { serving } = options.keeper;
  const asked: { cancel?: (reason: string) => void } = {};
  const call = callOf(options, message, exchange, () => asked.cancel?.('the client closed the connection'));
  if (serving.type === 'nothing') {
    call.refuse(...busy(`The server ${serving.why}: try again.`));
    return;
  }
  // Of a revision that it does not speak a server on standard input need not say so: it may answer in another one.
  if (serving.type !== 'modern' || !serving.versions.includes(version)) {
    call.refuse(unsupportedVersion(version, serving.versions), { status: 400 });
    return;
  }
  const cancel = serving.requests.ask(message, {
    onAnswer: (bytes, answer) => {
      call.answer(bytes, answer, statusOf(answer));
    },
    onFailed: (why) => {
      call.fail(why);
    },
    onNotification: (bytes) => {
      call.notify(bytes);
    },
  });
  if (cancel === undefined) call.refuse(...busy('The server has too much to do already: try again.'));
  else asked.cancel = cancel;
}

function statusOf({ errorCode }: ResponseMessage): number {
  return errorCode === undefined ? 200 : (statusOfCode[errorCode] ?? 200);
}

export function tellModern({ keeper }: ModernOptions, message: NotificationMessage, response: ServerResponse): void {
  const { serving } = keeper;
  // Closing a response cancels it; a number of one client means nothing to a process that all share.
  const isOfOne = message.method === 'notifications/cancelled';
  if (serving.type === 'modern' && !isOfOne) serving.tell(message.bytes);
  response.writeHead(202).end();
}
