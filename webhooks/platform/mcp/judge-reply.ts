import { oneLine } from '../../core/engine/text.ts';
import type { Verification } from '../../core/plan/observed.ts';
import { listAt, stringAt } from '../kube/object.ts';
import type { NetworkCause } from '../kube/network-error.ts';
import { hostOf } from './mcp-call.ts';
import { quoted } from './mcp-reply.ts';
import type { McpReply } from './mcp-reply.ts';
import { ourVersions } from './protocol-versions.ts';

export type FailedVerdict = Extract<Verification, { readonly state: 'failed' }>;
type FinalVerdict = Extract<Verification, { readonly state: 'failed' | 'auth-required' | 'throttled' }>;

/** An answer that is no result, and came over HTTP. */
type Refusal = Extract<McpReply, { readonly type: 'http' | 'rpc-error' }>;
export type Unsuccessful = Exclude<McpReply, { readonly type: 'result' }>;

/** What is known of a question when its answer is judged. */
export interface Asked {
  readonly url: URL;
  /** Every 403 is taken for authentication, as the reference operator does. */
  readonly acceptsForbidden?: boolean | undefined;
}

/** Longest address of a redirect that is told, in characters. */
const maxTargetLength = 200;
/** How many revisions of a server are told, and how long each may be, in characters. */
const maxVersions = 10;
const maxVersionLength = 32;

/** What the server could not answer differently to another question; undefined: the other era may get another answer. */
export function finalVerdict(reply: McpReply, asked: Asked): FinalVerdict | undefined {
  const { url } = asked;
  switch (reply.type) {
    case 'result':
    case 'unusable':
    case 'timeout':
      return undefined;
    case 'unreachable':
      // Who took the connection and closed it may have done so for what was asked.
      if (reply.isConnected && reply.cause === 'closed') return undefined;
      return { ...failureOf(reply, url), ...(reply.isConnected ? {} : { isUnanswered: true }) };
    case 'http':
    case 'rpc-error':
      return ofRefusal(reply, asked);
  }
}

function ofRefusal(reply: Refusal, { url, acceptsForbidden }: Asked): FinalVerdict | undefined {
  const { status, headers } = reply;
  const words = wordsOf(reply);
  if (isAuthentication(reply, acceptsForbidden)) {
    return { state: 'auth-required', statusCode: status, ...(words === '' ? {} : { said: words }) };
  }
  if (status === 429 || (status === 503 && headers.retryAfter !== undefined)) {
    const message = `answered HTTP ${status}${after(headers.retryAfter)}${colon(words)}${remedyOfStatus(status)}`;
    return { state: 'throttled', message, ...retryAfterMs(headers.retryAfter) };
  }
  const isFinal = status === 403 || status === 421 || (status >= 300 && status < 400) || complainsAboutHost(reply);
  return isFinal ? failureOf(reply, url) : undefined;
}

/** That an answer is no MCP: in words, and which failure it is in none. */
export function failureOf(reply: Unsuccessful, url: URL): FailedVerdict {
  return { state: 'failed', message: failureText(reply, url), cause: causeOf(reply) };
}

/** What stays the same while the same fails, whatever the server says of it. */
function causeOf(reply: Unsuccessful): string {
  switch (reply.type) {
    case 'unusable':
    case 'timeout':
      return reply.type;
    case 'unreachable':
      return `connection ${reply.cause}`;
    case 'rpc-error':
    case 'http': {
      const what = reply.type === 'http' ? `HTTP ${reply.status}` : `JSON-RPC ${reply.code}`;
      return complainsAboutHost(reply) ? `${what} Host` : what;
    }
  }
}

/**
 * Whether a server wants credentials, and is reachable but for them. 401 says so; 403 only when nothing contradicts: a
 * server that does not know the Host of its own Service refuses every client with the same status.
 */
function isAuthentication(reply: Refusal, acceptsForbidden = false): boolean {
  if (reply.status === 401) return true;
  if (acceptsForbidden && reply.status === 403) return true;
  if (reply.status !== 403 || complainsAboutHost(reply)) return false;
  return reply.headers.wwwAuthenticate !== undefined || !contradiction.test(wordsOf(reply));
}

/** Reasons for a 403 that no credentials would change. */
const contradiction =
  /\b(csrf|cors|cross[- ](site|origin)|ip address|ip is not|firewall|blocked|method not allowed|user[- ]agent|rate limit(ed)?)\b/i;

