import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { useHeldTime } from '../http/testing/held-time.ts';
import { sendMcpMessage } from './mcp-request.ts';
import type { McpReply } from './mcp-reply.ts';
import { createProbeCost } from './probe-cost.ts';
import type { CpuMeter } from './probe-cost.ts';
import { clusterBudget } from './probe-budget.ts';
import { maxInterim } from './mcp-request.ts';
import { maxMessagesBefore, maxPieces } from './read-answer.ts';

useHeldTime();

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

interface Asked {
  readonly maxAnswerBytes?: number;
  readonly cpuMs?: CpuMeter;
}

function ask(url: string, { maxAnswerBytes = 1024 * 1024, cpuMs = () => 0 }: Asked = {}): Promise<McpReply> {
  return sendMcpMessage({
    url: new URL(url),
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream' },
    body: { jsonrpc: '2.0', id: 1, method: 'initialize' },
    ...{ maxAnswerBytes, timeoutMs: 30_000 },
    cost: createProbeCost({ owner: 'tenant', cpuMs }),
    budget: clusterBudget,
    signal: new AbortController().signal,
  });
}

/** What one body, sent by an HTTP server, becomes. */
async function replyTo(body: string | Buffer, headers: Record<string, string> = {}): Promise<McpReply> {
  const listener: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
  };
  return ask(await listen(createHttpServer(listener)));
}

/** What these bytes, sent on a bare connection after the request came, become. */
async function replyToBytes(bytes: string | Buffer): Promise<McpReply> {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(bytes));
  });
  return ask(await listen(server));
}

/** Lets time pass once what was sent is read, which takes turns of this process and no time. */
async function outlastTheReader(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  jest.advanceTimersToNextTimer();
}

