// Child process: sends one request over and over through a number of connections, each waiting for its answer, and
// reports how many were answered. Its own HTTP on purpose: node:https as a client costs more than the servers measured.
import { connect, type TLSSocket } from 'node:tls';
import { sendToParent } from '../admission/parent.ts';

/** What the parent orders; `seconds` is how long. */
export interface LoadOrder {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  /** The body, base64. */
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly answered: number;
  readonly seconds: number;
  /** Answers that did not allow the request: there must be none. */
  readonly refused: number;
}

const headEnd = Buffer.from('\r\n\r\n');

async function load(order: LoadOrder): Promise<LoadReport> {
  const body = Buffer.from(order.body, 'base64');
  const head =
    `POST ${order.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const sockets = await Promise.all(Array.from({ length: order.connections }, () => open(order)));
  const startedAt = performance.now();
  const endAt = startedAt + order.seconds * 1000;
  const counts = await Promise.all(sockets.map((socket) => repeat(socket, request, endAt)));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  return {
    answered: counts.reduce((sum, { answered }) => sum + answered, 0),
    refused: counts.reduce((sum, { refused }) => sum + refused, 0),
    seconds,
  };
}

function open({ port }: LoadOrder): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'localhost', minVersion: 'TLSv1.3' }, () => {
      resolve(socket.setNoDelay(true));
    });
    socket.once('error', reject);
  });
}

function repeat(
  socket: TLSSocket,
  request: Buffer,
  endAt: number,
): Promise<{ readonly answered: number; readonly refused: number }> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let refused = 0;
    let pending: Buffer | undefined;
    socket.on('error', reject);
    socket.on('close', () => {
      reject(new Error('the server closed a connection'));
    });
    socket.on('data', (piece: Buffer) => {
      const answer = pending === undefined ? piece : Buffer.concat([pending, piece]);
      if (!isComplete(answer)) {
        pending = answer;
        return;
      }
      pending = undefined;
      answered += 1;
      if (!answer.includes('"allowed":true')) refused += 1;
      if (performance.now() >= endAt) resolve({ answered, refused });
      else socket.write(request);
    });
    socket.write(request);
  });
}

function isComplete(answer: Buffer): boolean {
  const end = answer.indexOf(headEnd);
  if (end === -1) return false;
  const length = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error('an answer without content-length');
  return answer.length >= end + headEnd.length + Number(length);
}

process.on('message', (order) => {
  // The parent sends nothing else.
  void load(order as LoadOrder).then(sendToParent, (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.once('disconnect', () => {
  process.exit(0);
});
