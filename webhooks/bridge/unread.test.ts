import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from './testing/use-bridge.ts';
import { Unread } from './unread.ts';

/** More than the kernel takes for who does not read. */
const long = Buffer.alloc(16 * 1024 * 1024);
const longer = Buffer.alloc(48 * 1024 * 1024);
const responses = new Map<string, ServerResponse>();
let cutOff: number;
let nowMs: number;
const clock = { monotonicMs: () => nowMs };
let unread: Unread;

const server = createServer((asked, response) => {
  const [owner = '', nth = ''] = (asked.url ?? '').slice(1).split('/');
  responses.set(`${owner}${nth}`, response);
  if (nth === 'later') return;
  response.end(nth === 'short' ? 'short' : nth === 'longer' ? longer : long);
  unread.add(response, owner);
});

beforeEach(async () => {
  cutOff = 0;
  nowMs = 0;
  // Room for three.
  unread = new Unread(3.5 * long.length, clock, () => (cutOff += 1));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  responses.clear();
});

/** Answered, and not read. */
async function ask(path: string): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, path, agent: false });
  asked.on('error', () => undefined).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

function responseTo(name: string): ServerResponse {
  const found = responses.get(name);
  if (found === undefined) throw new Error(`nobody asked for ${name}`);
  return found;
}

const whoIsLeft = (): readonly string[] =>
  [...responses].filter(([, { req }]) => !req.socket.destroyed).map(([name]) => name);

it('keeps what fits for clients that do not read', async () => {
  for (const path of ['/a/1', '/b/1', '/c/1']) await ask(path);
  expect(whoIsLeft()).toEqual(['a1', 'b1', 'c1']);
  expect([unread.bytes >= 3 * long.length, cutOff]).toEqual([true, 0]);
});

it('has whoever leaves the most unread give way, the oldest of it first', async () => {
  for (const path of ['/a/1', '/b/1', '/b/2', '/c/1']) await ask(path);
  expect(whoIsLeft()).toEqual(['a1', 'b2', 'c1']);
  expect(cutOff).toBe(1);
});

it('has somebody give way who is alone, too', async () => {
  for (const path of ['/a/1', '/a/2', '/a/3', '/a/4', '/a/5']) await ask(path);
  expect(whoIsLeft()).toEqual(['a3', 'a4', 'a5']);
});

it('counts nothing that was read', async () => {
  for (const path of ['/a/short', '/b/short', '/c/1']) await ask(path);
  await eventually(() => unread.bytes < long.length + 1024);
  expect(cutOff).toBe(0);
});

it('a new client is not cut off for those that take nothing, although each of them leaves less (it was)', async () => {
  for (const path of ['/a/1', '/b/1', '/c/1']) await ask(path);
  nowMs = 20_000;
  await ask('/reader/longer');
  expect(whoIsLeft()).toContain('readerlonger');
  expect(whoIsLeft()).not.toContain('a1');
});

it('a client that reads slowly is not cut off for one that does not, however long its answer is (it was)', async () => {
  unread = new Unread(Infinity, clock, () => undefined);
  await ask('/idle/1');
  const slow = await ask('/slow/longer');
  await ask('/new/1');
  // With all of them it is one byte too much.
  const tight = new Unread(unread.bytes - 1, clock, () => (cutOff += 1));
  tight.add(responseTo('slowlonger'), 'slow');
  tight.add(responseTo('idle1'), 'idle');
  let read = 0;
  // More than the kernel took at once, and less than all.
  for await (const chunk of slow.iterator({ destroyOnReturn: false })) {
    read += (chunk as Buffer).length;
    if (read > long.length) break;
  }
  nowMs = 20_000;
  tight.add(responseTo('new1'), 'new');
  expect([whoIsLeft(), cutOff]).toEqual([['slowlonger', 'new1'], 1]);
});

it('counts nothing that waited for its turn on a connection that has ended (it did, for ever)', async () => {
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1').on('error', () => undefined);
  client.write('GET /a/later HTTP/1.1\r\nhost: a\r\n\r\nGET /a/1 HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually(() => unread.bytes > long.length);
  client.destroy();
  await once(responseTo('a1').req.socket, 'close');
  await ask('/b/short');
  expect(unread.bytes).toBeLessThan(1024);
});
