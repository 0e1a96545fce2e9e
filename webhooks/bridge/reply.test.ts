import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Heart } from './heart.ts';
import { Reply } from './reply.ts';
import { eventually } from './testing/use-bridge.ts';
import { Unread } from './unread.ts';

/** More than the kernel takes for who does not read. */
const long = Buffer.alloc(16 * 1024 * 1024);
const stallMs = 20_000;

let replies: Reply[];
let ofServer: Socket;
let client: Socket;

const server = createServer((request, response) => {
  ofServer = request.socket;
  const unread = new Unread(Infinity, { monotonicMs: () => 0 }, () => undefined);
  replies.push(new Reply(response, { heart: new Heart(), unread, owner: 'a', streams: false }));
});

beforeEach(async () => {
  replies = [];
  await once(server.listen(0, '127.0.0.1'), 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => undefined);
  // Two calls, one behind the other.
  client.write('GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually(() => replies.length === 2);
});

afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('an answer that waited behind another one of its connection is not kept for ever when nobody reads it (it was)', async () => {
  replies[1]?.answer(long);
  expect(ofServer.timeout ?? 0).toBe(0);
  replies[0]?.answer(Buffer.from('{}'));
  await eventually(() => ofServer.timeout === stallMs);
});

it('a call behind an answer that took long to read may be silent for as long as it likes (20 seconds, it was)', async () => {
  replies[0]?.answer(long);
  expect(ofServer.timeout).toBe(stallMs);
  let read = 0;
  client.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
  await eventually(() => read > long.length && ofServer.timeout === 0);
  replies[1]?.answer(Buffer.from('{}'));
  // Between two calls the connection has the time that idle ones have.
  await eventually(() => ofServer.timeout !== 0 && ofServer.timeout !== stallMs);
});
