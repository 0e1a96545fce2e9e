import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorText, type Logger } from '../log.ts';
import { closeNow, listen, type ListenOptions } from './listening.ts';

/** What a path answers. */
export interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Exact path (`/readyz`) to what it answers to GET and HEAD. */
export type PlainRoutes = Readonly<Record<string, () => PlainAnswer | Promise<PlainAnswer>>>;

export interface PlainServer {
  /** The port that it really listens on (the wanted one may be 0 in tests). */
  readonly port: number;
  /** Stops listening and drops what is open: probes and scrapers come again. */
  readonly close: () => Promise<void>;
}

export interface PlainServerOptions extends ListenOptions {
  readonly routes: PlainRoutes;
  readonly log: Logger;
  /** Default: without TLS. */
  readonly transport?: Transport;
}

/** Below the requests. */
export interface Transport {
  /** Looks at its connections as often as {@link lookMs} says. */
  readonly server: Server;
  /**
   * Open connections; one more closes the oldest. Probes and scrapers need a handful, and one that floods the port with idle
   * ones must neither keep the kubelet's probe out nor take memory without end.
   */
  readonly maxConnections: number;
}

/** Between two looks for what takes too long, in milliseconds. */
export const lookMs = 1_000;

/** Without TLS. */
const plain = (): Transport => ({ server: createServer({ connectionsCheckingInterval: lookMs }), maxConnections: 256 });

/**
 * Health and metrics, each on its own port, so that neither is behind the load shedding of the webhook, nor health behind a
 * certificate. Rejects when the port cannot be taken.
 */
export async function startPlainServer(options: PlainServerOptions): Promise<PlainServer> {
  const { server, maxConnections } = options.transport ?? plain();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answerPlain(options, request, response).catch((error: unknown) => {
      options.log.error('a health or metrics request failed', { error: errorText(error) });
      response.destroy();
    });
  });
  const open = new Set<Socket>();
  server.on('connection', closeOldest(open, maxConnections));
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  const port = await listen(server, options);
  const close = (): Promise<void> => {
    const closed = closeNow(server);
    // What is still in its handshake is none of HTTP's.
    for (const socket of open) socket.destroy();
    return closed;
  };
  return { port, close };
}

/** In the order in which they came, as sets keep it. */
function closeOldest(open: Set<Socket>, most: number): (socket: Socket) => void {
  return (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size <= most || oldest === undefined) return;
    open.delete(oldest);
    oldest.destroy();
  };
}

async function answerPlain(
  { routes, log }: PlainServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Nothing here has a body; reading it away keeps the connection usable.
  request.resume();
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  try {
    write(response, await answerTo(routes, request.method ?? 'GET', path));
  } catch (error) {
    log.error('a health or metrics request failed', { path, error: errorText(error) });
    write(response, text(500, 'internal error, see the log'));
  }
}

function answerTo(routes: PlainRoutes, method: string, path: string): PlainAnswer | Promise<PlainAnswer> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, `nothing here: ask for ${Object.keys(routes).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return text(405, `${path} answers GET only`);
  return route();
}

function write(response: ServerResponse, answer: PlainAnswer): void {
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'cache-control': 'no-store' });
  response.end(answer.body);
}

/** A line of plain text. */
export function text(status: number, line: string): PlainAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}
