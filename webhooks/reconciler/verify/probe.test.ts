import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { probeMcpServer } from './probe.ts';
import type { ProbeResult } from './probe.ts';

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

function probe(url: string, timeoutMs = 1_000): Promise<ProbeResult> {
  return probeMcpServer({ url, clientVersion: '1.2.3', timeoutMs, signal: new AbortController().signal });
}

interface Asked {
  readonly method: string;
  readonly verb: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly id: unknown;
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
        const message = (body === '' ? {} : JSON.parse(body)) as { id?: unknown; method?: string };
        const method = message.method ?? String(request.method);
        const one = { method, verb: String(request.method), headers: request.headers, id: message.id };
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
  it('is verified by initialize, and its session is given back', async () => {
    const { listener, asked } = mcp({
      initialize: (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: initialized }, { 'mcp-session-id': 's-1' });
      },
      'notifications/initialized': (response) => response.writeHead(202).end(),
      DELETE: (response) => response.writeHead(204).end(),
    });
    expect(await probe(await serve(listener))).toEqual({
      state: 'verified',
      serverInfo: {
        name: 'old',
        version: '0.9',
        protocolVersion: '2025-06-18',
        instructions: 'be kind',
        capabilities: { tools: true, resources: false, prompts: false, logging: true, completions: false },
      },
    });
    expect(asked.map(({ method }) => method)).toEqual([
      'server/discover',
      'initialize',
      'notifications/initialized',
      'DELETE',
    ]);
    expect(asked[3]?.headers).toMatchObject({ 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-06-18' });
  });

  it('may answer as an event stream that opens with an empty event and dribbles', async () => {
    const { listener } = mcp({
      initialize: (response, { id }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const answer = JSON.stringify({ jsonrpc: '2.0', id, result: initialized });
        const text = `id: 1\ndata: \n\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\nevent: message\r\ndata: ${answer}\r\n\r\n`;
        const half = Math.floor(text.length / 2);
        response.write(text.slice(0, half));
        setTimeout(() => response.write(text.slice(half)), 20);
      },
    });
    expect(await probe(await serve(listener))).toMatchObject({ state: 'verified', serverInfo: { name: 'old' } });
  });

  it('that never answers server/discover still gets half of the time', async () => {
    const { listener } = mcp({
      'server/discover': () => undefined,
      initialize: (response, { id }) => {
        json(response, { jsonrpc: '2.0', id, result: initialized });
      },
    });
    expect(await probe(await serve(listener), 400)).toMatchObject({ state: 'verified' });
  });

  it('that is silent after initialize does not keep the probe beyond its time', async () => {
    const { listener, asked } = mcp({
      initialize: (response, { id }) => {
        const answer = { jsonrpc: '2.0', id, result: initialized };
        setTimeout(() => {
          json(response, answer, { 'mcp-session-id': 's-1' });
        }, 300);
      },
      'notifications/initialized': () => undefined,
      DELETE: () => undefined,
    });
    const startedAt = performance.now();
    expect(await probe(await serve(listener), 800)).toMatchObject({ state: 'verified' });
    // A deadline for each message makes 1,100: 300, and half of the time twice.
    expect(performance.now() - startedAt).toBeLessThan(1_090);
    expect(asked.map(({ method }) => method)).toContain('notifications/initialized');
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
      /^its answer is longer than 1048576 bytes$/,
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
      /^answered HTTP 307: redirects are not followed/,
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
        setTimeout(() => response.destroy(), 10);
      },
      /^the connection was closed before the answer was complete$/,
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
      /^it answered initialize with JSON-RPC error -32000: no x{190,200}…$/,
    ],
    ['is broken', (_, response) => response.writeHead(503).end(), /^answered HTTP 503$/],
    [
      'answers 200 with an empty object',
      (_, response) => {
        json(response, {});
      },
      /^its answer is not a JSON-RPC message$/,
    ],
  ];

  it.each(liars)('fails: %s', async (_, listener, message) => {
    const result = await probe(await serve(listener), 600);
    expect(result.state === 'failed' ? result.message : result.state).toMatch(message);
  });

  it('fails where nobody listens', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    expect(await probe(url)).toEqual({ state: 'failed', message: 'connection refused', isUnanswered: true });
  });
});