/** As the SDKs, and frameworks with a check of their own, say it. */
const hostComplaint =
  /\b(invalid|bad|unknown|unrecogni[sz]ed|disallowed|untrusted|unexpected|blocked|forbidden|mismatch\w*|missing)\W+(the\W+)?(http\W+)?(hosts?(name)?|origin)\b|\b(hosts?(name)?|origin)\b([\w\s'".:/[\]-]{0,80})\b(not|invalid|denied|mismatch|unknown|disallowed|rejected|forbidden|blocked)\b|rebinding/i;

function complainsAboutHost(reply: Refusal): boolean {
  if (reply.status === 421) return true;
  const mayBe = reply.status === 400 || reply.status === 403;
  return mayBe && [wordsOf(reply), reply.headers.wwwAuthenticate ?? ''].some((text) => hostComplaint.test(text));
}

/** The server's own words: one line, bounded; empty when it has none (`{}` is none). */
function wordsOf(reply: Refusal): string {
  const words = reply.type === 'rpc-error' ? reply.message : reply.said;
  return /\p{L}/u.test(words) ? words : '';
}

/** In words: what came, and what to do about it. One line. `url`: what was asked, where that is part of the remedy. */
export function failureText(reply: Unsuccessful, url?: URL): string {
  switch (reply.type) {
    case 'unusable':
      return reply.why;
    case 'timeout':
      return 'no answer in time';
    case 'unreachable':
      return unreachableText(reply, url);
    case 'rpc-error':
    case 'http':
      return refusalText(reply, url);
  }
}

function refusalText(reply: Refusal, url: URL | undefined): string {
  const { status } = reply;
  if (complainsAboutHost(reply)) return hostText(reply, url);
  if (wantsTls(reply)) return `${speaksTls} (it answered HTTP ${status}${colon(wordsOf(reply))})`;
  if (reply.type === 'rpc-error') return rpcText(reply);
  const { contentType, headers } = reply;
  const answered = `answered HTTP ${status}${contentType === '' ? '' : ` with ${quoted(contentType)}`}`;
  if (status >= 300 && status < 400) return `${answered}: ${redirectText(headers.location, url)}`;
  if (status === 404 || status === 405) return `${answered}: ${isPathRight}`;
  if (status < 300) return `${answered} instead of an MCP message: ${isPathRight}`;
  const remedy = remedyOfStatus(status);
  return `${answered}${colon(wordsOf(reply))}${remedy === '' ? `; ${isPathRight}` : remedy}`;
}

const isPathRight = 'is spec.config.path right?';

function rpcText(reply: Extract<McpReply, { readonly type: 'rpc-error' }>): string {
  const supported = listAt(reply.data, 'supported');
  if (isWithoutCommonVersion(supported)) return noCommonVersion(supported);
  const over = reply.status >= 400 ? `HTTP ${reply.status} with ` : '';
  return `it answered ${over}JSON-RPC error ${reply.code}${colon(reply.message)}${remedyOfStatus(reply.status)}`;
}

/** Go's and nginx's words for plain HTTP on a port that speaks TLS. */
function wantsTls(reply: Refusal): boolean {
  return reply.status === 400 && /\bhttp request\b.*\bhttps\b/i.test(wordsOf(reply));
}

export const speaksTls = 'the port speaks TLS: set spec.transport.tls.enabled';

/** What to do about a status that says nothing about MCP; the first that has it. */
const remediesOfStatuses: readonly (readonly [(status: number) => boolean, string])[] = [
  [
    (status) => status === 429,
    'let the pods of mcp-lifecycle pass its limit, or have it asked less often: spec.extensions.verification.periodSeconds',
  ],
  [(status) => status === 403, 'no credentials would change that: let requests pass that come to its Service'],
  [
    (status) => status >= 502 && status <= 504,
    'what answers has nothing behind it, or that is not ready or has too much to do: see the logs of its pods',
  ],
  [(status) => status >= 500, 'it failed on the question: see the logs of its pods'],
];

function remedyOfStatus(status: number): string {
  const found = remediesOfStatuses.find(([is]) => is(status));
  return found === undefined ? '' : `; ${found[1]}`;
}

/** What to do about a connection that failed, by its cause. */
const remedies: Partial<Record<NetworkCause | 'stopping', string>> = {
  closed: 'it may have ended, or it lets nobody in that it does not know: see the logs of its pods',
  'speaks-no-tls': 'take spec.transport.tls out, or configure the server for TLS',
  'certificate-untrusted': 'name its CA in spec.transport.tls.caBundleSecret',
  'certificate-time': 'replace it',
};

type Unreachable = Extract<McpReply, { readonly type: 'unreachable' }>;

function unreachableText(reply: Unreachable, url: URL | undefined): string {
  return reply.cause === 'speaks-tls' ? speaksTls : `${reply.why}${remedyOf(reply, url)}`;
}

function remedyOf({ cause, names = [] }: Unreachable, url: URL | undefined): string {
  if (cause === 'certificate-names' && url !== undefined) {
    const has = names.length === 0 ? '' : ` (it is for ${names.join(', ')})`;
    return `${has}: issue one for ${url.hostname}`;
  }
  if (cause === 'refused' && url !== undefined) return `; ${listensElsewhere(url)}`;
  const remedy = remedies[cause];
  return remedy === undefined ? '' : `; ${remedy}`;
}

/** The port of the Service is that of its pods. */
function listensElsewhere({ port, protocol }: URL): string {
  const usual = protocol === 'https:' ? '443' : '80';
  return `nothing listens on port ${port === '' ? usual : port}: is spec.config.port right, and does the server listen on all addresses, not on 127.0.0.1 only?`;
}

const wantsOrigin =
  'the server checks the Origin of requests, and clients that are no browser send none: have it let those pass';

/** Clients of `status.address.url` send the same Host, so the server has to know it. */
function hostText(reply: Refusal, url: URL | undefined): string {
  const words = wordsOf(reply);
  const said = `answered HTTP ${reply.status}${colon(words)}`;
  if (/\borigin\b/i.test(words) && !/\bhost/i.test(words)) return `${said}; ${wantsOrigin}`;
  if (url === undefined) return said;
  const host = hostOf(url);
  return `${said}; the server refuses the Host that every client of its Service sends: add ${url.hostname} (and ${host}) to its allowed hosts, or switch its check off`;
}

/** Without credentials, query and fragment, which may be secret. */
function redirectText(location: string | undefined, url: URL | undefined): string {
  const target = location === undefined || !URL.canParse(location, url?.href) ? undefined : new URL(location, url);
  if (target === undefined) return `redirects are not followed: ${answerHere}`;
  const isSameHost = target.host === url?.host && target.protocol === url.protocol;
  const told = isSameHost ? target.pathname : `${target.protocol}//${target.host}${target.pathname}`;
  return `it redirects to ${oneLine(told, maxTargetLength)}; redirects are not followed: ${remedyOfRedirect(target, url)}`;
}

const answerHere =
  'have the server answer at spec.config.path itself, also to those who do not come by its public address';

/** Another path is ours to set; to another host, or back to itself, only the server can stop sending clients. */
function remedyOfRedirect(target: URL, url: URL | undefined): string {
  if (url === undefined) return answerHere;
  const isSameName = hostnameOf(target) === hostnameOf(url);
  if (isSameName && url.protocol === 'http:' && target.protocol === 'https:') return wantsHttps;
  const isElsewhere = !isSameName || target.port !== url.port || target.protocol !== url.protocol;
  return isElsewhere || target.pathname === url.pathname ? answerHere : 'set spec.config.path to that';
}

const wantsHttps =
  'switch its redirect to HTTPS off, or set spec.transport.tls.enabled and, as spec.config.port, the port that speaks TLS';

/** Without the final dot that saves searches in DNS. */
function hostnameOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}

/** Whether a server has said what it speaks, and we speak none of that. */
export function isWithoutCommonVersion(theirs: readonly unknown[]): boolean {
  return theirs.some((version) => typeof version === 'string') && !ourVersions.some((ours) => theirs.includes(ours));
}

/** Both lists, the server's bounded. */
export function noCommonVersion(theirs: readonly unknown[]): string {
  const versions = theirs.filter((version) => typeof version === 'string');
  const told = versions.slice(0, maxVersions).map((version) => oneLine(version, maxVersionLength));
  const more = versions.length > maxVersions ? ', …' : '';
  return `no common version of MCP: the server speaks ${told.join(', ')}${more}; mcp-lifecycle speaks ${ourVersions.join(', ')}`;
}

/**
 * Whether an answer says that the question is not known, which is what a server of the other era says. Not an internal
 * error, and not a gateway's: those say nothing about what the server speaks.
 */
export function knowsNotTheQuestion(reply: McpReply): boolean {
  if (reply.type === 'rpc-error')
    return unknownQuestion.codes.has(reply.code) || stringAt(reply.data, 'requested') !== undefined;
  return reply.type === 'http' && unknownQuestion.statuses.has(reply.status);
}

/** JSON-RPC: invalid request, method not found, invalid params; MCP: header mismatch, unsupported version. */
const unknownQuestion = {
  codes: new Set([-32600, -32601, -32602, -32020, -32022]),
  statuses: new Set([400, 404, 405, 406, 415, 501]),
};

/** More digits than anybody waits for are a long time, too, and no reason to come back at once. */
const longestWaitSeconds = 1e9;

function retryAfterMs(value: string | undefined): { readonly retryAfterMs?: number } {
  if (value === undefined) return {};
  // A number of seconds, or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
  const ms = /^\d+$/.test(value) ? Math.min(Number(value), longestWaitSeconds) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}

function after(value: string | undefined): string {
  return value === undefined ? '' : ` (Retry-After: ${value})`;
}

function colon(words: string): string {
  return words === '' ? '' : `: ${words}`;
}
