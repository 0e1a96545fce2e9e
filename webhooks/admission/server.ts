import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../platform/clock.ts';
import { errorText } from '../platform/log.ts';
import { listen } from '../platform/http/listening.ts';
import { tlsSettings } from '../platform/http/tls-settings.ts';
import { startRepeating, startTimer } from '../platform/timer.ts';
import { createCalls, type Call, type CallOptions } from './call.ts';
import { clientTrust, createRefusedClients } from './client-certificates.ts';
import { Connections, type ConnectionLimits } from './connections.ts';
import { createDirect } from './direct.ts';
import { createFallbackApp } from './fallback-app.ts';
import { endpoints, type Endpoint } from './handler.ts';

export interface AdmissionServerOptions extends Omit<CallOptions, 'isLast' | 'onReview'> {
  readonly port: number;
  readonly connectionLimits: ConnectionLimits;
  /** PEM: who has no certificate of one of these CAs is refused in the handshake. Absent: everybody is served. */
  readonly clientCa?: string | undefined;
  /** Absent: every address of the pod. */
  readonly host?: string;
  readonly clock: Clock;
}

export interface AdmissionServer {
  readonly port: number;
  /** For new connections; open ones keep the certificate that they began with. Without one, handshakes fail. */
  setCertificate(certificate: { readonly certificate: string; readonly privateKey: string }): void;
  /** See {@link DrainOptions}; resolves when no connection is left. */
  drain(options: DrainOptions): Promise<void>;
}

/**
 * The end in three steps, so that no request meets a closed door:
 *
 *     drain()      delayMs over              nothing in flight   deadlineMs over
 *       |  serve,       |  accept nothing new,     |
 *       |  say "close"  |  close what is idle      |  done            close the rest
 */
export interface DrainOptions {
  /** Until everybody has learned from the endpoints that we are going, in milliseconds. */
  readonly delayMs: number;
  /** For what is still in flight after that, in milliseconds. */
  readonly deadlineMs: number;
}

/** API servers keep idle connections for 90 s; closing one first would lose the request that is just being sent. */
const keepAliveMs = 120_000;

/** Not the limit of a body (that is its minimum rate): the last resort, above the longest timeout of a webhook. */
const requestMs = 40_000;

/**
 * Serves `POST` at the path of each endpoint over TLS and HTTP/1.1, which is all that API servers speak to webhooks.
 * These are answered in front of express: it would more than double what an admission costs. Listens at once;
 * rejects when the port cannot be taken.
 */
export async function startAdmissionServer(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const { connectionLimits, metrics } = options;
  const fallback = createFallbackApp();
  const connections = new Connections(connectionLimits, () => {
    metrics.shed('connections');
  });
  let isDraining = false;
  const onReview = (socket: Socket): void => {
    connections.proven(socket);
  };
  const isLast = (socket: Socket): boolean => isDraining || connections.isOld(socket);
  const calls = createCalls({ ...options, isLast, onReview });
  const answer = createAnswer(options, connections, calls.byHttp);
  const { handshakeMs: handshakeTimeout, headMs } = connectionLimits;
  const trust = clientTrust(options.clientCa);
  const lookMs = Math.min(headMs, 1_000);
  const timing = { handshakeTimeout, connectionsCheckingInterval: lookMs };
  const server = createServer({ ...tlsSettings, ...trust, ...timing }, (request, response) => {
    if (isDraining) response.setHeader('connection', 'close');
    connections.used(request.socket);
    const endpoint = endpointOf(request);
    if (endpoint === undefined) fallback(request, response);
    // eslint-disable-next-line @typescript-eslint/no-floating-promises -- it catches all by itself, for every admission
    else void answer(endpoint, request, response);
  });
  const toHttp = takeHttp(server);
  const own = { connections, metrics, log: options.log, isLast, toHttp };
  follow(server, connections, createDirect({ ...calls.direct, ...own }));
  server.on('tlsClientError', createRefusedClients(options));
  server.keepAliveTimeout = keepAliveMs;
  // Node counts it from when it gets the connection.
  server.headersTimeout = headMs;
  server.requestTimeout = requestMs;
  startRepeating(() => {
    connections.closeLate(lookMs, { headMs, idleMs: keepAliveMs });
  }, lookMs).unref();
  const port = await listen(server, options);
  return {
    port,
    setCertificate: ({ certificate, privateKey }) => {
      server.setSecureContext({ ...tlsSettings, ...trust, cert: certificate, key: privateKey });
    },
    async drain({ delayMs, deadlineMs }) {
      isDraining = true;
      await options.clock.sleep(delayMs);
      await close(server, connections, deadlineMs);
    },
  };
}

/** Each connection begins as one of ours. */
function follow(server: Server, connections: Connections, serve: (socket: Socket) => void): void {
  server.on('connection', (socket: Socket) => {
    connections.opened(socket);
  });
  server.on('secureConnection', (socket) => {
    connections.secured(socket);
    serve(socket);
  });
}

/** Node's HTTP begins by listening for connections; from here on it gets those that it is given. */
function takeHttp(server: Server): (socket: Socket) => void {
  const listeners = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

function createAnswer(options: AdmissionServerOptions, connections: Connections, call: Call): Call {
  return async (endpoint, request, response) => {
    const { socket } = request;
    try {
      await call(endpoint, request, response);
    } catch (error) {
      // A bug outside the handlers: there may be no UID to answer to, but the process and the other calls go on.
      options.log.error('an admission call failed', { error: errorText(error) });
      response.destroy();
    } finally {
      connections.rested(socket);
    }
  };
}

/** Resolves when no connection is left, after the deadline at the latest. */
async function close(server: Server, connections: Connections, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  // A connection becomes idle when its answer is out; `close` looks only once.
  const sweep = startRepeating(() => {
    server.closeIdleConnections();
    connections.closeIdle();
  }, 50);
  const deadline = startTimer(() => {
    connections.closeAll();
  }, deadlineMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

const endpointPaths: ReadonlyMap<string, Endpoint> = new Map(endpoints.map((endpoint) => [`/${endpoint}`, endpoint]));

function endpointOf({ method, url = '' }: IncomingMessage): Endpoint | undefined {
  if (method !== 'POST') return undefined;
  const query = url.indexOf('?');
  return endpointPaths.get(query === -1 ? url : url.slice(0, query));
}
