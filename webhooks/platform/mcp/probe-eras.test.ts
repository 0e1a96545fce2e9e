import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from '@jest/globals';

import type { ProtocolEra } from '../../core/plan/observed.ts';
import type { ProbeMemory } from './probe-memory.ts';
import { useHeldTime } from '../http/testing/held-time.ts';
import { longestVerdictMs } from './probe.ts';
import type { ProbeResult, ProbeTarget } from './probe.ts';
import {
  answer,
  discovered,
  hangUp,
  initialized,
  refuse,
  silence,
  startAnswering,
} from './testing/answering-server.ts';
import type { Answering } from './testing/answering-server.ts';
import { probe, useAnswering } from './testing/use-answering.ts';

useHeldTime();
const serve = useAnswering();

/** What the verifier does: the era and the memory of one result go into the next probe. */
async function probeTimes(
  url: string,
  times: number,
  target: Partial<ProbeTarget> = {},
): Promise<readonly ProbeResult[]> {
  const results: ProbeResult[] = [];
  let era: ProtocolEra | undefined = target.era;
  let memory: ProbeMemory | undefined = target.memory;
  for (let turn = 0; turn < times; turn += 1) {
    const result = await probe(url, { ...target, era, memory });
    results.push(result);
    ({ memory } = result);
    if ('era' in result) ({ era } = result);
  }
  return results;
}

const opened = answer({ result: initialized }, { headers: { 'mcp-session-id': 's-1' } });
const accepted = refuse(202);
const pong = answer({ result: {} });
const unknownMethod = answer({ error: { code: -32601, message: 'Method not found' } });

