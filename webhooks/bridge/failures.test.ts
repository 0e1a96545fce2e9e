import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../platform/clock.ts';
import { isFromHere } from './origin.ts';
import { begin, call, initialize, modern, post, postRaw, readUntil, textOf } from './testing/client.ts';
import { eventually, untilReady, useBridge } from './testing/use-bridge.ts';

const ready = async (healthUrl: string): Promise<[number, string]> => {
  const response = await fetch(`${healthUrl}/readyz`);
  return [response.status, await response.text()];
};

describe('a server that does not start', () => {
  it('has its container ended with its exit code after the third time, and is not ready', async () => {
    const bridge = await useBridge('crash');
    await eventually(() => bridge.shim.givenUp.length > 0);
    expect(bridge.shim.givenUp).toEqual([{ exit: 7, why: 'exited with code 7' }]);
    expect(bridge.shim.started).toBeGreaterThanOrEqual(3);
    expect(await ready(bridge.healthUrl)).toEqual([503, 'server: exited with code 7\n']);
    expect((await fetch(`${bridge.healthUrl}/healthz`)).status).toBe(200);
  });

  it('is told to who asks meanwhile', async () => {
    const bridge = await useBridge('crash');
    await eventually(async () => (await ready(bridge.healthUrl))[1].includes('exited'));
    const { body, headers } = modern(1, 'tools/list');
    const refused = await post(bridge.url, body, headers);
    expect([refused.status, refused.messages[0]?.error?.message]).toEqual([
      503,
      'The server exited with code 7: try again.',
    ]);
  });

  it('is one that never answers, too, which the shim is told (its log said "see above why", with nothing above)', async () => {
    const bridge = await useBridge('silent', { MCP_START_SECONDS: '1' });
    await eventually(() => bridge.log.some((line) => line.includes('did not answer initialize in time')));
    await eventually(() => bridge.shim.givenUp.length > 0);
    expect(bridge.shim.givenUp).toEqual([{ exit: 1, why: 'did not answer initialize in time', reason: 'NoAnswer' }]);
  });
});

describe('the era of a server', () => {
  it('is asked of a new process where the first one ended because of the question', async () => {
    const bridge = await useBridge('dies-at-discover');
    await untilReady(bridge);
    expect(bridge.shim.started).toBe(2);
    await begin(bridge.url);
  });

  it('is found behind a banner on standard output, which is counted and told once', async () => {
    const bridge = await useBridge('banner');
    await untilReady(bridge);
    await eventually(() => bridge.shim.children.size === 0);
    expect(bridge.log.filter((line) => line.includes('no messages'))).toHaveLength(1);
    expect(await (await fetch(`${bridge.metricsUrl}/metrics`)).text()).toMatch(
      /mcp_bridge_garbage_lines_total\{program="bridge"\} 2/,
    );
  });
});

describe('what a server writes', () => {
  it('is dropped where it is no message, and the answer behind it arrives', async () => {
    const { url } = await useBridge('legacy');
    expect(textOf((await post(url, call(1, 'garbage'), await begin(url))).messages[0])).toBe('after garbage');
  });

  it('arrives up to the limit, and ends the session beyond it', async () => {
    const { url } = await useBridge('legacy', { MCP_MAX_MESSAGE_BYTES: '100000' });
    const session = await begin(url);
    const most = await post(url, call(1, 'huge', { bytes: 99_000 }), session);
    expect(textOf(most.messages[0])?.length).toBe(99_000);
    const tooMuch = await post(url, call(2, 'huge', { bytes: 100_001 }), session);
    expect(tooMuch.messages[0]?.error?.message).toBe(
      'server process was ended: its message is longer than 100000 bytes',
    );
    expect((await post(url, call(3, 'pid'), session)).status).toBe(404);
  });

  it('closes the stream of a client that does not read it, and leaves the server to others', async () => {
    const bridge = await useBridge('legacy');
    const session = await begin(bridge.url);
    const { hostname, port } = new URL(bridge.url);
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { ...session, accept: 'text/event-stream' };
      request({ hostname, port, path: '/mcp', headers }, resolve).on('error', reject).end();
    });
    stream.pause().on('error', () => undefined);
    const withoutStream = { ...session, accept: 'application/json' };
    const flooded = await post(bridge.url, call(1, 'flood', { count: 3_000 }), withoutStream);
    expect(textOf(flooded.messages[0])).toBe('flooded');
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    await new Promise((resolve) => stream.on('close', resolve));
    // What was in the buffers of both sockets and in ours, of 30 MB.
    expect(bytes).toBeLessThan(20_000_000);
    expect(stream.complete).toBe(false);
  });
});

