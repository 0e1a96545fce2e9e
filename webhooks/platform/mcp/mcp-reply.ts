import type { IncomingHttpHeaders } from 'node:http';

import { oneLine } from '../../core/engine/text.ts';
import { guardJson } from '../json-guard.ts';
import type { JsonLimits } from '../json-guard.ts';
import type { NetworkCause } from '../kube/network-error.ts';
import { isRecord, listAt, numberAt, recordAt, stringAt } from '../kube/object.ts';
import { essentialsOf, keepName, listNames } from './essentials.ts';
import type { KeepItem } from './essentials.ts';
import { withoutByteOrderMark } from './event-stream.ts';
import { TooMuch } from './pile.ts';
import { sliceList } from './slice-list.ts';
import type { SlicedList } from './slice-list.ts';

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
      /** Its essentials: of resources and prompts their names only, of tools what the budget of the probe keeps. */
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
      /** `error.data`, when it is an object: its essentials. */
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
      /** Of an event stream on which no answer is awaited: the name of its first event. */
      readonly event?: string;
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

/** Longest text of the other side that we repeat, in characters. */
const maxQuotedLength = 200;
/** How much of a page that is not MCP is searched for words, in bytes. */
const maxLookedAt = 4_096;
/** Longest session id that we send back, in characters. */
const maxSessionIdLength = 1_024;

export interface Received {
  /** The id that the answer must have; undefined when none is awaited. */
  readonly id: unknown;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly json: JsonLimits;
  readonly keepTool: KeepItem;
  /** So many bytes of the result outlive the answer. Throws {@link TooMuch}. */
  readonly keep: (bytes: number) => void;
  /** Throws {@link TooMuch} when reading it takes too long. */
  readonly check: () => void;
}

/** What a whole body says. Throws {@link TooMuch}. */
export function bodyToReply(body: Uint8Array, received: Received): McpReply {
  const { status, headers } = received;
  const contentType = mediaType(headers);
  const isJson = contentType === 'application/json';
  const reply = received.id === undefined || !isJson ? undefined : messageToReply(body, received);
  if (reply?.type === 'rpc-error' || (reply !== undefined && status < 300)) return reply;
  if (received.id !== undefined && isJson && status < 300) {
    return { type: 'unusable', why: 'its answer is not a JSON-RPC message' };
  }
  return { type: 'http', status, contentType, headers: answerHeaders(headers), said: said(body) };
}

/** Undefined when the text is no JSON-RPC response at all. Throws {@link TooMuch} before anything large is built. */
export function messageToReply(bytes: Uint8Array, received: Received): McpReply | undefined {
  const { message, sliced } = readMessage(withoutByteOrderMark(bytes), received.json);
  const result = recordAt(message, 'result');
  const error = recordAt(message, 'error');
  if (!isRecord(message) || (result === undefined && error === undefined)) return undefined;
  if (error !== undefined) return errorToReply(error, received);
  if (result === undefined || !isSameId(message['id'], received.id)) {
    return { type: 'unusable', why: `it answered another request than ours (JSON-RPC id ${idText(message['id'])})` };
  }
  const sessionId = received.headers['mcp-session-id'];
  const isUsable = typeof sessionId === 'string' && sessionId.length <= maxSessionIdLength;
  const kept = essentialsOf(result, received.keepTool);
  received.keep(kept.bytes);
  const listed = sliced === undefined ? {} : keepSliced(sliced, result, received);
  if (listed === undefined) return undefined;
  return {
    ...{ type: 'result', result: { ...kept.result, ...listed }, bytes: received.bytes },
    ...(isUsable ? { sessionId } : {}),
  };
}

interface ReadMessage {
  readonly message: unknown;
  /** Of a message that would be too many values at once: its list, which is empty in it. */
  readonly sliced?: SlicedList;
}

function readMessage(bytes: Uint8Array, json: JsonLimits): ReadMessage {
  if (guardJson(bytes, json) !== 'too many values') return { message: parseGuarded(bytes, json) };
  const sliced = sliceList(bytes, listNames);
  return sliced === undefined
    ? { message: parseGuarded(bytes, json) }
    : { message: parseGuarded(sliced.rest, json), sliced };
}