describe('the other era', () => {
  it.each<[string, Answering]>([
    ['closes the connection', hangUp],
    ['never answers', silence],
    ['answers garbage', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<<<')],
    ['answers HTTP 500', refuse(500, 'oops')],
    ['answers another revision', answer({ result: { supportedVersions: ['2031-01-01'] } })],
    ['answers an error', unknownMethod],
  ])('is tried when server/discover %s: initialize is sent on a new connection', async (_, discover) => {
    const server = await serve({ 'server/discover': discover, initialize: opened });
    expect(await probe(server.url)).toMatchObject({ state: 'verified', era: 'handshake' });
    expect(server.methods().slice(0, 2)).toEqual(['server/discover', 'initialize']);
  });

  it('is not tried where nobody listens', async () => {
    const server = await startAnswering({});
    await server.close();
    expect(await probe(server.url)).toEqual({
      ...{ state: 'failed', cause: 'connection refused', isUnanswered: true },
      message: expect.stringMatching(/^connection refused; nothing listens on port \d+: is spec\.config\.port right/),
    });
  });

  it.each<[string, Answering, string]>([
    ['wants credentials', refuse(401), 'auth-required'],
    ['asks not to be asked', refuse(429), 'throttled'],
    ['redirects', refuse(308, '', { location: '/elsewhere' }), 'failed'],
  ])('is not tried when the first answer would be the second one too: it %s', async (_, discover, state) => {
    const server = await serve({ 'server/discover': discover, initialize: opened });
    expect(await probe(server.url)).toMatchObject({ state });
    expect(server.methods()).toEqual(['server/discover']);
  });
});

describe('a server that exits when it is asked server/discover', () => {
  it('is asked it once: the next probe, and all that follow, begin with initialize', async () => {
    let isUp = true;
    const dies: Answering = (response) => {
      isUp = false;
      response.destroy();
    };
    const server = await serve({
      'server/discover': dies,
      initialize: (response, asked) => {
        (isUp ? opened : hangUp)(response, asked);
      },
      ping: pong,
    });
    const first = await probe(server.url);
    expect(first).toMatchObject({ state: 'failed', era: 'handshake' });
    isUp = true;
    const later = await probeTimes(server.url, 3, { era: 'handshake' });
    expect(later.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified']);
    expect(server.methods().filter((method) => method === 'server/discover')).toHaveLength(1);
  });

  it('and is gone when initialize comes says both, and is asked initialize first next time', async () => {
    const port = await new Promise<number>((resolve) => {
      const dying = createServer((socket) => {
        dying.close();
        socket.on('data', () => socket.destroy());
      });
      dying.listen(0, '127.0.0.1', () => {
        resolve((dying.address() as AddressInfo).port);
      });
    });
    expect(await probe(`http://127.0.0.1:${port}/mcp`)).toEqual({
      ...{ state: 'failed', cause: 'connection refused', era: 'handshake', isUnanswered: true, hasClosed: true },
      message: expect.stringMatching(
        /^it closed the connection on server\/discover, and may have ended for it .*; then: connection refused; nothing listens on port \d+/,
      ),
    });
  });

  it.each<[string, Answering]>([
    ['wants credentials', refuse(401)],
    ['asks not to be asked', refuse(429)],
  ])('and %s then, is not asked it again either', async (_, initialize) => {
    const server = await serve({ 'server/discover': hangUp, initialize });
    const results = await probeTimes(server.url, 3);
    expect(new Set(results.map(({ state }) => state)).size).toBe(1);
    expect(server.methods().filter((method) => method === 'server/discover')).toHaveLength(1);
  });

  it('is not asked it when initialize fails without a word that it is not known', async () => {
    for (const fails of [hangUp, refuse(500), answer({ error: { code: -32603, message: 'starting' } })]) {
      const server = await serve({ 'server/discover': hangUp, initialize: fails });
      expect(await probe(server.url, { era: 'handshake' })).toMatchObject({ state: 'failed' });
      expect(server.methods()).not.toContain('server/discover');
    }
  });
});

describe('the era that is known', () => {
  it('is asked first and alone', async () => {
    const both = { 'server/discover': answer({ result: discovered }), initialize: opened };
    const server = await serve(both);
    expect(await probe(server.url, { era: 'stateless' })).toMatchObject({ state: 'verified', era: 'stateless' });
    expect(await probe(server.url, { era: 'handshake' })).toMatchObject({ state: 'verified', era: 'handshake' });
    expect(server.methods()).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });

  it('gives way when the server says that it does not know the question', async () => {
    const newer = await serve({ 'server/discover': answer({ result: discovered }), initialize: unknownMethod });
    expect(await probe(newer.url, { era: 'handshake' })).toMatchObject({ state: 'verified', era: 'stateless' });
    const older = await serve({ 'server/discover': unknownMethod, initialize: opened });
    expect(await probe(older.url, { era: 'stateless' })).toMatchObject({ state: 'verified', era: 'handshake' });
  });

  it('is not given up for a moment of silence, but in the end: then the other one is tried', async () => {
    const server = await serve({ 'server/discover': hangUp, initialize: opened });
    const results = await probeTimes(server.url, 4, { era: 'stateless' });
    expect(results.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'verified']);
  });

  it('is found by turns of a server that needs most of the time for each answer: both, then one of them alone', async () => {
    let asked = 0;
    const afterTheFirst: Answering = (...pair) => {
      asked += 1;
      (asked === 1 ? silence : opened)(...pair);
    };
    const server = await serve({ 'server/discover': silence, initialize: afterTheFirst });
    const [, second] = await probeTimes(server.url, 2);
    expect(second).toMatchObject({ state: 'failed', message: 'no answer in time' });
    expect(server.methods()).toEqual(['server/discover', 'initialize', 'server/discover']);
    expect(await probe(server.url, { memory: second?.memory })).toMatchObject({ state: 'verified', era: 'handshake' });
    expect(server.methods().slice(3)).toEqual(['initialize', 'notifications/initialized']);
  });

  it('is asked in the whole time again after the other one was tried in vain', async () => {
    const server = await serve({ 'server/discover': hangUp, initialize: unknownMethod });
    const results = await probeTimes(server.url, 5, { era: 'stateless' });
    expect(results.map(({ memory }) => memory?.silences ?? 0)).toEqual([1, 2, 3, 0, 1]);
  });

  it('is learnt of a slow server by what it does not know', async () => {
    const server = await serve({ 'server/discover': silence, initialize: unknownMethod });
    expect(await probe(server.url)).toMatchObject({ state: 'failed', era: 'stateless' });
  });
});

describe('a steady server', () => {
  it('of the stateless era costs one request for each probe', async () => {
    const server = await serve({ 'server/discover': answer({ result: discovered }) });
    await probeTimes(server.url, 5);
    expect(server.methods()).toEqual(Array.from({ length: 5 }, () => 'server/discover'));
  });

  it('of the handshake era costs one ping in the session of before, and opens no other', async () => {
    const server = await serve({ initialize: opened, 'notifications/initialized': accepted, ping: pong });
    const results = await probeTimes(server.url, 5, { era: 'handshake' });
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['verified']));
    expect(results.at(-1)).toMatchObject({ serverInfo: { name: 'old' } });
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized', 'ping', 'ping', 'ping', 'ping']);
    expect(server.asked.slice(2).every(({ headers }) => headers['mcp-session-id'] === 's-1')).toBe(true);
  });

  it('that has lost the session is asked for a new one', async () => {
    const server = await serve({ initialize: opened, 'notifications/initialized': accepted, ping: refuse(404) });
    const results = await probeTimes(server.url, 2, { era: 'handshake' });
    expect(results.map(({ state }) => state)).toEqual(['verified', 'verified']);
    expect(server.methods()).toEqual([
      ...['initialize', 'notifications/initialized'],
      ...['ping', 'initialize', 'notifications/initialized'],
    ]);
  });

  it('that does not know ping is asked by whole handshakes, each of which is given back', async () => {
    const ended = refuse(204);
    const server = await serve({
      ...{ initialize: opened, 'notifications/initialized': accepted, ping: unknownMethod, DELETE: ended },
    });
    const results = await probeTimes(server.url, 4, { era: 'handshake' });
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['verified']));
    expect(server.methods().filter((method) => method === 'ping')).toHaveLength(1);
    expect(server.methods().slice(-3)).toEqual(['initialize', 'notifications/initialized', 'DELETE']);
  });

  it('whose session is silent fails once, and is asked by a handshake then', async () => {
    const server = await serve({ initialize: opened, 'notifications/initialized': accepted, ping: hangUp });
    const results = await probeTimes(server.url, 3, { era: 'handshake' });
    expect(results.map(({ state }) => state)).toEqual(['verified', 'failed', 'verified']);
  });

  it('without sessions is asked who it is when lists are due', async () => {
    const server = await serve({
      initialize: answer({ result: initialized }),
      'notifications/initialized': accepted,
      ping: pong,
      'tools/list': answer({ result: { tools: [] } }),
    });
    const [first] = await probeTimes(server.url, 1, { era: 'handshake' });
    await probe(server.url, { era: 'handshake', memory: first?.memory, countsOffers: true });
    expect(server.methods().slice(2)).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
  });
});

