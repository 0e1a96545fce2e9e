import http from 'node:http';
import type { ClientRequest, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

import { lookupAbsolute } from '../absolute-lookup.ts';
import { networkFailure } from '../kube/network-error.ts';
import { errorText } from '../log.ts';
import { startTimer } from '../timer.ts';
import { bodyToReply, quoted } from './mcp-reply.ts';
import type { McpReply } from './mcp-reply.ts';
import { TooMuch } from './pile.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { ProbeCost } from './probe-cost.ts';
import { readAnswer } from './read-answer.ts';
import type { Safely, ToReply } from './read-answer.ts';
import type { TlsClientSettings } from './tls-trust.ts';
import { untilConnected } from './until-connected.ts';
import type { AttemptLimits } from './until-connected.ts';

/** Of one pod. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Gives a new connection to the server, which emits `connect` once it is there: where none of the network leads to it. */
export type Connect = () => Duplex;

export interface McpMessage {
  readonly url: URL;
  /** Where to connect to, if not to the host of the URL. */
  readonly address?: SocketAddress | undefined;
  /** Instead of either. */
  readonly connect?: Connect | undefined;
  /** Default: {@link lookupAbsolute}. */
  readonly lookup?: LookupFunction | undefined;
  /** For `https` URLs. */
  readonly tls?: TlsClientSettings | undefined;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: OutgoingHttpHeaders;
  /** The JSON-RPC message; its `id`, if any, is the one that the answer must have. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Longest answer that is read; what is longer is unusable. */
  readonly maxAnswerBytes: number;
  /** What the probe may cost of which this is a part. */
  readonly cost: ProbeCost;
  readonly budget: Pick<ProbeBudget, 'json' | 'keepTool'>;
  /** Reads a body; default: as JSON-RPC. */
  readonly toReply?: ToReply;
  readonly signal: AbortSignal;
}

/** Longest headers that we read, in bytes; what Node would take too, said here because it is a bound. */
const maxHeaderBytes = 16 * 1024;
/** Most interim answers (HTTP 1xx) before the answer; clients see one, if any. */
export const maxInterim = 16;
/** Most reads of one answer from its connection, its headers included. */
const maxReads = 10_000;

/**
 * Sends one message on a connection of its own (a kept one could be stuck to a pod that is gone) and reads the answer,
 * JSON or event stream, within time, bytes, values and CPU time. Redirects are not followed. Never rejects.
 */
export async function sendMcpMessage(message: McpMessage): Promise<McpReply> {
  try {
    message.cost.check();
    const reply = await untilConnected(message.timeoutMs, (limits) => sendOnce(message, limits));
    return reply === 'not-connected' ? { type: 'timeout' } : reply;
  } catch (error) {
    return toVerdict(error);
  }
}

/** Nothing was sent when nobody took the connection in time: it may simply be tried again. */
function sendOnce(message: McpMessage, { timeoutMs, connectMs }: AttemptLimits): Promise<McpReply | 'not-connected'> {
  return new Promise((resolve) => {
    let isFinished = false;
    const connecting: Connecting = { isDone: false };
    const room = message.cost.createRoom((why) => {
      finish({ type: 'unusable', why });
    });
    const finish = (reply: McpReply | 'not-connected'): void => {
      if (isFinished) return;
      isFinished = true;
      clearTimeout(timer);
      clearTimeout(connecting.timer);
      message.signal.removeEventListener('abort', onAbort);
      room.release();
      resolve(reply);
      request.destroy();
    };
    /** An error in a handler of a socket has nobody above it that could catch it. */
    const safely: Safely =
      (handle) =>
      (...args) => {
        if (isFinished) return;
        try {
          handle(...args);
        } catch (error) {
          finish(toVerdict(error));
        }
      };
    const onAbort = (): void => {
      finish({ type: 'unreachable', why: 'we are stopping', cause: 'stopping', isConnected: connecting.isDone });
    };
    const request = open(message);
    let other: McpReply = { type: 'timeout' };
    const keep = (reply: McpReply): void => {
      other = reply;
    };
    const timer = startTimer(() => {
      finish(other);
    }, timeoutMs);
    message.signal.addEventListener('abort', onAbort, { once: true });
    // Stays for ever: destroying a request is an error too, which ends the process if nobody listens.
    request.on('error', (error) => {
      finish(unreachable(error, connecting.isDone));
    });
    request.on(
      'socket',
      safely((socket: Socket) => {
        meter(socket, message.cost, safely);
        followConnecting(socket, connecting, { connectMs, finish });
      }),
    );
    readOther(request, finish);
    request.on(
      'response',
      safely((response: http.IncomingMessage) => {
        const { body, cost, budget, maxAnswerBytes: maxBytes, toReply = bodyToReply } = message;
        readAnswer(response, { id: body?.['id'], maxBytes, room, cost, budget, toReply, finish, keep }, safely);
      }),
    );
    if (message.signal.aborted) onAbort();
  });
}

interface Connecting {
  isDone: boolean;
  /** While nobody has taken the connection. */
  timer?: NodeJS.Timeout;
}

function followConnecting(
  socket: Socket,
  connecting: Connecting,
  { connectMs, finish }: { readonly connectMs: number; readonly finish: (reply: 'not-connected') => void },
): void {
  // After the name is known: asking for it again would only keep more of them waiting where names are slow.
  socket.once('connectionAttempt', () => {
    connecting.timer = startTimer(() => {
      finish('not-connected');
    }, connectMs);
  });
  socket.once('connect', () => {
    connecting.isDone = true;
    clearTimeout(connecting.timer);
  });
}

/** Sends it. Throws what Node refuses to send. */
function open({
  url,
  address,
  connect,
  lookup = lookupAbsolute,
  tls,
  method,
  headers,
  body,
}: McpMessage): ClientRequest {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const { request: open } = url.protocol === 'https:' ? https : http;
  const request = open(url, {
    ...tls,
    ...(address === undefined ? {} : directTo(address, url)),
    method,
    // An agent would open connections of its own.
    ...(connect === undefined ? { agent: false } : { createConnection: () => over(connect(), url, tls) }),
    lookup,
    maxHeaderSize: maxHeaderBytes,
    headers: {
      ...headers,
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    },
  });
  request.end(payload);
  return request;
}

/** A connection that is there or on its way, with TLS on it where the URL says so. */
function over(connection: Duplex, { protocol, hostname }: URL, tls: TlsClientSettings | undefined): Duplex {
  if (protocol !== 'https:') return connection;
  const servername = isIP(hostname) === 0 ? { servername: hostname } : {};
  const secured = connectTls({ ...tls, socket: connection, ...servername });
  connection.once('connect', () => secured.emit('connect'));
  return secured;
}

/** The name stays the one of the URL: `Host` says it, SNI does, and the certificate has to. */
function directTo(
  { host, port }: SocketAddress,
  { hostname }: URL,
): { readonly hostname: string; readonly port: number; readonly servername?: string } {
  return { hostname: host, port, ...(isIP(hostname) === 0 ? { servername: hostname } : {}) };
}

/** Answers that are none: interim ones, and those that want to speak something else from here on. */
function readOther(request: ClientRequest, finish: (reply: McpReply) => void): void {
  let interim = 0;
  request.on('information', () => {
    interim += 1;
    if (interim > maxInterim) {
      finish({ type: 'unusable', why: `more than ${maxInterim} interim answers (HTTP 1xx) came before its answer` });
    }
  });
  request.on('upgrade', (response, socket) => {
    socket.destroy();
    finish({ type: 'unusable', why: `it answered HTTP ${String(response.statusCode)} to change the protocol` });
  });
}

/**
 * Counts what the bytes of one connection cost, the parser's work on them included: between our first and our last
 * listener for them.
 */
function meter(socket: Socket, cost: ProbeCost, safely: Safely): void {
  let reads = 0;
  let stop: (() => void) | undefined;
  const check = safely(() => {
    cost.check();
    if (reads > maxReads) throw new TooMuch(`its answer comes in more than ${maxReads} pieces`);
  });
  socket.prependListener('data', () => {
    reads += 1;
    stop = cost.start();
  });
  socket.on('data', () => {
    stop?.();
    check();
  });
}

function unreachable(error: unknown, isConnected: boolean): McpReply {
  const { text: why, ...failure } = networkFailure(error);
  return { type: 'unreachable', why, ...failure, isConnected };
}

/** What our own reading of an answer ended with: a limit, or an answer that we have no code for. */
function toVerdict(error: unknown): McpReply {
  if (error instanceof TooMuch) return { type: 'unusable', why: error.message };
  return { type: 'unusable', why: `its answer could not be read: ${quoted(errorText(error))}` };
}
