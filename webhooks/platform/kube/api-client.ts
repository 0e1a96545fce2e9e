import http from 'node:http';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';

import { renderJsonAsYaml } from '../escape-for-yaml.ts';
import { errorText } from '../log.ts';
import { describeRequest, errorFromAnswer, errorWithoutAnswer, unreachable } from './api-error.ts';
import type { ApiRequest, ApiResult, ApiServer, Credentials, KubeApi, Reading, WatchEnd } from './api.ts';
import { DirectConnections } from './direct-connections.ts';
import { exchange } from './http-exchange.ts';
import type { Exchanged } from './http-exchange.ts';
import { errorCode } from './network-error.ts';
import { openedByNode, renderHead } from './opened-request.ts';
import type { Opened } from './opened-request.ts';
import { parseJson, parseObject } from './parse-object.ts';
import { readWatch } from './watch-stream.ts';

/** Default of {@link ApiRequest.timeoutMs}. */
const defaultTimeoutMs = 10_000;

/** Default of {@link ApiRequest.maxBytes}: etcd keeps no object above 1.5 MiB. */
const defaultMaxBytes = 4 * 1024 * 1024;

/** Connections to the API server, each watch included. Requests beyond it wait for a free one. */
const maxSockets = 40;

/**
 * How long a connection without a request is kept, in milliseconds: as many as a burst needs at once stay for its next
 * requests (a new one costs both sides a TLS handshake, which is more than the request), and are gone soon after it.
 */
const idleSocketMs = 5_000;

/**
 * Speaks to one API server over connections that are kept, HTTP/1.1. (The generated client of client-node opens a TLS
 * connection for each request, which costs more than the request.)
 */
export function createKubeApi(options: { readonly server: ApiServer; readonly userAgent: string }): KubeApi {
  const { server } = options;
  const openOn = server.isDirect === true ? createDirect(options) : createAgents(options);

  const open = async (call: Call): Promise<Opened> => openOn(call, await server.credentials());

  const send = async (request: ApiRequest, payload: string | undefined): Promise<ApiResult> => {
    // Read in an error only.
    const describe = (): string => describeRequest(request.method, request.path);
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    const startedAtMs = performance.now();
    let opened: Opened;
    try {
      opened = await open({ ...request, headers: headersOf(request, payload) });
    } catch (error) {
      return { ok: false, error: unreachable(`${describe()}: reading the credentials`, error) };
    }
    let pieces = 0;
    const onChunk = (chunk: Buffer): void => {
      pieces += 1;
      request.onChunk?.(chunk);
    };
    const answer = await exchange(opened, payload, {
      timeoutMs,
      maxBytes: request.maxBytes ?? defaultMaxBytes,
      signal: request.signal,
      onChunk: request.onChunk === undefined ? undefined : onChunk,
    });
    // The other side closed an idle connection while our request was on its way. Reading, and writes that say which
    // version they expect, may simply be sent again; a POST may have been done. The other free connections are as old: one of
    // them after the other could end as late as this one did.
    if (isStaleSocket(opened, answer) && pieces === 0 && request.method !== 'POST') {
      opened.dropIdle();
      const leftMs = timeoutMs - (performance.now() - startedAtMs);
      return send({ ...request, timeoutMs: Math.max(1, leftMs) }, payload);
    }
    if (answer.type === 'answered' && answer.status === 401) server.forgetCredentials();
    return resultOf(describe, answer, request.reading);
  };

  return {
    request: (request) => send(request, request.body === undefined ? undefined : renderJsonAsYaml(request.body)),
    async watch(request, onEvent): Promise<WatchEnd> {
      const describe = describeRequest('WATCH', request.path);
      let opened: Opened;
      try {
        const headers = { Accept: request.accept ?? 'application/json' };
        opened = await open({ method: 'GET', path: request.path, query: { ...request.query, watch: 'true' }, headers });
      } catch (error) {
        return { why: 'failed', error: unreachable(`${describe}: reading the credentials`, error) };
      }
      const end = await readWatch(opened, { ...request, describe }, onEvent);
      if (end.why === 'failed' && end.error.status === 401) server.forgetCredentials();
      return end;
    },
  };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string | number>>;
}

function headersOf(request: ApiRequest, payload: string | undefined): Readonly<Record<string, string | number>> {
  const accept = { Accept: request.accept ?? 'application/json' };
  if (payload === undefined) return accept;
  return {
    ...accept,
    'Content-Type': request.contentType ?? 'application/json',
    'Content-Length': Buffer.byteLength(payload),
  };
}

function renderQuery(query: Readonly<Record<string, string | undefined>> = {}): string {
  let text = '';
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined)
      text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return text;
}