describe('what a server sees', () => {
  it('are integer ids, none of them twice in a session', async () => {
    const server = await serve({
      ...{ initialize: opened, 'notifications/initialized': accepted, ping: pong },
      'tools/list': answer({ result: { tools: [] } }),
    });
    await probeTimes(server.url, 3, { countsOffers: true });
    const ids = server.asked.map(({ id }) => id).filter((id) => id !== undefined);
    expect(ids.every(Number.isSafeInteger)).toBe(true);
    const inSession = server.asked.filter(({ headers }) => headers['mcp-session-id'] === 's-1').map(({ id }) => id);
    const requests = inSession.filter((id) => id !== undefined);
    expect(new Set(requests).size).toBe(requests.length);
  });

  it('are the headers and the body of the official client, in its order', async () => {
    const server = await serve({ initialize: opened, 'notifications/initialized': accepted, ping: pong });
    await probeTimes(server.url, 2, {});
    expect(server.asked.map(({ headerNames }) => headerNames.filter((name) => name !== 'connection'))).toEqual([
      [
        ...['host', 'mcp-protocol-version', 'mcp-method', 'content-type', 'accept', 'accept-language'],
        'user-agent',
        'content-length',
      ],
      ['host', 'content-type', 'accept', 'accept-language', 'user-agent', 'content-length'],
      [
        ...['host', 'mcp-session-id', 'mcp-protocol-version', 'content-type', 'accept', 'accept-language'],
        'user-agent',
        'content-length',
      ],
      [
        ...['host', 'mcp-session-id', 'mcp-protocol-version', 'content-type', 'accept', 'accept-language'],
        'user-agent',
        'content-length',
      ],
    ]);
    expect(server.asked.slice(1).map(({ body }) => body)).toEqual([
      '{"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-lifecycle","version":"1.2.3"}},"jsonrpc":"2.0","id":2}',
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"method":"ping","jsonrpc":"2.0","id":3}',
    ]);
  });

  it('is notifications/initialized before any list; one that is never answered costs no count', async () => {
    const server = await serve({
      ...{ initialize: opened, 'notifications/initialized': silence },
      'tools/list': answer({ result: { tools: [{ name: 'a' }] } }),
    });
    const result = await probe(server.url, { era: 'handshake', countsOffers: true });
    expect(result).toMatchObject({ state: 'verified', offers: { tools: 1 } });
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
  });
});