const result = '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}';
const understood = { type: 'result', result: { protocolVersion: '2025-11-25' } };
const chunked = (type: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`;
const inOneByteChunks = (text: string): string => Array.from(text, (byte) => `1\r\n${byte}\r\n`).join('');

describe('an id that cannot become a text (it ended the process)', () => {
  it.each([
    ['an object whose toString is a number', '{"toString":0,"valueOf":0}', 'of type object'],
    ['a list of lists, as deep as is allowed', `${'['.repeat(60)}${']'.repeat(60)}`, 'of type array'],
    ['nothing', 'null', 'null'],
    ['a text with half a character', '"\\ud83e"', '\ufffd'],
  ])('%s is told as another id', async (_, id, told) => {
    const why = `it answered another request than ours (JSON-RPC id ${told})`;
    expect(await replyTo(`{"jsonrpc":"2.0","id":${id},"result":{}}`)).toEqual({ type: 'unusable', why });
  });

  it.each([
    ['that ends', (stream: ServerResponse) => stream.end()],
    ['that stays open', outlastTheReader],
  ])('is told on a stream %s as it is in JSON (it was a stream without an answer, or a time-out)', async (_, then) => {
    const listener: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","id":99,"result":{}}\n\n');
      void then(response);
    };
    const why = 'it answered another request than ours (JSON-RPC id 99)';
    expect(await ask(await listen(createHttpServer(listener)))).toEqual({ type: 'unusable', why });
  });

  it('60,000 lists in lists are too deep, on a stream too', async () => {
    const message = `{"jsonrpc":"2.0","id":${'['.repeat(60_000)}${']'.repeat(60_000)},"result":{}}`;
    const why = `its answer is nested deeper than ${clusterBudget.json.maxDepth} levels`;
    expect(await replyTo(message)).toEqual({ type: 'unusable', why });
    expect(await replyTo(`data: ${message}\n\n`, { 'content-type': 'text/event-stream' })).toEqual({
      type: 'unusable',
      why,
    });
  });
});

describe('an answer that is broken HTTP is told in our words, not in those of Node', () => {
  it.each([
    [
      'a chunk without a size',
      `${chunked('application/json')}zz\r\n`,
      'its answer comes in chunks that are not valid HTTP',
    ],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
      'its answer does not say in one valid way how long it is (Content-Length, Transfer-Encoding)',
    ],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n{}', 'the headers of its answer are not valid HTTP'],
  ])('%s', async (_, bytes, why) => {
    expect(await replyToBytes(bytes)).toMatchObject({ type: 'unreachable', why, cause: 'not-http', isConnected: true });
  });
});

describe('an answer of many values', () => {
  it('is not built: it says how many are too many', async () => {
    const page = `{"jsonrpc":"2.0","id":1,"result":{"tools":[${'{},'.repeat(300_000)}{}]}}`;
    const why = `its answer has more than ${clusterBudget.json.maxTokens} values`;
    expect(await replyTo(page)).toEqual({ type: 'unusable', why });
  });

  it('is kept by its essentials: names of items, bounded texts and values', async () => {
    const item = `{"name":"n","inputSchema":{"type":"object","description":"${'x'.repeat(100)}"}}`;
    const page = `{"jsonrpc":"2.0","id":1,"result":{"tools":[${item},{"name":"${'y'.repeat(500)}"},7],"more":{"a":"${'z'.repeat(50_000)}"}}}`;
    const reply = await replyTo(page);
    expect(reply).toMatchObject({ type: 'result', result: { tools: [{ name: 'n' }, {}, { name: '' }] } });
    expect(JSON.stringify(reply).length).toBeLessThan(10_000);
  });
});

describe('what clients read', () => {
  it.each([
    ['JSON after a byte order mark', () => replyTo(`\ufeff${result}`)],
    [
      'a stream after a byte order mark',
      () => replyTo(`\ufeffdata: ${result}\n\n`, { 'content-type': 'text/event-stream' }),
    ],
    ['JSON compressed unasked', () => replyTo(gzipSync(result), { 'content-encoding': 'gzip' })],
    [
      'HTTP/1.0 that ends with its connection',
      () => replyToBytes(`HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${result}`),
    ],
    ['our number as a text', () => replyTo(result.replace('"id":1', '"id":"1"'))],
    [
      'an answer after early hints',
      () =>
        replyToBytes(
          `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${result.length}\r\n\r\n${result}`,
        ),
    ],
    [
      'a stream in chunks of one byte',
      () => replyToBytes(`${chunked('text/event-stream')}${inOneByteChunks(`data: ${result}\r\n\r\n`)}0\r\n\r\n`),
    ],
  ])('%s is understood', async (_, reply) => {
    expect(await reply()).toMatchObject(understood);
  });
});

describe('what is bounded', () => {
  const long = 'x'.repeat(300_000);

  it.each([
    [
      'a text that inflates',
      () => replyTo(gzipSync(Buffer.alloc(4 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
      'its answer is longer than 1048576 bytes',
    ],
    [
      'what is not compressed as it says',
      () => replyTo(result, { 'content-encoding': 'gzip' }),
      'its answer is not compressed as it says',
    ],
    [
      'an encoding that clients do not ask for',
      () => replyTo(result, { 'content-encoding': 'constructor' }),
      'its answer is compressed (constructor), which was not asked for',
    ],
    [
      'chunks of one byte',
      () => replyToBytes(`${chunked('text/event-stream')}${inOneByteChunks(long)}`),
      `its answer comes in more than ${maxPieces} pieces`,
    ],
    [
      'a line without end',
      () => replyToBytes(`${chunked('text/event-stream')}${`ffff\r\n${'x'.repeat(0xffff)}\r\n`.repeat(20)}`),
      'its answer is longer than 1048576 bytes',
    ],
    [
      'empty events',
      () => replyTo('data: 1\n\n'.repeat(maxMessagesBefore + 1), { 'content-type': 'text/event-stream' }),
      `more than ${maxMessagesBefore} messages came before its answer`,
    ],
    [
      'early hints without end',
      () => replyToBytes('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10_000)),
      `more than ${maxInterim} interim answers (HTTP 1xx) came before its answer`,
    ],
    [
      'another protocol',
      () => replyToBytes('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
      'it answered HTTP 101 to change the protocol',
    ],
  ])('%s ends in a verdict', async (_, reply, why) => {
    expect(await reply()).toEqual({ type: 'unusable', why });
  });

  it('floods of headers, trailers and chunk extensions end in a verdict', async () => {
    const flood = 'x: y\r\n'.repeat(10_000);
    expect(await replyToBytes(`HTTP/1.1 200 OK\r\n${flood}`)).toMatchObject({
      type: 'unreachable',
      cause: 'headers-too-long',
    });
    const json = `${chunked('application/json')}${result.length.toString(16)}`;
    expect((await replyToBytes(`${json}\r\n${result}\r\n0\r\n${flood}`)).type).toBe('unreachable');
    expect((await replyToBytes(`${json};${'x'.repeat(100_000)}`)).type).toBe('unreachable');
  });

  it('CPU time ends an answer that is too dear, by a meter and not by the clock', async () => {
    let spent = 0;
    const cpuMs = (): number => (spent += 200);
    const why = 'reading its answers takes more than 250 ms of CPU time';
    const dear = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        if (response.write('data: 1\n\n') && !response.destroyed) setImmediate(more);
      };
      more();
    });
    expect(await ask(await listen(dear), { cpuMs })).toEqual({ type: 'unusable', why });
  });
});
