import type { Server } from 'node:http';
import type { AddressInfo, Server as SocketServer } from 'node:net';

export interface ListenOptions {
  readonly port: number;
  /** Absent: every address of the pod. */
  readonly host?: string;
}

/** Resolves with the port that it really listens on (the wanted one may be 0 in tests); rejects when it cannot be taken. */
export async function listen(server: SocketServer, { port, host }: ListenOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`listening on port ${port}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return portOf(server.address());
}

/** Stops listening and drops what is open. */
export function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

/** A listening TCP server's port; a pipe's address (a string) cannot occur here. */
function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