describe('revisions', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('%s is verified', async (protocolVersion) => {
    const server = await serve({ initialize: answer({ result: { ...initialized, protocolVersion } }) });
    expect(await probe(server.url)).toMatchObject({ state: 'verified', serverInfo: { protocolVersion } });
  });

  const ours = 'mcp-lifecycle speaks 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05, 2024-10-07';

  it('2099-01-01 is not verified: no common version, and both lists are named', async () => {
    const server = await serve({ initialize: answer({ result: { ...initialized, protocolVersion: '2099-01-01' } }) });
    expect(await probe(server.url)).toMatchObject({
      state: 'failed',
      message: `no common version of MCP: the server speaks 2099-01-01; ${ours}`,
    });
  });

  it.each<[string, Readonly<Record<string, Answering>>]>([
    [
      'the result of server/discover',
      { 'server/discover': answer({ result: { supportedVersions: ['2098-01-01', '2099-01-01'] } }) },
    ],
    [
      'the error of server/discover',
      {
        'server/discover': answer(
          {
            error: {
              code: -32022,
              message: 'Unsupported protocol version',
              data: { supported: ['2098-01-01', '2099-01-01'] },
            },
          },
          { status: 400 },
        ),
      },
    ],
    [
      'the error of initialize',
      {
        initialize: answer({
          error: { code: -32602, message: 'no', data: { supported: ['2098-01-01', '2099-01-01'] } },
        }),
      },
    ],
  ])('of the server are taken from %s', async (_, answers) => {
    const server = await serve(answers);
    expect(await probe(server.url)).toMatchObject({
      state: 'failed',
      message: `no common version of MCP: the server speaks 2098-01-01, 2099-01-01; ${ours}`,
    });
  });

  it('that a refusal of initialize names are offered: the newest that both speak', async () => {
    const server = await serve({
      initialize: (response, asked) => {
        const isOlder = asked.body.includes('"protocolVersion":"2025-03-26"');
        const supported = ['2024-11-05', '2025-03-26', '2099-01-01'];
        const refusal = answer({
          error: { code: -32602, message: 'Unsupported protocol version', data: { supported } },
        });
        (isOlder ? answer({ result: { ...initialized, protocolVersion: '2025-03-26' } }) : refusal)(response, asked);
      },
    });
    expect(await probe(server.url, { era: 'handshake' })).toMatchObject({
      ...{ state: 'verified', serverInfo: { protocolVersion: '2025-03-26' } },
    });
    expect(server.methods()).toEqual(['initialize', 'initialize', 'notifications/initialized']);
  });

  it('that both speak are not said to be none, whatever else fails', async () => {
    const supported = ['2025-06-18'];
    const server = await serve({
      'server/discover': answer({ error: { code: -32022, message: 'Unsupported', data: { supported } } }),
      initialize: refuse(500, 'broken'),
    });
    expect(await probe(server.url)).toMatchObject({
      message: 'answered HTTP 500 with text/plain: broken; it failed on the question: see the logs of its pods',
    });
  });

  it('are bounded, however many a server names', async () => {
    const supportedVersions = Array.from({ length: 500 }, (_, index) => `${index}`.repeat(500));
    const server = await serve({ 'server/discover': answer({ result: { supportedVersions } }) });
    const result = await probe(server.url);
    expect(result.state === 'failed' ? result.message.length : 0).toBeLessThan(600);
    expect(result).toMatchObject({ state: 'failed' });
  });
});

describe('the time of a probe', () => {
  it('leaves a hanging server time for four failures in half a minute', async () => {
    const waitsMs = 250 + 500 + 1_000;
    expect(4 * longestVerdictMs + waitsMs).toBeLessThan(30_000);
    const server = await serve({ 'server/discover': silence, initialize: silence });
    const startedAt = performance.now();
    expect(await probe(server.url, { timeoutMs: 6_000 })).toMatchObject({ state: 'failed', isUnanswered: true });
    expect(Math.round(performance.now() - startedAt)).toBe(3_900);
  });
});
