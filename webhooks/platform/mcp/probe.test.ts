import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import { probeMcpServer } from './probe.ts';
import type { ProbeResult } from './probe.ts';

useHeldTime();

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

function probe(url: string, timeoutMs = 30_000, countsOffers = false): Promise<ProbeResult> {
  return probeMcpServer({
    ...{ url, clientVersion: '1.2.3', timeoutMs, countsOffers },
    signal: new AbortController().signal,
  });
}

interface Asked {
  readonly method: string;
  readonly verb: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly id: unknown;
  readonly cursor: unknown;
}

/** A server of our own that answers each JSON-RPC method as the test says, and remembers what it was asked. */
function mcp(answers: Readonly<Record<string, (response: ServerResponse, asked: Asked) => void>>): {
  readonly listener: RequestListener;
  readonly asked: Asked[];
} {
  const asked: Asked[] = [];
  return {
    asked,
    listener: (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const message = (body === '' ? {} : JSON.parse(body)) as {
          id?: unknown;
          method?: string;
          params?: { cursor?: unknown };
        };
        const method = message.method ?? String(request.method);
        const one = {
          method,
          verb: String(request.method),
          headers: request.headers,
          id: message.id,
          cursor: message.params?.cursor,
        };
        asked.push(one);
        const answer = answers[method];
        if (answer === undefined) response.writeHead(404).end();
        else answer(response, one);
      });
    },
  };
}

const json = (response: ServerResponse, body: unknown, headers = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

const initialized = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {}, logging: {} },
  serverInfo: { name: 'old', version: '0.9' },
  instructions: 'be kind',
};

describe('a server of the 2026-07-28 era', () => {
  it('is verified by one request that names the revision in headers and body', async () => {
    const { listener, asked } = mcp({
      'server/discover': (response, { id }) => {
        json(response, {
          jsonrpc: '2.0',
          id,
          result: {
            supportedVersions: ['2026-07-28'],
            capabilities: { tools: {}, prompts: {} },
            _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'new', version: '2.0' } },
          },
        });
      },
    });
    expect(await probe(await serve(listener))).toEqual({
      state: 'verified',
      era: 'stateless',
      serverInfo: {
        name: 'new',
        version: '2.0',
        protocolVersion: '2026-07-28',
        capabilities: { tools: true, resources: false, prompts: true, logging: false, completions: false },
      },
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'server/discover',
      connection: 'close',
    });
  });

  it('that supports other revisions only is asked in the old way', async () => {
    const { listener } = mcp({
      'server/discover': (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { supportedVersions: ['2027-01-01'], capabilities: {} } });
      },
    });
    expect(await probe(await serve(listener))).toMatchObject({ state: 'failed' });
  });
});

describe('a server of the handshake era', () => {
  it('is verified by initialize, and its session is left to the next probe', async () => {
    const { listener, asked } = mcp({
      initialize: (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: initialized }, { 'mcp-session-id': 's-1' });
      },
      'notifications/initialized': (response) => response.writeHead(202).end(),
      DELETE: (response) => response.writeHead(204).end(),
    });
    expect(await probe(await serve(listener))).toMatchObject({
      state: 'verified',
      era: 'handshake',
      serverInfo: {
        name: 'old',
        version: '0.9',
        protocolVersion: '2025-06-18',
        instructions: 'be kind',
        capabilities: { tools: true, resources: false, prompts: false, logging: true, completions: false },
      },
    });
    expect(asked.map(({ method }) => method)).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
    expect(asked[2]?.headers).toMatchObject({ 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-06-18' });
  });

  it('may answer as an event stream that opens with an empty event and dribbles', async () => {
    const { listener } = mcp({
      initialize: (response, { id }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const answer = JSON.stringify({ jsonrpc: '2.0', id, result: initialized });
        const text = `id: 1\ndata: \n\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\nevent: message\r\ndata: ${answer}\r\n\r\n`;
        const half = Math.floor(text.length / 2);
        response.write(text.slice(0, half), () => setImmediate(() => response.write(text.slice(half))));
      },
    });
    expect(await probe(await serve(listener))).toMatchObject({ state: 'verified', serverInfo: { name: 'old' } });
  });

  it('that never answers server/discover still gets half of the time', async () => {
    const { listener } = mcp({
      'server/discover': () => {
        jest.advanceTimersByTime(2_000);
      },
      initialize: (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: initialized });
      },
    });
    expect(await probe(await serve(listener), 4_000)).toMatchObject({ state: 'verified' });
  });

  it('that is silent after initialize does not keep the probe beyond its time', async () => {
    const { listener, asked } = mcp({
      initialize: (response, { id }) => {
        jest.advanceTimersByTime(1_200);
        json(response, { jsonrpc: '2.0', id, result: initialized }, { 'mcp-session-id': 's-1' });
      },
      // Half of the time twice would be 1,200 more.
      'notifications/initialized': () => {
        jest.advanceTimersByTime(1_800);
      },
      DELETE: () => undefined,
    });
    expect(await probe(await serve(listener), 3_000)).toMatchObject({ state: 'verified' });
    expect(asked.map(({ method }) => method)).toContain('notifications/initialized');
  });
});

