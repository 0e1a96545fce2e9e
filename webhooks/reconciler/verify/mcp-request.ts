import http from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';

import { oneLine } from '../../core/engine/text.ts';
import { networkFailure } from '../../platform/kube/network-error.ts';
import type { NetworkCause } from '../../platform/kube/network-error.ts';
import { isRecord, numberAt, recordAt, stringAt } from '../../platform/kube/object.ts';
import { startTimer } from '../../platform/timer.ts';
import { createEventStreamReader } from './event-stream.ts';
import { untilConnected } from './until-connected.ts';
import type { AttemptLimits } from './until-connected.ts';
import type { TlsClientSettings } from './tls-trust.ts';

/** Headers of an answer that a verdict may depend on: one line each, bounded, absent when empty. */
export interface AnswerHeaders {
  readonly location?: string;
  readonly retryAfter?: string;
  readonly wwwAuthenticate?: string;
  readonly allow?: string;
}

/** What came back for one JSON-RPC message, before anyone judged it. Texts are short clauses for people. */
export type McpReply =
  | {
      readonly type: 'result';
      readonly result: Readonly<Record<string, unknown>>;
      /** Length of the answer as it travelled. */
      readonly bytes: number;
      readonly sessionId?: string;
    }
  | {
      readonly type: 'rpc-error';
      readonly status: number;
      readonly code: number;
      readonly message: string;
      /** `error.data`, when it is an object: raw, as the server sent it. */
      readonly data?: Readonly<Record<string, unknown>>;
      readonly headers: AnswerHeaders;
    }
  /** An HTTP status without a usable JSON-RPC body: 202 for a notification, 404 of a wrong path. */
  | {
      readonly type: 'http';
      readonly status: number;
      readonly contentType: string;
      readonly headers: AnswerHeaders;
      /** How its body begins, when that is text: one line, bounded; else empty. */
      readonly said: string;
    }
  /** It answered with a success, but not in MCP. */
  | { readonly type: 'unusable'; readonly why: string }
  /** `isConnected`: somebody took the connection, and then it failed (TLS, a reset). */
  | {
      readonly type: 'unreachable';
      readonly why: string;
      readonly cause: NetworkCause | 'stopping';
      /** With the cause `certificate-names`: what the certificate is for. */
      readonly names?: readonly string[];
      readonly isConnected: boolean;
    }
  | { readonly type: 'timeout' };

export interface McpMessage {
  readonly url: URL;
  /** For `https` URLs. */
  readonly tls?: TlsClientSettings | undefined;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: OutgoingHttpHeaders;
  /** The JSON-RPC message; its `id`, if any, is the one that the answer must have. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Longest answer that is read; what is longer is unusable. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

/** Longest headers that we read, in bytes; what Node would take too, said here because it is a bound. */
const maxHeaderBytes = 16 * 1024;
/** Longest text of the other side that we repeat, in characters. */
const maxQuotedLength = 200;
/** How much of a page that is not MCP is searched for words, in characters. */
const maxLookedAt = 4_096;

/**
 * Sends one message on a connection of its own (a kept one could be stuck to a pod that is gone) and reads the answer,
 * JSON or event stream, within time and bytes. Redirects are not followed. Never rejects.
 */
export async function sendMcpMessage(message: McpMessage): Promise<McpReply> {
  const reply = await untilConnected(message.timeoutMs, (limits) => sendOnce(message, limits));
  return reply === 'not-connected' ? { type: 'timeout' } : reply;
}

/** Nothing was sent when nobody took the connection in time: it may simply be tried again. */
function sendOnce(message: McpMessage, { timeoutMs, connectMs }: AttemptLimits): Promise<McpReply | 'not-connected'> {
  return new Promise((resolve) => {
    let isConnected = false;
    let connecting: NodeJS.Timeout | undefined;
    const finish = (reply: McpReply | 'not-connected'): void => {
      clearTimeout(timer);
      clearTimeout(connecting);
      message.signal.removeEventListener('abort', onAbort);
      resolve(reply);
      request.destroy();
    };
    const onAbort = (): void => {
      finish({ type: 'unreachable', why: 'we are stopping', cause: 'stopping', isConnected });
    };
    const payload = message.body === undefined ? undefined : JSON.stringify(message.body);
    const { request: open } = message.url.protocol === 'https:' ? https : http;
    const request = open(message.url, {
      ...message.tls,
      method: message.method,
      agent: false,
      maxHeaderSize: maxHeaderBytes,
      headers: {
        ...message.headers,
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    });
    const timer = startTimer(() => {
      finish({ type: 'timeout' });
    }, timeoutMs);
    message.signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', (error) => {
      finish(unreachable(error, isConnected));
    });
    request.on('socket', (socket) => {
      // After the name is known: asking for it again would only keep more of them waiting where names are slow.
      socket.once('connectionAttempt', () => {
        connecting = startTimer(() => {
          finish('not-connected');
        }, connectMs);
      });
      socket.once('connect', () => {
        isConnected = true;
        clearTimeout(connecting);
      });
    });
    request.on('response', (response) => {
      readAnswer(response, message, finish);
    });
    request.end(payload);
    if (message.signal.aborted) onAbort();
  });
}

