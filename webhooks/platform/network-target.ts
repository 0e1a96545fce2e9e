import { connect, createServer } from 'node:net';
import { startTimer } from './timer.ts';

/** Where it listens; no privilege is needed for that. */
export const targetPort = 8080;

/** What it says to whoever connects. A proxy beside the client may take a connection for a target that it does not reach: only these bytes count. */
const greeting = 'mcp-lifecycle network target\n';

/** Greets whoever connects, until the signal aborts. Rejects only when the port cannot be taken. */
export function serveTarget(port: number, signal: AbortSignal, onListening?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(greeting);
    });
    // A stranger who opens many connections gets no more of them.
    server.maxConnections = 16;
    server.once('error', reject);
    server.once('close', resolve);
    server.listen(port, onListening);
    signal.addEventListener('abort', () => server.close(), { once: true });
  });
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number;
}

/** Whether the greeting of a target comes back. */
export type Reaches = (target: Target) => Promise<boolean>;

export const reaches: Reaches = ({ host, port, timeoutMs }) =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    let said = '';
    const settle = (isReached: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReached);
    };
    const timer = startTimer(() => {
      settle(false);
    }, timeoutMs);
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
      if (said.length >= greeting.length) settle(said === greeting);
    });
    socket.once('error', () => {
      settle(false);
    });
    socket.once('close', () => {
      settle(false);
    });
  });