/** A new connection that breaks counts as an error. */
function isStaleSocket(request: Opened, answer: Exchanged): boolean {
  if (!request.isReused || answer.type !== 'failed') return false;
  const code = errorCode(answer.error);
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function resultOf(describe: () => string, answer: Exchanged, reading: Reading | undefined): ApiResult {
  switch (answer.type) {
    case 'failed':
      return { ok: false, error: unreachable(describe(), answer.error) };
    case 'timeout':
      return { ok: false, error: errorWithoutAnswer(describe(), { reason: 'Timeout', text: 'no answer in time' }) };
    case 'aborted':
      return {
        ok: false,
        error: errorWithoutAnswer(describe(), { reason: 'Aborted', text: 'given up: we are stopping' }),
      };
    case 'too-large':
      return {
        ok: false,
        error: {
          ...errorWithoutAnswer(describe(), { reason: 'TooLarge', text: 'the answer is too long' }),
          retry: false,
        },
      };
    case 'answered':
      return answeredResult(describe, answer, reading);
  }
}

function answeredResult(
  describe: () => string,
  answer: Exchanged & { readonly type: 'answered' },
  reading: Reading | undefined,
): ApiResult {
  if (answer.status >= 400) {
    const body = parseJson(answer.body);
    const { status, retryAfter } = answer;
    return { ok: false, error: errorFromAnswer({ request: describe(), status, body, retryAfter }) };
  }
  const body = parseObject(answer.body, reading);
  if (body !== undefined || answer.body === '') return { ok: true, body };
  return { ok: false, error: errorWithoutAnswer(describe(), { reason: 'BadAnswer', text: 'the answer is not JSON' }) };
}

/** Opens a request with the credentials of its moment. Throws for what no request can say. */
type Open = (call: Call, credentials: Credentials) => Opened;

interface ClientOptions {
  readonly server: ApiServer;
  readonly userAgent: string;
}

function createAgents({ server: { url }, userAgent }: ClientOptions): Open {
  // `timeout` ends free connections only: requests and watches under way have their own, and listen to no other.
  const settings = {
    keepAlive: true,
    keepAliveMsecs: 15_000,
    maxSockets,
    maxFreeSockets: maxSockets,
    timeout: idleSocketMs,
  };
  const isPlain = url.protocol === 'http:';
  const agentFor = createKept(({ tls }) => {
    const agent = ofOneServer(
      isPlain ? new http.Agent(settings) : new https.Agent({ ...settings, ...withContext(tls) }),
    );
    return {
      use: agent,
      close: () => {
        closeIdle(agent);
      },
    };
  });
  const { request: start } = isPlain ? http : https;
  const { protocol, port } = url;
  const target = { protocol, port, hostname: hostOf(url) };
  const root = rootOf(url);
  return (call, credentials) => {
    const agent = credentials.proxyAgent ?? agentFor(credentials);
    const request = start({
      ...target,
      method: call.method,
      path: root + call.path + renderQuery(call.query),
      headers: { ...credentials.headers, ...call.headers, 'User-Agent': userAgent },
      agent,
    });
    return openedByNode(request, () => {
      closeIdle(agent);
    });
  };
}

function createDirect({ server: { url }, userAgent }: ClientOptions): Open {
  const isPlain = url.protocol === 'http:';
  const where = { host: hostOf(url), port: Number(url.port === '' ? (isPlain ? 80 : 443) : url.port) };
  const connectionsFor = createKept(({ tls }) => {
    const connections = new DirectConnections({
      ...{ ...where, maxSockets, idleMs: idleSocketMs },
      ...(isPlain ? {} : { tls: withContext(tls) }),
    });
    return {
      use: connections,
      close: () => {
        connections.close();
      },
    };
  });
  const root = rootOf(url);
  return (call, credentials) => {
    const headers = { Host: url.host, 'User-Agent': userAgent, ...credentials.headers, ...call.headers };
    const path = root + call.path + renderQuery(call.query);
    return connectionsFor(credentials).request(renderHead(call.method, path, headers));
  };
}

/** One for all connections: to read the CA takes a millisecond, and what was read 25 KB, which each connection would else do and have. */
function withContext(tls: Credentials['tls']): Credentials['tls'] & { readonly secureContext: SecureContext } {
  try {
    return { ...tls, secureContext: createSecureContext(tls) };
  } catch (error) {
    throw new Error(`the CA or the client certificate cannot be used: ${errorText(error)}`, { cause: error });
  }
}

/** What keeps its connections as long as the TLS options stay the same: a rotated CA or client certificate gets a new one. */
function createKept<Kept>(
  make: (credentials: Credentials) => { readonly use: Kept; readonly close: () => void },
): (credentials: Credentials) => Kept {
  let current: { readonly fingerprint: string; readonly use: Kept; readonly close: () => void } | undefined;
  let seen: Credentials | undefined;
  return (credentials) => {
    // The same object means the same answer of the same read: no need to compare certificates for each request.
    if (current !== undefined && seen === credentials) return current.use;
    const { tls } = credentials;
    const fingerprint = JSON.stringify([tls.ca, tls.cert, tls.key, tls.pfx, tls.servername, tls.rejectUnauthorized]);
    if (current?.fingerprint !== fingerprint) {
      // With what cannot be read nothing begins, and nothing ends.
      const next = { fingerprint, ...make(credentials) };
      // Watches and requests under way finish on the old connections; idle ones would only wait for their end.
      current?.close();
      current = next;
    }
    seen = credentials;
    return current.use;
  };
}

/**
 * Its connections are interchangeable. Node would find out which are by a text of host, port and every TLS option, which has
 * the certificates in it, and is put together anew for each request.
 */
function ofOneServer<Kind extends http.Agent>(agent: Kind): Kind {
  agent.getName = () => 'api server';
  return agent;
}

function closeIdle({ freeSockets }: http.Agent): void {
  for (const idle of Object.values(freeSockets)) for (const socket of idle ?? []) socket.destroy();
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** What all paths begin with. */
function rootOf({ pathname }: URL): string {
  return pathname.replace(/\/$/, '');
}