/** How deep the items of a list are in a message. */
const itemDepth = 3;
/** Most items of a page that are read one by one; beyond them they are no list that anybody counts. */
const maxSliced = 10_000;
/** After so many bytes of them it is looked at what they have cost. */
const bytesBetweenChecks = 32 * 1024;

/**
 * What is kept of the items, each parsed, kept and dropped before the next one. Undefined for what is no JSON. Throws {@link TooMuch}, also where another list of that
 * name would be the one that JSON has.
 */
function keepSliced(
  { name, count, items }: SlicedList,
  result: Readonly<Record<string, unknown>>,
  { json, keepTool, keep, check }: Received,
): Readonly<Record<string, unknown>> | undefined {
  const isCutOut = Array.isArray(result[name]) && listAt(result, name).length === 0;
  if (!isCutOut || count > maxSliced) throw tooMany(json);
  const limits = { ...json, maxDepth: json.maxDepth - itemDepth };
  const keepItem = name === 'tools' ? keepTool : keepName;
  const listed: unknown[] = [];
  let unchecked = 0;
  for (const text of items) {
    const item = parseGuarded(text, limits);
    if (item === undefined) return undefined;
    const kept = keepItem(item, listed.length);
    keep(kept.bytes);
    listed.push(kept.item);
    unchecked += text.length;
    if (unchecked >= bytesBetweenChecks) {
      check();
      unchecked = 0;
    }
  }
  return { [name]: listed };
}

/** An error about a request that could not be read has no id. */
function errorToReply(error: Readonly<Record<string, unknown>>, { status, headers }: Received): McpReply {
  const data = recordAt(error, 'data');
  return {
    type: 'rpc-error',
    status,
    code: numberAt(error, 'code') ?? 0,
    message: quoted(stringAt(error, 'message') ?? ''),
    ...(data === undefined ? {} : { data: essentialsOf(data).result }),
    headers: answerHeaders(headers),
  };
}

/** Undefined for what is no JSON. */
export function parseGuarded(text: Uint8Array, limits: JsonLimits): unknown {
  const verdict = guardJson(text, limits);
  if (verdict === 'too many values') throw tooMany(limits);
  if (verdict === 'too deep') throw new TooMuch(`its answer is nested deeper than ${limits.maxDepth} levels`);
  try {
    return JSON.parse(toText(text));
  } catch {
    return undefined;
  }
}

function tooMany({ maxTokens }: JsonLimits): TooMuch {
  return new TooMuch(`its answer has more than ${maxTokens} values`);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** As clients compare them: some servers send a number back as text. */
function isSameId(found: unknown, sent: unknown): boolean {
  return found === sent || (typeof found === 'string' && typeof sent === 'number' && found === String(sent));
}

/** An id can be anything, also what cannot become a text. */
function idText(id: unknown): string {
  if (typeof id === 'string' || typeof id === 'number') return quoted(String(id));
  return id === null || typeof id === 'boolean' ? String(id) : `of type ${Array.isArray(id) ? 'array' : typeof id}`;
}

export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The names of {@link AnswerHeaders} on the wire. */
const headersThatMatter = {
  location: 'location',
  retryAfter: 'retry-after',
  wwwAuthenticate: 'www-authenticate',
  allow: 'allow',
} as const satisfies Record<keyof AnswerHeaders, string>;

export function answerHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const found = Object.entries(headersThatMatter).map(([name, header]) => [name, quoted(headers[header] ?? '')]);
  return Object.fromEntries(found.filter(([, value]) => value !== '')) as AnswerHeaders;
}

/** How a body begins, without the markup of an error page. */
function said(body: Uint8Array): string {
  const start = toText(withoutByteOrderMark(body).subarray(0, maxLookedAt));
  return quoted(start.replaceAll(/<(?:style|script)\b.*?<\/(?:style|script)>|<[^>]*>/gs, ' '));
}

/** A text of the other side, fit for a condition: one line, bounded. */
export function quoted(text: string): string {
  return oneLine(text, maxQuotedLength);
}
