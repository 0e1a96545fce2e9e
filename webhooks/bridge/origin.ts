import type { IncomingMessage } from 'node:http';

/**
 * Whether a page may use the server: browsers send `Origin`, other clients none. It has to be of the host that it asked; ports
 * do not count, because a gateway in front listens on another one than we do. Behind the loopback address is a port-forward to
 * somebody's own machine, where any page can give its own name that address: there only a local page may.
 */
export function isFromHere({
  headers: { origin, host },
  socket,
}: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  if (origin === undefined) return true;
  const from = URL.parse(origin)?.hostname ?? '';
  if (loopbackAddress.test(socket.localAddress ?? '')) return loopbackNames.has(from);
  const to = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname;
  return from !== '' && from === to;
}

const loopbackAddress = /^(?:::ffff:)?127\.|^::1$/;
const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
