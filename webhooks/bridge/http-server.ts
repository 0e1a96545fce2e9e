import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { closeNow, listen, type ListenOptions } from '../platform/http/listening.ts';
import { errorText, type Logger } from '../platform/log.ts';

export interface HttpServerOptions extends ListenOptions {
  /** Open connections; one more closes the one that was idle, or has been sending, for the longest time, or is not let in. */
  readonly maxConnections: number;
  readonly log: Logger;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface HttpServer {
  readonly port: number;
  /** Accepts nothing new, and closes what is idle. */
  stopAccepting(): void;
  /** Closes everything. */
  close(): Promise<void>;
}

/**
 * For a whole request, in milliseconds, its body included; who sends it byte by byte has no more. Answers have no limit:
 * a tool takes as long as it takes.
 */
const requestMs = 60_000;
const headMs = 10_000;
/** Longer than clients and gateways keep theirs, so that it is not us who close while they send. */
const keepAliveMs = 75_000;
/** When a silent connection is first asked whether it is still there. */
const probeMs = 60_000;
/** All headers of a request, in bytes: credentials may be long. */
const maxHeaderBytes = 32 * 1024;
const maxHeaders = 100;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { log, handle, maxConnections } = options;
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 2_000,
      noDelay: true,
      // Who vanishes without a word is found out, also where the answer takes for ever.
      keepAlive: true,
      keepAliveInitialDelay: probeMs,
    },
    (request, response) => {
      // Whoever is gone has nothing to say.
      response.on('error', () => undefined);
      handle(request, response).catch((error: unknown) => {
        log.error('a request failed', { error: errorText(error) });
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': 'text/plain' }).end('internal error, see the log\n');
      });
    },
  );
  server.maxHeadersCount = maxHeaders;
  limitConnections(server, maxConnections);
  const port = await listen(server, options);
  return {
    port,
    stopAccepting: () => {
      server.close();
      server.closeIdleConnections();
    },
    close: () => closeNow(server),
  };
}

/**
 * Idle connections cost their sender nothing, so they give way to new ones, and after them those whose request is not there
 * as a whole; those in use do not.
 */
function limitConnections(server: ReturnType<typeof createServer>, max: number): void {
  // In the order in which they became so, as sets keep it.
  const idle = new Set<Socket>();
  const sending = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
      sending.delete(socket);
    });
    if (open <= max) return;
    // The last of the idle ones is the new one itself.
    const [quiet] = idle;
    const [slow] = sending;
    (quiet === socket ? (slow ?? socket) : (quiet ?? socket)).destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    idle.delete(socket);
    if (hasBody(request)) {
      sending.add(socket);
      const onWhole = (): void => {
        sending.delete(socket);
      };
      request.once('end', onWhole).once('close', onWhole);
    }
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
