import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { createKubeApi } from './api-client.ts';
import { errorFromAnswer } from './api-error.ts';
import type { ApiServer, KubeApi, WatchEvent } from './api.ts';
import { gatherReferences } from './references.ts';

const servers: Server[] = [];

/** Both ways to a server: by Node's client, and read off the connection. */
const clients = [{ isDirect: false }, { isDirect: true }];
let isDirect = false;

afterEach(async () => {
  jest.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Started {
  readonly api: KubeApi;
  readonly seen: IncomingMessage[];
  readonly sockets: Set<unknown>;
  readonly server: Server;
  forgotten: number;
}

async function start(listener: RequestListener, onCredentials = (): void => undefined): Promise<Started> {
  const seen: IncomingMessage[] = [];
  const sockets = new Set<unknown>();
  const server = createServer((request, response) => {
    seen.push(request);
    sockets.add(request.socket);
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const started: Started = { api: undefined as never, seen, sockets, server, forgotten: 0 };
  const access: ApiServer = {
    url,
    isDirect,
    credentials: () => {
      onCredentials();
      return Promise.resolve({ tls: {}, headers: { Authorization: 'Bearer t' } });
    },
    forgetCredentials: () => (started.forgotten += 1),
  };
  return Object.assign(started, { api: createKubeApi({ server: access, userAgent: 'test' }) });
}

/** Long enough for an error that nobody listens to, which Jest then counts against the test. */
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

const json = (status: number, body: unknown, headers = {}): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
};

const path = '/api/v1/namespaces/mcp/configmaps/settings';

/** What is asked when a free connection of ours has ended, and is not closed yet; the other side ends it. */
async function askAsItEnds<Answer>({ api, seen, server }: Started, ask: () => Promise<Answer>): Promise<Answer> {
  await api.request({ method: 'GET', path });
  const { port } = server.address() as AddressInfo;
  const destroyed = jest.spyOn(Socket.prototype, 'destroy');
  try {
    return await new Promise((resolve, reject) => {
      destroyed.mockImplementation(function (this: Socket, error) {
        const isOurs = this.remotePort === port;
        destroyed.mockRestore();
        this.destroy(error);
        if (isOurs)
          queueMicrotask(() => {
            ask().then(resolve, reject);
          });
        return this;
      });
      seen[0]?.socket.end();
    });
  } finally {
    destroyed.mockRestore();
  }
}

describe.each(clients)('a request (direct: $isDirect)', (client) => {
  beforeEach(() => {
    ({ isDirect } = client);
  });

  it('carries credentials, query and body, and gives the answer', async () => {
    let body = '';
    const { api, seen } = await start((request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        json(200, { answer: 1 })(request, response);
      });
    });
    const result = await api.request({
      method: 'PATCH',
      path,
      query: { force: 'true', no: undefined },
      body: { a: 'ä' },
    });
    expect(result).toEqual({ ok: true, body: { answer: 1 } });
    expect(seen[0]?.url).toBe(`${path}?force=true`);
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'user-agent': 'test' });
    expect(body).toBe('{"a":"ä"}');
  });

  it('is YAML as well, which an apply patch is read as: no character of a text is refused or folded', async () => {
    let body = '';
    const { api } = await start((request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        json(200, {})(request, response);
      });
    });
    await api.request({ method: 'PATCH', path, body: { a: 'next\u0085line \uFEFF \uD83E' } });
    expect(body).toBe('{"a":"next\\u0085line \\ufeff \\ufffd"}');
  });

  it('is answered with no more than which object it is, where that is known in its version', async () => {
    const metadata = { name: 'a', namespace: 'mcp', uid: 'u-1', resourceVersion: '7' };
    const { api } = await start(json(200, { kind: 'Service', apiVersion: 'v1', metadata, spec: {} }));
    const reading = { isKnown: () => true };
    expect(await api.request({ method: 'PATCH', path, body: {}, reading })).toEqual({ ok: true, body: { metadata } });
    const seen = { ok: true, body: { kind: 'Service', apiVersion: 'v1', metadata, spec: {} } };
    expect(await api.request({ method: 'PATCH', path, body: {}, reading: { isKnown: () => false } })).toEqual(seen);
  });

  it('reuses the connection', async () => {
    const { api, sockets } = await start(json(200, {}));
    for (let count = 0; count < 5; count += 1) await api.request({ method: 'GET', path });
    expect(sockets.size).toBe(1);
  });

  it('keeps as many connections as a burst needed for the next one', async () => {
    const { api, sockets } = await start((request, response) => {
      setTimeout(json(200, {}), 20, request, response);
    });
    const burst = () => Promise.all(Array.from({ length: 12 }, () => api.request({ method: 'GET', path })));
    await burst();
    await burst();
    expect(sockets.size).toBe(12);
  });

  it('is sent again when the kept connection was closed meanwhile, unless it is a POST', async () => {
    let answered = 0;
    const { api, seen } = await start((request, response) => {
      answered += 1;
      if (answered === 1) json(200, {})(request, response);
      else if (answered === 2) request.socket.destroy();
      else json(200, { again: true })(request, response);
    });
    await api.request({ method: 'GET', path });
    expect(await api.request({ method: 'GET', path })).toEqual({ ok: true, body: { again: true } });
    answered = 1;
    expect(await api.request({ method: 'POST', path, body: {} })).toMatchObject({ ok: false, error: { status: 0 } });
    expect(seen).toHaveLength(4);
  });

  it('goes over another connection when the free one has just ended, a POST too', async () => {
    const started = await start(json(200, { done: true }));
    const post = () => started.api.request({ method: 'POST', path, body: {} });
    expect(await askAsItEnds(started, post)).toEqual({ ok: true, body: { done: true } });
    expect(started.seen.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(started.sockets.size).toBe(2);
  });

  it('is sent again over a new connection where the kept ones are dead, and not over one of these after the other', async () => {
    const used = new Map<unknown, number>();
    const { api, seen } = await start((request, response) => {
      const times = (used.get(request.socket) ?? 0) + 1;
      used.set(request.socket, times);
      if (times === 1) setTimeout(json(200, {}), 20, request, response);
      else request.socket.resetAndDestroy();
    });
    await Promise.all(Array.from({ length: 10 }, () => api.request({ method: 'GET', path })));
    expect(used.size).toBe(10);
    expect(await api.request({ method: 'GET', path })).toMatchObject({ ok: true });
    expect(seen).toHaveLength(12);
  });

  it('has no more time when it is sent again', async () => {
    // Connections need the rest of them; only the test moves the time.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const asked = [Promise.withResolvers<Socket>(), Promise.withResolvers<Socket>(), Promise.withResolvers<Socket>()];
    const { api, seen } = await start((request, response) => {
      asked[seen.length - 1]?.resolve(request.socket);
      if (seen.length === 1) json(200, {})(request, response);
    });
    await api.request({ method: 'GET', path });
    let isOver = false;
    const result = api.request({ method: 'GET', path, timeoutMs: 1_000 }).finally(() => (isOver = true));
    const kept = await asked[1]?.promise;
    jest.advanceTimersByTime(900);
    kept?.resetAndDestroy();
    await asked[2]?.promise;
    jest.advanceTimersByTime(99);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await result).toMatchObject({ error: { reason: 'Timeout' } });
    expect(seen).toHaveLength(3);
  });

  it.each([
    [404, false],
    [409, true],
    [422, false],
    [429, true],
    [500, true],
    [503, true],
  ])('turns HTTP %d into an error (retry: %s) that names the request', async (status, retry) => {
    const { api } = await start(
      json(status, { kind: 'Status', reason: 'Some', message: 'no luck' }, { 'retry-after': '3' }),
    );
    expect(await api.request({ method: 'GET', path })).toEqual({
      ok: false,
      error: { status, reason: 'Some', message: 'GET configmaps mcp/settings: no luck', retry, retryAfterMs: 3_000 },
    });
  });

  it('tells a namespace on its way out from missing rights', async () => {
    const details = { causes: [{ reason: 'NamespaceTerminating' }] };
    const { api } = await start(json(403, { kind: 'Status', reason: 'Forbidden', message: 'x', details }));
    expect(await api.request({ method: 'GET', path })).toMatchObject({ error: { reason: 'NamespaceTerminating' } });
  });

  it('asks for new credentials after a 401', async () => {
    const started = await start(json(401, {}));
    await started.api.request({ method: 'GET', path });
    expect(started.forgotten).toBe(1);
  });

  it('gives up in time', async () => {
    const { api } = await start(() => undefined);
    expect(await api.request({ method: 'GET', path, timeoutMs: 50 })).toMatchObject({
      error: { reason: 'Timeout', retry: true, message: 'GET configmaps mcp/settings: no answer in time' },
    });
  });

  it('is given up when we stop', async () => {
    const { api } = await start(() => undefined);
    const stop = new AbortController();
    const result = api.request({ method: 'GET', path, signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 20);
    expect(await result).toMatchObject({ error: { reason: 'Aborted' } });
  });

  it('does not end the process, nor reach the server, when it is given up before it is sent', async () => {
    const { api, seen } = await start(json(200, {}));
    expect(await api.request({ method: 'GET', path, signal: AbortSignal.abort() })).toMatchObject({
      error: { reason: 'Aborted', message: 'GET configmaps mcp/settings: given up: we are stopping' },
    });
    await aMoment();
    expect(seen).toEqual([]);
  });

  it('does not end the process when it is given up while the credentials are read', async () => {
    const stop = new AbortController();
    const { api } = await start(json(200, {}), () => {
      stop.abort();
    });
    expect(await api.request({ method: 'GET', path, signal: stop.signal })).toMatchObject({
      error: { reason: 'Aborted' },
    });
    await aMoment();
  });

  it('does not end the process when a silent server outlasts the deadline of five references', async () => {
    const { api } = await start(() => undefined);
    const references = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ kind: 'ConfigMap' as const, name }));
    const { facts } = await gatherReferences(api, { namespace: 'mcp', references, deadlineMs: 50 });
    await aMoment();
    for (const { kind, name } of references)
      expect(facts.lookUp(kind, name)).toEqual({
        state: 'unknown',
        reason: 'the API server did not answer in time',
        cause: 'Timeout',
      });
  });

  it('hands an answer on piece by piece and keeps nothing of it, but reads a refusal', async () => {
    let status = 200;
    const { api } = await start((_, response) => {
      response.writeHead(status).write('{"message":');
      setTimeout(() => response.end('"no"}'), 10);
    });
    const pieces: string[] = [];
    const ask = { method: 'GET' as const, path, onChunk: (chunk: Buffer) => pieces.push(chunk.toString()) };
    expect(await api.request(ask)).toEqual({ ok: true, body: undefined });
    expect(pieces).toEqual(['{"message":', '"no"}']);
    status = 403;
    expect(await api.request(ask)).toMatchObject({ error: { status: 403, message: expect.stringContaining('no') } });
    expect(pieces).toHaveLength(2);
  });

  it('ends with the error of who takes it piece by piece, and the process goes on', async () => {
    const { api } = await start(json(200, {}));
    const onChunk = (): void => {
      throw new Error('bug');
    };
    expect(await api.request({ method: 'GET', path, onChunk })).toMatchObject({
      error: { message: 'GET configmaps mcp/settings: bug' },
    });
  });

  it('does not ask again for an answer of which a part was handed on', async () => {
    let asked = 0;
    let breakOff = (): void => undefined;
    const { api } = await start((_, response) => {
      asked += 1;
      if (asked === 1) response.end('{}');
      else {
        response.writeHead(200).write('{"a"');
        breakOff = () => response.socket?.resetAndDestroy();
      }
    });
    const pieces: string[] = [];
    const onChunk = (chunk: Buffer): void => {
      pieces.push(chunk.toString());
      breakOff();
    };
    const ask = { method: 'GET' as const, path, onChunk };
    expect(await api.request(ask)).toMatchObject({ ok: true });
    expect(await api.request(ask)).toMatchObject({ ok: false, error: { retry: true } });
    expect(pieces).toEqual(['{}', '{"a"']);
  });

  it('does not read an answer that is too long', async () => {
    const { api } = await start(json(200, { long: 'x'.repeat(10_000) }));
    expect(await api.request({ method: 'GET', path, maxBytes: 1_000 })).toMatchObject({
      error: { reason: 'TooLarge', retry: false },
    });
  });

  it('says so when nobody listens, and when the answer is HTML', async () => {
    const { api, server } = await start((_, response) => response.end('<html>'));
    expect(await api.request({ method: 'GET', path })).toMatchObject({ error: { reason: 'BadAnswer' } });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await api.request({ method: 'GET', path })).toMatchObject({
      error: {
        status: 0,
        reason: 'Unreachable',
        message: 'GET configmaps mcp/settings: connection refused',
        retry: true,
      },
    });
  });
});

