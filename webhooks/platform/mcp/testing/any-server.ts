import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { systemClock } from '../../clock.ts';
import { idMark } from './any-answer.ts';
import type { AnyAnswer } from './any-answer.ts';

export interface AnyServer {
  readonly port: number;
  /** Requests that were answered in some way. */
  answered(): number;
  close(): Promise<void>;
}

/** Serves what `next` says to whoever sends a request, one answer for each connection. `path`: that of the request. */
export async function startAnyServer(next: (path: string) => AnyAnswer): Promise<AnyServer> {
  const open = new Set<Socket>();
  let answered = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    let request = '';
    socket.on('data', (chunk) => {
      const isComplete = isWhole(request);
      request += chunk.toString('latin1');
      if (isComplete || !isWhole(request)) return;
      answered += 1;
      void send(socket, request, next(request.split(' ', 2)[1] ?? ''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    answered: () => answered,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

/** Whether headers and, if there is one, the body have come. */
function isWhole(request: string): boolean {
  const end = request.indexOf('\r\n\r\n');
  const length = Number(/content-length: (\d+)/i.exec(request)?.[1] ?? 0);
  return end !== -1 && request.length >= end + 4 + length;
}

/** Beyond so many pieces the rest comes at once: what takes for ever is another test. */
const maxPieces = 40;

async function send(socket: Socket, request: string, { bytes, pieces, pausesMs, end }: AnyAnswer): Promise<void> {
  const id = /"id":(\d+)/.exec(request)?.[1] ?? '0';
  // The same length, so that lengths that were told stay true.
  const left = id.length === idMark.length ? replaceAll(bytes, `"id":${idMark},`, `"id":${id},`) : bytes;
  let at = 0;
  for (let piece = 0; at < left.length && !socket.destroyed; piece += 1) {
    await systemClock.sleep(pausesMs[piece] ?? 0);
    const length = piece < maxPieces ? (pieces[piece % pieces.length] ?? 0) : 0;
    const until = length === 0 ? left.length : at + length;
    socket.write(left.subarray(at, until));
    at = until;
  }
  if (end === 'end') socket.end();
  if (end === 'reset') socket.resetAndDestroy();
}

function replaceAll(bytes: Buffer, from: string, to: string): Buffer {
  return bytes.includes(from) ? Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1') : bytes;
}
