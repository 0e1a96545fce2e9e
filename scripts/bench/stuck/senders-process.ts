// Child process: senders that announce 7 MiB, send a part of it and stop, over and over; and beside them some that send
// whole bodies of 7 MiB. Tells how the whole ones were answered.
import { connect, type TLSSocket } from 'node:tls';
import { sendToParent } from '../admission/parent.ts';
import { createReview } from '../admission/review.ts';

/** What the parent orders. */
export interface StuckOrder {
  readonly port: number;
  /** Senders that stop, of which so many show an AdmissionReview first. */
  readonly stuck: number;
  readonly proven: number;
  /** What each sends before it stops, in bytes. */
  readonly sent: number;
  /** Senders of whole bodies. */
  readonly whole: number;
  readonly seconds: number;
}

/** By status, or `broken` where there was none. */
export type StuckReport = Readonly<Record<string, number>>;

const announced = 7 * 1024 * 1024;

function headOf(length: number): string {
  return `POST /validate?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
}

/** 7 MiB that parse: one long text, which costs the most memory that one body can. */
function largeReview(): Buffer {
  const { request: inner, ...review } = JSON.parse(createReview().toString('utf8')) as { request: { object: object } };
  const filling = 'x'.repeat(announced - 8192);
  return Buffer.from(JSON.stringify({ ...review, request: { ...inner, object: { ...inner.object, filling } } }));
}

/** Undefined when there is none. The certificate is not checked: this is not about it. */
function open(port: number): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(undefined);
    });
  });
}

function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else
      socket.once('close', () => {
        resolve();
      });
  });
}

/** The status of the answer; `broken` when the connection ended before there was one. */
function answered(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (piece: Buffer) => {
      resolve(piece.toString('latin1', 'HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
    });
    socket.once('close', () => {
      resolve('broken');
    });
  });
}

async function stick({ port, sent }: StuckOrder, isProven: boolean, isOver: () => boolean): Promise<void> {
  const review = createReview();
  const part = Buffer.alloc(sent, ' ');
  while (!isOver()) {
    const socket = await open(port);
    if (socket === undefined) continue;
    if (isProven) {
      const status = answered(socket);
      socket.write(Buffer.concat([Buffer.from(headOf(review.length)), review]));
      await status;
    }
    socket.write(Buffer.concat([Buffer.from(headOf(announced)), part]));
    socket.resume();
    await Promise.race([closed(socket), until(isOver)]);
    socket.destroy();
  }
}

async function until(isOver: () => boolean): Promise<void> {
  while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 100));
}

async function run(order: StuckOrder): Promise<StuckReport> {
  const endAt = performance.now() + order.seconds * 1000;
  const isOver = (): boolean => performance.now() >= endAt;
  const counts: Record<string, number> = {};
  const body = largeReview();
  const request = Buffer.concat([Buffer.from(headOf(body.length)), body]);
  const sendWhole = async (): Promise<void> => {
    while (!isOver()) {
      const socket = await open(order.port);
      const status = socket === undefined ? 'broken' : answered(socket);
      socket?.write(request);
      const answer = await status;
      counts[answer] = (counts[answer] ?? 0) + 1;
      socket?.destroy();
    }
  };
  const stuck = Array.from({ length: order.stuck }, (_, index) => stick(order, index < order.proven, isOver));
  await Promise.all([...stuck, ...Array.from({ length: order.whole }, sendWhole)]);
  return counts;
}

process.on('message', (order) => {
  // The parent sends nothing else.
  void run(order as StuckOrder).then(sendToParent, (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.once('disconnect', () => {
  process.exit(0);
});
sendToParent({});
