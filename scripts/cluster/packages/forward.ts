import net from 'node:net';

/**
 * Passes on what comes in on a connection to a port of this network's loopback, and what comes back. When one of the two
 * connections is closed, however it was, the other one follows: `pipe` alone passes on an end and no close, and a client
 * that goes without having read its answer would leave a connection behind for ever.
 */
export function forward(incoming: net.Socket, port: number): void {
  const outgoing = net.connect({ port, host: '127.0.0.1', noDelay: true });
  incoming.setNoDelay(true);
  incoming.pipe(outgoing).pipe(incoming);
  // An error is followed by a close. What was already sent is still delivered.
  incoming
    .on('error', () => undefined)
    .once('close', () => {
      outgoing.destroySoon();
    });
  outgoing
    .on('error', () => undefined)
    .once('close', () => {
      incoming.destroySoon();
    });
}
