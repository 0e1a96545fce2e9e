import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** A TLS connection on which a test writes what it likes. */
export async function connect(
  { port, ca }: { readonly port: number; readonly ca: string },
  localAddress = '127.0.0.1',
): Promise<TLSSocket> {
  const tcp = connectTcp({ port, host: '127.0.0.1', localAddress });
  const socket = connectTls({ socket: tcp, servername: 'localhost', ca });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything that the server says on this connection until it closes it. */
export async function readToEnd(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  await once(socket, 'close');
  return text;
}

/** Of a request whose body has so many bytes. */
export const head = (length: number): string =>
  `POST /validate?timeout=30s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