it('cuts what an API server quotes between characters, and keeps it on one line', () => {
  const body = { message: `no\n\u009b${'🤖'.repeat(5_000)}` };
  const { message } = errorFromAnswer({ request: 'PATCH x', status: 422, body });
  expect(message).toMatch(/^PATCH x: no 🤖+…$/u);
  expect(Array.from(message)).toHaveLength(2_000);
});

describe.each(clients)('a watch (direct: $isDirect)', (client) => {
  beforeEach(() => {
    ({ isDirect } = client);
  });

  async function watch(listener: RequestListener, idleTimeoutMs = 60_000) {
    const started = await start(listener);
    const events: WatchEvent[] = [];
    const stop = new AbortController();
    const end = started.api.watch({ path: '/api/v1/pods', idleTimeoutMs, signal: stop.signal }, (event) =>
      events.push(event),
    );
    return { ...started, events, end, stop };
  }

  it('hands on each event, however the bytes are cut', async () => {
    const text = [
      { type: 'ADDED', object: { metadata: { name: 'ä' } } },
      { type: 'BOOKMARK', object: {} },
    ]
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
    const bytes = Buffer.from(text);
    const { events, end, seen } = await watch((_, response) => {
      response.writeHead(200);
      const send = (at: number): void => {
        if (at >= bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 7), () => setImmediate(send, at + 7));
      };
      send(0);
    });
    expect(await end).toEqual({ why: 'closed' });
    expect(events).toEqual([
      { type: 'ADDED', object: { metadata: { name: 'ä' } } },
      { type: 'BOOKMARK', object: {} },
    ]);
    expect(seen[0]?.url).toBe('/api/v1/pods?watch=true');
  });

  it('is not interrupted where the free connection that it would take has just ended', async () => {
    const started = await start((_, response) => response.end());
    const request = { path: '/api/v1/pods', idleTimeoutMs: 60_000, signal: new AbortController().signal };
    const watching = () => started.api.watch(request, () => undefined);
    expect(await askAsItEnds(started, watching)).toEqual({ why: 'closed' });
    expect(started.sockets.size).toBe(2);
  });

  it('fails with the code of an ERROR event', async () => {
    const { end } = await watch((_, response) => {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } })}\n`,
      );
    });
    expect(await end).toMatchObject({ why: 'failed', error: { status: 410, reason: 'Expired' } });
  });

  it('fails when it is refused', async () => {
    const { end } = await watch(json(403, { reason: 'Forbidden', message: 'no' }));
    expect(await end).toMatchObject({ why: 'failed', error: { status: 403, message: 'WATCH pods: no', retry: false } });
  });

  it('ends when nothing comes', async () => {
    const { end } = await watch((_, response) => {
      response.writeHead(200).flushHeaders();
    }, 50);
    expect(await end).toEqual({ why: 'idle' });
  });

  it('fails when the connection breaks, and when a line is no event', async () => {
    const broken = await watch((_, response) => {
      response.writeHead(200).write('{"ty');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await broken.end).toMatchObject({ why: 'failed', error: { status: 0, retry: true } });
    const odd = await watch((_, response) => response.end('hello\n'));
    expect(await odd.end).toMatchObject({ why: 'failed', error: { reason: 'BadAnswer', retry: false } });
  });

  it('reads the longest event that 1.5 MiB of etcd can become, and ends for good at a longer one', async () => {
    const event = (length: number): string =>
      `{"type":"ADDED","object":{"spec":"${String.raw`\u0001`.repeat(Math.floor(length / 6))}"}}\n`;
    const longest = await watch((_, response) => response.end(event(1.5 * 1024 * 1024 * 6)));
    expect(await longest.end).toEqual({ why: 'closed' });
    expect(longest.events).toHaveLength(1);
    const longer = await watch((_, response) => response.end(event(11 * 1024 * 1024)));
    expect(await longer.end).toMatchObject({ why: 'failed', error: { reason: 'TooLarge', retry: false } });
  });

  it('fails, and ends no process, when what it is handed on to throws', async () => {
    const { api } = await start((_, response) => response.end('{"type":"ADDED","object":{}}\n'));
    const request = { path: '/api/v1/pods', idleTimeoutMs: 60_000, signal: new AbortController().signal };
    const end = await api.watch(request, () => {
      throw new Error('no such case');
    });
    // It would come again, and nothing after it: only a list leads past it.
    expect(end).toMatchObject({ why: 'failed', error: { reason: 'BadAnswer', retry: false } });
    await aMoment();
  });

  it('does not end the process when we stop before it is opened, or while the credentials are read', async () => {
    const stop = new AbortController();
    const { api, seen } = await start(json(200, {}), () => {
      stop.abort();
    });
    const request = { path: '/api/v1/pods', idleTimeoutMs: 60_000, signal: stop.signal };
    expect(await api.watch(request, () => undefined)).toEqual({ why: 'aborted' });
    expect(await api.watch(request, () => undefined)).toEqual({ why: 'aborted' });
    await aMoment();
    expect(seen).toEqual([]);
  });

  it('ends when we stop', async () => {
    const { end, stop } = await watch((_, response) => {
      response.writeHead(200).flushHeaders();
    });
    setTimeout(() => {
      stop.abort();
    }, 20);
    expect(await end).toEqual({ why: 'aborted' });
  });
});