function unreachable(error: unknown, isConnected: boolean): McpReply {
  const { text: why, ...failure } = networkFailure(error);
  return { type: 'unreachable', why, ...failure, isConnected };
}

function readAnswer(
  response: IncomingMessage,
  { body, maxAnswerBytes }: McpMessage,
  finish: (reply: McpReply) => void,
): void {
  const id = body?.['id'];
  const status = response.statusCode ?? 0;
  const contentType = mediaType(response.headers);
  const isStream = contentType === 'text/event-stream' && status < 300;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream = createEventStreamReader((data) => {
    const reply = messageToReply(data, { id, status, headers: response.headers, bytes });
    // other messages (log lines, progress) may come first on a stream
    if (reply !== undefined && reply.type !== 'unusable') finish(reply);
  });
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) finish({ type: 'unusable', why: `its answer is longer than ${maxAnswerBytes} bytes` });
    else if (isStream) stream.push(chunk);
    else chunks.push(chunk);
  });
  response.on('error', (error) => {
    finish(unreachable(error, true));
  });
  response.on('end', () => {
    if (isStream) finish({ type: 'unusable', why: 'its event stream ended without an answer' });
    else finish(bodyToReply(Buffer.concat(chunks).toString('utf8'), { id, status, headers: response.headers, bytes }));
  });
}

interface Received {
  readonly id: unknown;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

function bodyToReply(body: string, received: Received): McpReply {
  const { status, headers } = received;
  const contentType = mediaType(headers);
  const http: McpReply = { type: 'http', status, contentType, headers: answerHeaders(headers), said: said(body) };
  if (received.id === undefined || contentType !== 'application/json') return http;
  const reply = messageToReply(body, received);
  if (status < 300) return reply ?? { type: 'unusable', why: 'its answer is not a JSON-RPC message' };
  return reply?.type === 'rpc-error' ? reply : http;
}

/** Undefined when the text is no JSON-RPC response at all. */
function messageToReply(text: string, { id, status, headers, bytes }: Received): McpReply | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = recordAt(message, 'result');
  const error = recordAt(message, 'error');
  if (!isRecord(message) || (result === undefined && error === undefined)) return undefined;
  if (error !== undefined) {
    const data = recordAt(error, 'data');
    // an error about a request that could not be read has no id
    return {
      type: 'rpc-error',
      status,
      code: numberAt(error, 'code') ?? 0,
      message: quoted(stringAt(error, 'message') ?? ''),
      ...(data === undefined ? {} : { data }),
      headers: answerHeaders(headers),
    };
  }
  if (result === undefined || message['id'] !== id) {
    return {
      type: 'unusable',
      why: `it answered another request than ours (JSON-RPC id ${quoted(String(message['id']))})`,
    };
  }
  const sessionId = headers['mcp-session-id'];
  return { type: 'result', result, bytes, ...(typeof sessionId === 'string' ? { sessionId } : {}) };
}

function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The names of {@link AnswerHeaders} on the wire. */
const headersThatMatter = {
  location: 'location',
  retryAfter: 'retry-after',
  wwwAuthenticate: 'www-authenticate',
  allow: 'allow',
} as const satisfies Record<keyof AnswerHeaders, string>;

function answerHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const found = Object.entries(headersThatMatter).map(([name, header]) => [name, quoted(headers[header] ?? '')]);
  return Object.fromEntries(found.filter(([, value]) => value !== '')) as AnswerHeaders;
}

/** How a body begins, without the markup of an error page. */
function said(body: string): string {
  const start = body.slice(0, maxLookedAt);
  return quoted(start.replaceAll(/<(?:style|script)\b.*?<\/(?:style|script)>|<[^>]*>/gs, ' '));
}

/** A text of the other side, fit for a condition: one line, bounded. */
export function quoted(text: string): string {
  return oneLine(text, maxQuotedLength);
}
