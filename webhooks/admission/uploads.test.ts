import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { until } from '../platform/tls/testing/until.ts';
import { defaultCallLimits, type CallLimits } from './call.ts';
import { head, readToEnd } from './testing/raw-connection.ts';
import { aReview } from './testing/review.ts';
import type { TestAnswer, TestServer } from './testing/test-server.ts';
import { useTestServer } from './testing/use-test-server.ts';

const { start: startWith, open } = useTestServer();

/** Longer than any test. */
const patient = { graceMs: 3_600_000, pressedGraceMs: 3_600_000 };

const start = (limits: Partial<CallLimits>): Promise<TestServer> => startWith({ limits });

/** Announces so many bytes, sends so many of them, and then nothing more. */
async function slowSender(server: TestServer, announced: number, sent: number): Promise<TLSSocket> {
  const socket = await open(server);
  socket.write(`${head(announced)}${' '.repeat(sent)}`);
  return socket;
}

function sendBody(server: TestServer, bytes: number): Promise<TestAnswer> {
  return server.send({ path: '/validate?timeout=30s', body: aReview({ object: 'x'.repeat(bytes) }) });
}

const { maxBodyBytes, largeBodyBytes } = defaultCallLimits;

describe('slow senders', () => {
  it.each([
    ['7 MiB', maxBodyBytes, 1_000_000],
    ['256 KiB', largeBodyBytes, 200_000],
    ['7 MiB', maxBodyBytes, 100],
    ['256 KiB', largeBodyBytes, 100],
  ])('that announce bodies of %s do not keep others out', async (_, announced, bytes) => {
    const server = await start({ ...patient, maxWaiting: 16, maxLargeWaiting: 16 });
    // More than may wait, and each announces what would fill the room.
    const slow = await Promise.all(Array.from({ length: 16 + 20 }, () => slowSender(server, announced, 10)));
    const answers = await Promise.all(Array.from({ length: 4 }, () => sendBody(server, bytes)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(slow.some(({ closed }) => closed)).toBe(false);
    expect(await server.metric('admission_shed_total{reason="full"}')).toBe(0);
  });

  it.each([
    ['large', maxBodyBytes, 400_000, 400_000],
    ['small', largeBodyBytes, 60_000, 30_000],
  ])('that fill the room for %s bodies give way to those who wait for it', async (_, announced, sent, bytes) => {
    const server = await start({ ...patient, pressedGraceMs: 100, largeRoomBytes: 500_000, smallRoomBytes: 100_000 });
    const slow = await Promise.all(Array.from({ length: 4 }, () => slowSender(server, announced, sent)));
    // Two fit, or one does and the other one goes beyond; whoever comes then has to wait for them.
    expect(await sendBody(server, bytes)).toMatchObject({ status: 200, body: { response: { allowed: true } } });
    await until(() => slow.filter(({ closed }) => closed).length >= 1);
    expect(await server.metric('admission_bodies_refused_total{reason="slow"}')).toBeGreaterThanOrEqual(1);
  });

  it('are given up when they send less than the minimum rate', async () => {
    const server = await start({ graceMs: 50, minRate: 1_000_000 });
    const socket = await open(server);
    socket.write(head(100_000));
    const drops = setInterval(() => socket.write(' '), 10);
    expect(await readToEnd(socket)).toContain('408');
    clearInterval(drops);
    // By us, and not by Node, which would do it after forty seconds.
    expect(await server.metric('admission_bodies_refused_total{reason="slow"}')).toBe(1);
  });

  it('may take long when the body is large enough for it', async () => {
    // At this rate the piece that arrives first is worth an hour.
    const server = await start({ graceMs: 1, minRate: 1 });
    const body = JSON.stringify(aReview({ object: 'x'.repeat(10_000) }));
    const socket = await open(server);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.write(`${head(body.length)}${body.slice(0, 4000)}`);
    // A sender that stops for good is given up meanwhile.
    const stopped = await open(server);
    stopped.write(head(10_000));
    expect(await readToEnd(stopped)).toContain('408');
    socket.write(body.slice(4000));
    await until(() => text.includes('"allowed":true'));
  });
});

describe('bodies that do not fit together', () => {
  it.each([
    ['large', 300_000, 6],
    ['small', 100_000, 20],
  ])('all get their answer when they are %s', async (_, bytes, count) => {
    const server = await start({ ...patient, largeRoomBytes: 100_000, smallRoomBytes: 50_000 });
    const answers = await Promise.all(Array.from({ length: count }, () => sendBody(server, bytes)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('are not mixed with one another', async () => {
    const server = await start({ ...patient, largeRoomBytes: 100_000 });
    const uids = Array.from({ length: 12 }, (_, index) => `sender${index}`);
    const answers = await Promise.all(
      uids.map((uid, index) => {
        // Each has its bytes at other places than the next.
        const body = ' '.repeat(1_000 * index) + JSON.stringify(aReview({ uid, object: uid.repeat(40_000 + index) }));
        return server.send({ path: '/validate?timeout=30s', body });
      }),
    );
    expect(answers.map(({ body }) => body)).toMatchObject(uids.map((uid) => ({ response: { uid, allowed: true } })));
  });

  it('are no broken JSON when their last piece has to wait for room, though the stream ends before', async () => {
    const server = await start({ ...patient, smallRoomBytes: 20_000 });
    const [beyond, inRoom] = await Promise.all([
      slowSender(server, 60_000, 30_000),
      slowSender(server, 60_000, 10_000),
    ]);
    // What does not fit beside them is turned away: both are there.
    const other = { path: '/validate?timeout=100ms', body: aReview({ object: 'x'.repeat(12_000) }) };
    await until(async () => (await server.send(other)).status === 503);
    // Its first piece, a TLS record of 16 KiB, fits when the one in the room leaves, and the rest when the other one does.
    const body = JSON.stringify(aReview({ object: 'x'.repeat(25_000) }));
    const socket = await open(server);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.write(`${head(body.length)}${body}`);
    await until(async () => (await server.send(other)).status === 503);
    inRoom.destroy();
    await until(async () => (await server.send(other)).status === 503);
    beyond.destroy();
    await until(() => text.includes('"code":') || text.includes('"allowed":'));
    expect(text).toContain('"allowed":true');
  });

  it('count for what single bytes cost when they are cut into such', async () => {
    const server = await start({ ...patient, largeRoomBytes: 10_000, maxLargeWaiting: 0 });
    const cut = async (): Promise<TLSSocket> => {
      const socket = await open(server);
      socket.write(head(200).replace('Content-Length: 200', 'Transfer-Encoding: chunked'));
      socket.write('1\r\n \r\n'.repeat(100));
      return socket;
    };
    await cut();
    // The first one goes beyond the room; the second one finds 39 pieces of room and may not wait.
    expect(await readToEnd(await cut())).toContain('503');
  });

  it('are turned away when waiting for room takes all of their time', async () => {
    const server = await start({ ...patient, smallRoomBytes: 1 });
    await slowSender(server, 1000, 10);
    const body = aReview();
    await until(async () => (await server.send({ path: '/validate?timeout=100ms', body })).status === 503);
    expect(await server.metric('admission_shed_total{reason="waited"}')).toBe(1);
  });

  it('are turned away at once when too many wait for room', async () => {
    const server = await start({ ...patient, smallRoomBytes: 1, maxWaiting: 2 });
    await Promise.all(Array.from({ length: 3 }, () => slowSender(server, 1000, 10)));
    await until(async () => (await server.send({ body: aReview() })).status === 503);
    expect(await server.metric('admission_shed_total{reason="full"}')).toBe(1);
  });
});