describe('counting what a server lists', () => {
  type Answer = (response: ServerResponse, asked: Asked) => void;

  const discovered = (capabilities: object): Answer => {
    return (response, { id }) => {
      json(response, { jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'], capabilities } });
    };
  };

  /** Answers with these numbers of items, page by page; cursors are the numbers of the pages. */
  const pages = (field: string, ...sizes: readonly number[]): Answer => {
    return (response, { id, cursor = '0' }) => {
      const page = Number(cursor);
      const items = Array.from({ length: sizes[page] ?? 0 }, () => ({}));
      const next = page + 1 < sizes.length ? { nextCursor: String(page + 1) } : {};
      json(response, { jsonrpc: '2.0', id, result: { [field]: items, ...next } });
    };
  };

  const countsOf = async (capabilities: object, answers: Readonly<Record<string, Answer>>): Promise<unknown> => {
    const { listener } = mcp({ 'server/discover': discovered(capabilities), ...answers });
    const result = await probe(await serve(listener), 30_000, true);
    return result.state === 'verified' ? result.offers : result;
  };

  it('adds up the pages of each list that it offers', async () => {
    const counts = await countsOf(
      { tools: {}, prompts: {} },
      { 'tools/list': pages('tools', 50, 50, 3), 'prompts/list': pages('prompts', 0) },
    );
    expect(counts).toEqual({ tools: 103, prompts: 0 });
  });

  it.each<[string, Answer]>([
    [
      'is refused',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, error: { code: -32601, message: '' } });
      },
    ],
    ['wants credentials', (response) => response.writeHead(401).end()],
    [
      'is no list',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { tools: 7 } });
      },
    ],
    ['has more than 64 pages', pages('tools', ...Array.from({ length: 65 }, () => 1))],
    ['has more than 10,000 items', pages('tools', 9_999, 2)],
    [
      'has no end',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { tools: [], nextCursor: 'again' } });
      },
    ],
    [
      'has a cursor that is longer than 8 KiB',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { tools: [], nextCursor: 'x'.repeat(8_193) } });
      },
    ],
    [
      'has a page of more than 1 MiB',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { tools: [], padding: 'x'.repeat(1024 * 1024) } });
      },
    ],
    [
      'has more than 4 MiB',
      (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: { tools: [{ d: 'x'.repeat(900_000) }], nextCursor: '1' } });
      },
    ],
    [
      'never comes',
      () => {
        jest.advanceTimersToNextTimer();
      },
    ],
  ])('has no number for a list that %s, and verifies nevertheless', async (_, answer) => {
    const counts = await countsOf(
      { prompts: {}, resources: {}, tools: {} },
      { 'tools/list': answer, 'resources/list': pages('resources', 2), 'prompts/list': pages('prompts', 1) },
    );
    expect(counts).not.toHaveProperty('tools');
    expect(counts).toEqual(expect.not.objectContaining({ state: 'failed' }));
  });

  it('says in each request what the stateless era wants, headers and body', async () => {
    const { listener, asked } = mcp({
      'server/discover': discovered({ tools: {} }),
      'tools/list': pages('tools', 1, 1),
    });
    await probe(await serve(listener), 30_000, true);
    expect(asked.slice(1).map(({ headers, cursor }) => ({ method: headers['mcp-method'], cursor }))).toEqual([
      { method: 'tools/list', cursor: undefined },
      { method: 'tools/list', cursor: '1' },
    ]);
  });

  it('happens within the session of the handshake era', async () => {
    const { listener, asked } = mcp({
      initialize: (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: initialized }, { 'mcp-session-id': 's-1' });
      },
      'notifications/initialized': (response) => response.writeHead(202).end(),
      'tools/list': pages('tools', 4),
      DELETE: (response) => response.writeHead(204).end(),
    });
    expect(await probe(await serve(listener), 30_000, true)).toMatchObject({ state: 'verified', offers: { tools: 4 } });
    expect(asked.slice(2).map(({ method, headers }) => `${method} ${String(headers['mcp-session-id'])}`)).toEqual([
      'notifications/initialized s-1',
      'tools/list s-1',
    ]);
  });

  it('opens one connection at a time', async () => {
    const { listener } = mcp({
      'server/discover': discovered({ tools: {}, resources: {}, prompts: {} }),
      'tools/list': pages('tools', 1, 1, 1),
      'resources/list': pages('resources', 1),
      'prompts/list': pages('prompts', 1),
    });
    const url = await serve(listener);
    let open = 0;
    let most = 0;
    servers.at(-1)?.on('connection', (socket) => {
      most = Math.max(most, (open += 1));
      socket.on('close', () => (open -= 1));
    });
    await probe(url, 30_000, true);
    expect(most).toBeLessThanOrEqual(2);
  });
});

