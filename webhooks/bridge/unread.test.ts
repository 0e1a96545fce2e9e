import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from './testing/use-bridge.ts';
import { Unread } from './unread.ts';

/** More than the kernel takes for who does not read. */
const long = Buffer.alloc(16 * 1024 * 1024);
const responses = new Map<string, ServerResponse>();
let cutOff: number;
let unread: Unread;

const server = createServer((asked, response) => {
  const [owner = '', nth = ''] = (asked.url ?? '').slice(1).split('/');
  responses.set(`${owner}${nth}`, response);
  response.end(nth === 'short' ? 'short' : long);
  unread.add(response, owner);
});

beforeEach(async () => {
  cutOff = 0;
  // Room for three.
  unread = new Unread(3.5 * long.length, () => (cutOff += 1));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  responses.clear();
});

/** Answered, and not read. */
async function ask(path: string): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port, path, agent: false });
  asked.on('error', () => undefined).end();
  await once(asked, 'response');
}

const whoIsLeft = (): readonly string[] =>
  [...responses].filter(([, { destroyed }]) => !destroyed).map(([name]) => name);

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
