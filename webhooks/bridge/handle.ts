import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerPool } from '../platform/mcp/answer-pool.ts';
import { handshakeVersions } from '../platform/mcp/protocol-versions.ts';
import { askModern, tellModern } from './ask-modern.ts';
import { beginSession, type Beginning, type BeginOptions } from './begin-session.ts';
import { readBody, type Body } from './body.ts';
import type { Call } from './call.ts';
import { classify, unsupportedVersion, type Route } from './classify.ts';
import { callOf, headerOf, replyTo, takesStream, type Exchange } from './exchange.ts';
import { parseMessage, type Message, type MessageProblem, type RequestMessage } from './message.ts';
import { isFromHere } from './origin.ts';
import { refuse, refuseBody, type Refusal } from './refuse.ts';
import type { ReplyContext } from './reply.ts';
import { rpcCodes, type RpcError } from './rpc-error.ts';
import type { Session } from './session.ts';

export interface HandlerOptions extends BeginOptions, ReplyContext {
  readonly path: string;
  /** Bytes of all bodies that are being read. */
  readonly bodies: AnswerPool;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Streamable HTTP: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http and 2026-07-28. */
export function createHandler(options: HandlerOptions): Handle {
  const { path, isLeaving } = options;
  return async (request, response) => {
    if (isLeaving()) response.setHeader('connection', 'close');
    const refusal = refusalOf(path, request);
    if (refusal !== undefined) {
      refuse(response, refusal);
      return;
    }
    const exchange = { request, response, owner: request.socket.remoteAddress ?? '' };
    if (request.method === 'POST') await post(options, exchange);
    else if (request.method === 'GET') get(options, exchange);
    else remove(options, exchange);
  };
}

const allowed = ['POST', 'GET', 'DELETE'];

/** Of what is refused whatever it says. */
function refusalOf(served: string, request: IncomingMessage): Refusal | undefined {
  const { url = '/', method = '' } = request;
  const [path] = url.split('?', 1);
  if (path !== served) return refused(404, `Nothing is served here: the server is at ${served}.`);
  if (!isFromHere(request)) {
    return refused(403, 'The header Origin is not that of this host: a page of another one may not use the server.');
  }
  if (allowed.includes(method)) return undefined;
  return { ...refused(405, 'Method not allowed.'), headers: { allow: allowed.join(', ') } };
}

async function post(options: HandlerOptions, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const { headers } = request;
  if (!isJson(headers['content-type']) || headers['content-encoding'] !== undefined) {
    refuseBody(request, response, { status: 415, message: 'The body has to be application/json, not compressed.' });
    return;
  }
  const { maxMessageBytes: maxBytes, bodies: pool, leftovers } = options;
  const body = await readBody(request, { maxBytes, pool });
  if (body.type !== 'whole') {
    refuseUnread(exchange, body.type, maxBytes);
    return;
  }
  leftovers.add(body.bytes.length);
  const parsed = parseMessage(body.bytes);
  if (!parsed.ok) {
    refuse(response, { status: 400, error: problems[parsed.problem] });
    return;
  }
  const route = classify(parsed.message, {
    version: headerOf(request, 'mcp-protocol-version'),
    method: headerOf(request, 'mcp-method'),
    name: headerOf(request, 'mcp-name'),
  });
  // Not awaited here: what it waits for would keep the message.
  return follow(options, { route, message: parsed.message }, exchange);
}

function refuseUnread({ request, response }: Exchange, type: Exclude<Body['type'], 'whole'>, maxBytes: number): void {
  if (type === 'gone') return;
  if (type === 'too long') {
    const message = `The message is longer than ${maxBytes} bytes (stdio.maxMessageBytes).`;
    refuseBody(request, response, { status: 413, message });
    return;
  }
  const message = 'Other messages take the memory: try again.';
  refuseBody(request, response, { status: 503, message, headers: { 'retry-after': '1' } });
}

const problems: Readonly<Record<MessageProblem, RpcError>> = {
  'not JSON': { code: rpcCodes.parseError, message: 'Parse error: the body is not JSON.' },
  'too many values': { code: rpcCodes.invalidRequest, message: 'The message has too many values.' },
  'too deep': { code: rpcCodes.invalidRequest, message: 'The message is nested too deeply.' },
  'a batch': { code: rpcCodes.invalidRequest, message: 'Batches are not served: send one message in each body.' },
  'not a message': { code: rpcCodes.invalidRequest, message: 'The body is not a message of JSON-RPC 2.0.' },
};

function follow(
  options: HandlerOptions,
  { route, message }: { readonly route: Route; readonly message: Message },
  exchange: Exchange,
): Promise<void> | undefined {
  switch (route.type) {
    case 'refused':
      refuse(exchange.response, route, message);
      return undefined;
    case 'modern':
      if (route.message.kind === 'notification') tellModern(options, route.message, exchange.response);
      else askModern(options, { message: route.message, version: route.version }, exchange);
      return undefined;
    case 'initialize':
      return begin(options, route.message, exchange);
    case 'session':
      inSession(options, message, exchange);
      return undefined;
  }
}

/**
 * Longest `initialize`, in bytes: it is kept until its process has started. A client says who it is and what it can, in
 * some hundred bytes; an icon of it may be among them.
 */
const maxInitializeBytes = 64 * 1024;

function begin(options: HandlerOptions, message: RequestMessage, exchange: Exchange): Promise<void> | undefined {
  const { response } = exchange;
  const { kind, id, method, bytes } = message;
  if (bytes.length > maxInitializeBytes) {
    refuse(response, refused(413, `initialize is longer than ${maxInitializeBytes} bytes.`), message);
    return undefined;
  }
  const { authorization } = exchange.request.headers;
  const call = callOf(options, message, exchange, () => {
    beginning.end('its client has gone');
  });
  const beginning: Beginning = {
    ...{ call, response, authorization, end: () => undefined },
    message: { kind, id, method, bytes },
  };
  return beginSession(options, beginning);
}

function inSession(options: HandlerOptions, message: Message, exchange: Exchange): void {
  const { request, response } = exchange;
  const found = sessionOf(options, request);
  if (!('session' in found)) {
    refuse(response, found, message);
    return;
  }
  const version = headerOf(request, 'mcp-protocol-version');
  if (version !== undefined && !handshakeVersions.includes(version)) {
    refuse(response, { status: 400, error: unsupportedVersion(version, handshakeVersions) }, message);
    return;
  }
  const { id: owner, session } = found;
  if (message.kind === 'request') {
    const call: Call = callOf(options, message, { ...exchange, owner }, () => {
      session.abandon(call);
    });
    session.ask(call, message);
  } else if (session.tell(message)) {
    response.writeHead(202).end();
  } else {
    refuse(response, { ...refused(503, 'The server does not read: try again.'), headers: { 'retry-after': '1' } });
  }
}

function get(options: HandlerOptions, exchange: Exchange): void {
  const { request, response } = exchange;
  const found = sessionOf(options, request);
  if (!('session' in found)) {
    // Only sessions have such a stream; clients go on without it.
    const isWithout = found.status === 400;
    refuse(response, isWithout ? { ...refused(405, 'Method not allowed.'), headers: { allow: 'POST' } } : found);
    return;
  }
  if (!takesStream(request)) {
    refuse(response, refused(406, 'Not Acceptable: the client has to accept text/event-stream.'));
    return;
  }
  found.session.listen(replyTo(options, { ...exchange, owner: found.id }));
}

function remove(options: HandlerOptions, { request, response }: Exchange): void {
  const found = sessionOf(options, request);
  if (!('session' in found)) {
    refuse(response, found);
    return;
  }
  options.sessions.remove(found.id);
  found.session.close('its client ended it');
  response.writeHead(200).end();
}

function sessionOf(
  { sessions }: HandlerOptions,
  request: IncomingMessage,
): { readonly id: string; readonly session: Session } | Refusal {
  const id = headerOf(request, 'mcp-session-id');
  if (id === undefined) {
    return refused(
      400,
      'Bad Request: begin a session with initialize and send Mcp-Session-Id, or send the envelope of 2026-07-28.',
    );
  }
  const session = sessions.find(id, request.headers.authorization);
  if (session !== undefined) return { id, session };
  const message = 'Session not found: begin a new one with initialize.';
  return { status: 404, error: { code: rpcCodes.sessionNotFound, message } };
}

function refused(status: number, message: string): Refusal {
  return { status, error: { code: rpcCodes.refused, message } };
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}
