import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Message } from './message.ts';
import { renderRpcError, rpcCodes, type RpcError } from './rpc-error.ts';

export interface Refusal {
  readonly status: number;
  readonly error: RpcError;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers with an error of ours, under the id of the message if it has one. */
export function refuse(response: ServerResponse, { status, error, headers = {} }: Refusal, message?: Message): void {
  const id = message?.kind === 'request' ? message.id : undefined;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(renderRpcError(id, error));
}

/** The same for a body of which nothing more is read. */
export function refuseBody(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message, headers = {} }: { readonly status: number; readonly message: string } & Pick<Refusal, 'headers'>,
): void {
  response.once('finish', () => request.destroy());
  refuse(response, {
    status,
    error: { code: rpcCodes.refused, message },
    headers: { connection: 'close', ...headers },
  });
}