describe('what a client sends', () => {
  it('is refused before it is read where it is too long', async () => {
    const { url } = await useBridge('legacy', { MCP_MAX_MESSAGE_BYTES: '2000' });
    const refused = await post(url, call(1, 'echo', { text: 'x'.repeat(3_000) }));
    expect(refused.status).toBe(413);
  });

  it.each([
    ['{', 400, -32700],
    ['[{"jsonrpc":"2.0","method":"ping","id":1}]', 400, -32600],
    ['{"jsonrpc":"2.0"}', 400, -32600],
    ['{"jsonrpc":"1.0","method":"ping","id":1}', 400, -32600],
    ['{"jsonrpc":"2.0","method":"ping","id":null}', 400, -32600],
    ['{"jsonrpc":"2.0","method":"ping","id":1.5}', 400, -32600],
    ['{"jsonrpc":"2.0","method":"ping","method":"tools/call","id":1}', 400, -32600],
    ['{"jsonrpc":"2.0","method":"tools/call","id":1,"params":{"name":"a","n\\u0061me":"b"}}', 400, -32600],
    [`{"jsonrpc":"2.0","method":"ping","id":1,"params":{"a":${'['.repeat(200)}${']'.repeat(200)}}}`, 400, -32600],
    [`{"jsonrpc":"2.0","method":"ping","id":1,"params":{"a":[${'0,'.repeat(200_001)}0]}}`, 400, -32600],
  ])('is refused where it is no message: %#', async (body, status, code) => {
    const { url } = await useBridge('legacy');
    const refused = await post(url, body);
    expect([refused.status, refused.messages[0]?.error?.code]).toEqual([status, code]);
  });

  it('is refused under another content type, compressed, at another path and by another method', async () => {
    const { url } = await useBridge('legacy');
    expect((await post(url, initialize, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(url, initialize, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(`${url}/other`, initialize)).status).toBe(404);
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405);
  });

  it.each([
    [undefined, 'a.example', '10.0.0.1', true],
    ['https://a.example', 'a.example', '10.0.0.1', true],
    ['https://a.example:8443', 'a.example:80', '10.0.0.1', true],
    ['https://evil.example', 'a.example', '10.0.0.1', false],
    ['null', 'a.example', '10.0.0.1', false],
    ['https://evil.example', 'evil.example', '127.0.0.1', false],
    ['https://evil.example', 'evil.example', '::ffff:127.0.0.1', false],
    ['http://localhost:3000', 'localhost:8080', '::1', true],
  ])('comes from page %s to host %s at %s: %s', (origin, host, localAddress, expected) => {
    const request = { headers: { host, ...(origin === undefined ? {} : { origin }) }, socket: { localAddress } };
    expect(isFromHere(request as unknown as IncomingMessage)).toBe(expected);
  });

  it('is refused to a page of another host', async () => {
    const { url } = await useBridge('legacy');
    expect((await post(url, initialize, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(url, initialize, { origin: 'null' })).status).toBe(403);
    expect((await post(url, initialize, { origin: 'https://127.0.0.1:1' })).status).toBe(200);
  });

  it('finds no room where others idle: the oldest idle connection gives way', async () => {
    const { url } = await useBridge('legacy', { MCP_MAX_SESSIONS: '1' });
    const { port } = new URL(url);
    const idle: Socket[] = Array.from({ length: 300 }, () => {
      const socket = connect(Number(port), '127.0.0.1').resume();
      return socket.on('error', () => undefined);
    });
    await eventually(() => idle.filter(({ closed }) => closed).length >= 40);
    expect((await post(url, initialize)).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it('is refused where the process does not read, without end to what is kept for it', async () => {
    const { url } = await useBridge('legacy');
    const session = await begin(url);
    await post(url, call('deaf', 'deaf'), session);
    const big = { jsonrpc: '2.0', method: 'notifications/x', params: { text: 'x'.repeat(500_000) } };
    const statuses: number[] = [];
    for (let sent = 0; sent < 12; sent += 1) statuses.push((await post(url, big, session)).status);
    expect(statuses[0]).toBe(202);
    expect(statuses.at(-1)).toBe(503);
  });
});

describe('the end of the pod', () => {
  /** A clock whose time begins when the test says so: the machine decides nothing before. */
  const heldClock = (): { readonly clock: Clock; readonly begin: () => void } => {
    let began: number | undefined;
    const monotonicMs = (): number => (began === undefined ? 0 : systemClock.monotonicMs() - began);
    return { clock: { ...systemClock, monotonicMs }, begin: () => (began = systemClock.monotonicMs()) };
  };

  it('lets what is under way finish, serves what still comes, and then ends the shared process', async () => {
    const { clock, begin: letTimePass } = heldClock();
    const bridge = await useBridge('modern', { MCP_GRACE_SECONDS: '20' }, clock);
    await untilReady(bridge);
    bridge.shim.stopping();
    await eventually(() => bridge.log.some((line) => line.includes('is ending')));
    const { body, headers } = modern(1, 'tools/call', { name: 'echo', arguments: { text: 'still here' } });
    const served = await post(bridge.url, body, headers);
    expect([served.status, served.headers.get('connection')]).toEqual([200, 'close']);
    expect((await fetch(`${bridge.healthUrl}/readyz`)).status).toBe(200);
    letTimePass();
    await eventually(() => bridge.shim.children.size === 0);
    expect(bridge.shim.started).toBe(1);
  });

  it('begins no session any more, and ends one when nothing is under way in it', async () => {
    const { clock, begin: letTimePass } = heldClock();
    const bridge = await useBridge('legacy', { MCP_GRACE_SECONDS: '20' }, clock);
    const session = await begin(bridge.url);
    bridge.shim.stopping();
    await eventually(() => bridge.log.some((line) => line.includes('is ending')));
    expect((await post(bridge.url, initialize)).status).toBe(503);
    expect((await post(bridge.url, call(1, 'echo', { text: 'a' }), session)).status).toBe(200);
    letTimePass();
    await eventually(() => bridge.shim.children.size === 0);
    expect((await post(bridge.url, call(2, 'pid'), session)).status).toBe(404);
  });

  it('gives up what does not finish in time', async () => {
    const bridge = await useBridge('legacy', { MCP_GRACE_SECONDS: '1' });
    const waiting = post(bridge.url, call(1, 'never'), await begin(bridge.url));
    await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
    bridge.shim.stopping();
    expect((await waiting).messages[0]?.error?.message).toBe('server process was ended: the server is ending');
  });

  it('waits for a call when only the bridge is told to end', async () => {
    const bridge = await useBridge('legacy');
    const session = await begin(bridge.url);
    const response = await postRaw(bridge.url, JSON.stringify(call(5, 'sample')), session);
    const stopped = bridge.stop();
    await readUntil(response, (text) => text.includes('sampling/createMessage'));
    await stopped;
    expect(bridge.shim.children.size).toBeLessThanOrEqual(1);
    await eventually(() => bridge.shim.children.size === 0);
  });
});

it('serves again when the container of the server was started anew', async () => {
  const bridge = await useBridge('legacy');
  const session = await begin(bridge.url);
  await bridge.shim.close();
  await eventually(async () => (await ready(bridge.healthUrl))[0] === 503);
  await eventually(async () => (await post(bridge.url, call(1, 'pid'), session)).status === 404);
  expect((await post(bridge.url, initialize)).status).toBe(503);
  await bridge.restartShim();
  await untilReady(bridge);
  await begin(bridge.url);
});

it('lets what the next container serves alone when the one before was ending', async () => {
  const bridge = await useBridge('legacy');
  await untilReady(bridge);
  bridge.shim.stopping();
  await eventually(() => bridge.log.some((line) => line.includes('container of the server is ending')));
  await bridge.shim.close();
  await eventually(async () => (await ready(bridge.healthUrl))[0] === 503);
  await bridge.restartShim();
  await untilReady(bridge);
  const session = await begin(bridge.url);
  // Longer than the grace of the first one.
  await systemClock.sleep(2_500);
  expect((await post(bridge.url, call(1, 'pid'), session)).status).toBe(200);
});

/** The waits before a process starts again are over at once. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep([1, 2, 4, 8, 16, 30].includes(ms / 1000) ? 1 : ms, signal),
};

it.each([
  [9, 9],
  [127, 1],
])('ends the container of a server that answers and ends with %d again and again, with %d', async (code, told) => {
  const bridge = await useBridge('modern', {}, hurried);
  const { body, headers } = modern(1, 'tools/call', { name: 'exit', arguments: { code } });
  await eventually(async () => {
    await post(bridge.url, body, headers);
    return bridge.shim.givenUp.length > 0;
  });
  expect(bridge.shim.givenUp[0]).toEqual({ exit: told, why: `exited with code ${code}` });
  expect(bridge.shim.started).toBeGreaterThanOrEqual(6);
});
