import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { useHeldTime } from '../http/testing/held-time.ts';
import { askBroker } from './broker-status.ts';
import type { Offered } from '../../core/plan/offered-tools.ts';

useHeldTime();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function asking(answer: RequestListener): Promise<Offered> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  return askBroker({ origin: `http://127.0.0.1:${port}`, namespace: 'tools', name: 'search-gateway-binding', signal });
}

const named = { name: 'tools/search-gateway-binding', ready: true, totalTools: 12, invalidTools: 2, message: 'ok' };
const sends =
  (text: string, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };

describe('a broker that is asked what it offers of a server', () => {
  it('is asked for just that one, and counts what it says', async () => {
    const paths: (string | undefined)[] = [];
    const offered = await asking((request, response) => {
      paths.push(request.url);
      sends(JSON.stringify({ ...named, id: 'x', protocolValidation: { isValid: true } }))(request, response);
    });
    expect(paths).toEqual(['/status/tools/search-gateway-binding']);
    expect(offered).toEqual({ state: 'known', isReady: true, tools: 12, invalidTools: 2, message: 'ok' });
  });

  it('may not know it', async () => {
    expect(await asking(sends('{"error":"not found"}', 404))).toEqual({ state: 'absent' });
  });

  it.each([
    ['counts that are none', { totalTools: -3, invalidTools: 'many' }, { tools: 0, invalidTools: 0 }],
    ['a count beyond all numbers', { totalTools: 1e300 }, { tools: 0 }],
    ['a count that no status has room for', { totalTools: 2 ** 40 }, { tools: 2_147_483_647 }],
    ['ready in a word', { ready: 'yes' }, { isReady: false }],
    ['words of any length, on several lines', { message: `a\nb\u202e${'c'.repeat(9_999)}` }, { state: 'known' }],
  ])('is taken at as little as it says, with %s', async (_, more, offered) => {
    const said = await asking(sends(JSON.stringify({ ...named, ...more })));
    expect(said).toMatchObject(offered);
    if (said.state === 'known') expect(said.message).toMatch(/^[\x20-\x7e…]{0,210}$/);
  });

  it.each<readonly [string, RequestListener, RegExp]>([
    ['an answer about another server', sends(JSON.stringify({ ...named, name: 'tools/other' })), /no such server/],
    ['an answer about none', sends('[]'), /no such server/],
    ['no JSON', sends('<html>'), /no such server/],
    ['a failure', sends(JSON.stringify(named), 500), /HTTP 500/],
    ['an answer of any length', sends(`"${'x'.repeat(1_000_000)}"`), /longer than 65536 bytes/],
    ['an answer of many values', sends(`[${'[],'.repeat(30_000)}[]]`.slice(0, 65_000)), /values|no such server/],
    ['an answer as deep as it is long', sends('['.repeat(60_000)), /nested deeper/],
    [
      'another place to go to',
      (_, response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      },
      /HTTP 302/,
    ],
    [
      'a connection that ends',
      (_, response) => {
        response.destroy();
      },
      /./,
    ],
    [
      'an answer that never ends',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{');
        jest.advanceTimersByTime(2_000);
      },
      /did not answer within 2 s/,
    ],
  ])('is not believed with %s', async (_, answer, why) => {
    expect(await asking(answer)).toEqual({ state: 'unknown', why: expect.stringMatching(why) });
  });

  it('is told to be unreachable where nobody listens', async () => {
    const { signal } = new AbortController();
    const offered = await askBroker({ origin: 'http://127.0.0.1:1', namespace: 'a', name: 'b', signal });
    expect(offered).toEqual({ state: 'unknown', why: expect.stringMatching(/refused/i) });
  });
});
