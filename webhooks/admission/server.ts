import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../platform/clock.ts';
import { errorText } from '../platform/log.ts';
import { portOf } from '../platform/http/plain-server.ts';
import { startRepeating, startTimer } from '../platform/timer.ts';
import { createCall, type CallOptions } from './call.ts';
import { createFallbackApp } from './fallback-app.ts';
import { endpoints, type Endpoint } from './handler.ts';

export interface AdmissionServerOptions extends Omit<CallOptions, 'isDraining'> {
  readonly port: number;
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

/** Also the time that a fresh connection may wait for its first request, so longer than an API server keeps it. */
const headersMs = 125_000;

/** Not the limit of an upload (that is `uploadMs`): the last resort, which must not be below the one for headers. */
const requestMs = 130_000;

/** AEAD ciphers with forward secrecy. Naming those of TLS 1.3 matters: Node switches TLS 1.3 off without them. */
const tlsSettings: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ].join(':'),
};

/**
 * Serves `POST /mutate` and `POST /validate` over TLS and HTTP/1.1, which is all that API servers speak to webhooks.
 * These two are answered in front of express: it would more than double what an admission costs. Listens at once;
 * rejects when the port cannot be taken.
 */
export async function startAdmissionServer(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const { clock } = options;
  const fallback = createFallbackApp();
  const connections = createConnectionList();
  let isDraining = false;
  const call = createCall({ ...options, isDraining: () => isDraining });

  const server = createServer({ ...tlsSettings, handshakeTimeout: 10_000 }, (request, response) => {
    if (isDraining) response.setHeader('connection', 'close');
    connections.used(request.socket);
    const endpoint = endpointOf(request);
    if (endpoint === undefined) fallback(request, response);
    else void call(endpoint, request, response).catch(destroyOnBug(options, response));
  });
  server.maxConnections = options.limits.maxConnections;
  server.on('drop', () => {
    options.metrics.shed('connections');
  });
  server.on('connection', connections.opened);
  server.on('secureConnection', connections.secured);
  server.keepAliveTimeout = keepAliveMs;
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`listening on port ${options.port}`, { cause }));
    });
    server.listen(options.port, options.host, resolve);
  });

  return {
    port: portOf(server.address()),
    setCertificate: ({ certificate, privateKey }) => {
      server.setSecureContext({ ...tlsSettings, cert: certificate, key: privateKey });
    },
    async drain({ delayMs, deadlineMs }) {
      isDraining = true;
      await clock.sleep(delayMs);
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      // A connection becomes idle when its answer is out; `close` looks only once.
      const sweep = startRepeating(() => {
        server.closeIdleConnections();
        connections.closeUnused();
      }, 50);
      const deadline = startTimer(() => {
        connections.closeAll();
      }, deadlineMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

/** How long a connection may take from its handshake to its first request during the drain, in milliseconds. */
const firstRequestMs = 1_000;

interface ConnectionList {
  readonly opened: (socket: Socket) => void;
  readonly secured: (socket: Socket) => void;
  readonly used: (socket: Socket) => void;
  /** Closes what never carried a request: Node counts only connections that did as idle. */
  readonly closeUnused: () => void;
  /** Closes every connection, also in the middle of its handshake, which Node's HTTP server does not know of. */
  readonly closeAll: () => void;
}

/** API servers open connections ahead of their requests; without this list such a one would hold the drain up. */
function createConnectionList(): ConnectionList {
  const open = new Set<Socket>();
  const unusedSince = new Map<Socket, number>();
  return {
    opened: (socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    },
    secured: (socket) => {
      unusedSince.set(socket, performance.now());
      socket.once('close', () => unusedSince.delete(socket));
    },
    used: (socket) => {
      unusedSince.delete(socket);
    },
    closeUnused: () => {
      const before = performance.now() - firstRequestMs;
      for (const [socket, since] of unusedSince) if (since < before) socket.destroy();
    },
    closeAll: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

const endpointPaths: ReadonlyMap<string, Endpoint> = new Map(endpoints.map((endpoint) => [`/${endpoint}`, endpoint]));

function endpointOf({ method, url = '' }: IncomingMessage): Endpoint | undefined {
  if (method !== 'POST') return undefined;
  const query = url.indexOf('?');
  return endpointPaths.get(query === -1 ? url : url.slice(0, query));
}

/** A bug outside the handlers: there may be no UID to answer to, but the process and the other calls go on. */
function destroyOnBug({ log }: AdmissionServerOptions, response: ServerResponse): (error: unknown) => void {
  return (error) => {
    log.error('an admission call failed', { error: errorText(error) });
    response.destroy();
  };
}