describe('a server that wants credentials', () => {
  it.each([401, 403])('counts as reachable with HTTP %d', async (status) => {
    const url = await serve((_, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
    );
    expect(await probe(url)).toEqual({ state: 'auth-required', statusCode: status });
  });
});

describe('what is no MCP server', () => {
  const liars: readonly (readonly [string, RequestListener, RegExp])[] = [
    ['hangs', () => undefined, /^no answer in time$/],
    [
      'sends headers and then nothing',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{');
      },
      /^no answer in time$/,
    ],
    [
      'never ends its body',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        };
        response.on('drain', more);
        more();
      },
      /^its answer is longer than 262144 bytes$/,
    ],
    [
      'dribbles its headers, byte by byte',
      (request) => {
        const drip = setInterval(() => request.socket.write('x'), 20);
        request.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-slow: ');
        request.socket.on('close', () => {
          clearInterval(drip);
        });
      },
      /^no answer in time$/,
    ],
    [
      'sends events for ever, and no answer among them',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const more = setInterval(() => response.write('data: {"jsonrpc":"2.0","method":"ping"}\n\n'), 5);
        response.on('close', () => {
          clearInterval(more);
        });
      },
      /^no answer in time$/,
    ],
    [
      'sends one event without an end',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: ');
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        };
        response.on('drain', more);
        more();
      },
      /^its answer is longer than 262144 bytes$/,
    ],
    [
      'has more headers than anybody needs',
      (_, response) => {
        response.setHeader('x-long', 'x'.repeat(20_000));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      },
      /^the headers of its answer are too long$/,
    ],
    [
      'sends us round in circles',
      (request, response) => response.writeHead(308, { location: request.url }).end(),
      /^answered HTTP 308: it redirects to \/mcp; redirects are not followed/,
    ],
    [
      'is no HTTP server at all',
      (request) => {
        request.socket.end('220 mail.example ESMTP\r\n');
      },
      /^it does not speak HTTP$/,
    ],
    [
      'answers in JSON that is cut off',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0",'),
      /^its answer is not a JSON-RPC message$/,
    ],
    [
      'answers in HTML',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>'),
      /^answered HTTP 200 with text\/html instead of an MCP message: is spec\.config\.path right\?$/,
    ],
    [
      'does not know the path',
      (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>'),
      /^answered HTTP 404 with text\/html: is spec\.config\.path right\?$/,
    ],
    [
      'sends us elsewhere',
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      /^answered HTTP 307: it redirects to http:\/\/127\.0\.0\.1:1\/; redirects are not followed/,
    ],
    [
      'answers another request',
      mcp({
        'server/discover': (response) => {
          json(response, { jsonrpc: '2.0', id: 99, result: { supportedVersions: ['2026-07-28'] } });
        },
        initialize: (response) => {
          json(response, { jsonrpc: '2.0', id: 99, result: initialized });
        },
      }).listener,
      /^it answered another request than ours \(JSON-RPC id 99\)$/,
    ],
    [
      'closes in the middle of the stream',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"jsonrpc"');
        setImmediate(() => response.destroy());
      },
      /^the connection was closed before the answer was complete; it may have ended, .*: see the logs of its pods$/,
    ],
    [
      'ends its stream without an answer',
      (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}\n\n'),
      /^its event stream ended without an answer$/,
    ],
    [
      'refuses in JSON-RPC',
      mcp({
        initialize: (response, { id }) => {
          json(response, { jsonrpc: '2.0', id, error: { code: -32000, message: `no\n${'x'.repeat(5_000)}` } });
        },
      }).listener,
      /^it answered JSON-RPC error -32000: no x{190,200}…$/,
    ],
    [
      'is broken',
      (_, response) => response.writeHead(503).end(),
      /^answered HTTP 503; what answers has nothing behind it, .*: see the logs of its pods$/,
    ],
    [
      'answers 200 with an empty object',
      (_, response) => {
        json(response, {});
      },
      /^its answer is not a JSON-RPC message$/,
    ],
  ];

  it.each(liars)('fails: %s', async (_, listener, message) => {
    const isOverInTime = String(message).includes('no answer in time');
    const url = await serve((request, response) => {
      listener(request, response);
      // Half of the time, which the first of two questions has.
      if (isOverInTime)
        setImmediate(() => {
          jest.advanceTimersByTime(300);
        });
    });
    const result = await probe(url, 600);
    expect(result.state === 'failed' ? result.message : result.state).toMatch(message);
  });

  it('fails where nobody listens', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    expect(await probe(url)).toEqual({
      ...{ state: 'failed', cause: 'connection refused', isUnanswered: true },
      message: expect.stringMatching(
        /^connection refused; nothing listens on port \d+: .*on all addresses, not on 127\.0\.0\.1 only\?$/,
      ),
    });
  });
});
