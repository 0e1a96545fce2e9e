import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach } from '@jest/globals';
import { connect } from './raw-connection.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** A server for each test of a file, and raw connections to it; both are ended after the test. */
export function useTestServer(): {
  readonly start: typeof startTestServer;
  /** A connection on which the test writes what it likes. What nobody reads never ends, so it flows. */
  readonly open: (server: TestServer, localAddress?: string) => Promise<TLSSocket>;
  /** Ends these, too. */
  readonly track: (...sockets: readonly Socket[]) => void;
} {
  let running: TestServer | undefined;
  const clients: Socket[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await running?.stop();
    running = undefined;
  });
  return {
    start: async (options) => (running = await startTestServer(options)),
    open: async (server, localAddress) => {
      const socket = await connect(server, localAddress);
      clients.push(socket);
      return socket.resume();
    },
    track: (...sockets) => {
      clients.push(...sockets);
    },
  };
}
