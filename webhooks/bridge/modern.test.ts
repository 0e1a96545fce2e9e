import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { messagesOf, modern, post, postRaw, readUntil, textOf } from './testing/client.ts';
import { eventually, untilReady, useBridge, type RunningBridge } from './testing/use-bridge.ts';

function ask({ url }: Pick<RunningBridge, 'url'>, ...request: Parameters<typeof modern>): ReturnType<typeof post> {
  const { body, headers } = modern(...request);
  return post(url, body, headers);
}

function open({ url }: RunningBridge, signal: AbortSignal, ...request: Parameters<typeof modern>): Promise<Response> {
  const { body, headers } = modern(...request);
  return postRaw(url, JSON.stringify(body), headers, signal);
}

async function useModern(env: Readonly<Record<string, string>> = {}): Promise<RunningBridge> {
  const bridge = await useBridge('modern', env);
  await untilReady(bridge);
  return bridge;
}

it('serves everybody by the one process that was probed', async () => {
  const bridge = await useModern();
  const pids = await Promise.all(Array.from({ length: 20 }, (_, id) => ask(bridge, id, 'tools/call', { name: 'pid' })));
  expect(new Set(pids.map(({ messages: [answer] }) => textOf(answer))).size).toBe(1);
  expect([bridge.shim.started, bridge.shim.children.size]).toEqual([1, 1]);
});

it.each(['server/discover', 'tools/list'])(
  'refuses a revision that the server does not offer, which a server on standard input may answer in another: %s',
  async (method) => {
    const bridge = await useModern();
    const version = '2099-01-01';
    const { body, headers } = modern(1, method, { _meta: { 'io.modelcontextprotocol/protocolVersion': version } });
    const refused = await post(bridge.url, body, { ...headers, 'mcp-protocol-version': version });
    const [answer] = refused.messages;
    expect([refused.status, answer?.id, answer?.error?.code, answer?.error?.data]).toEqual([
      400,
      1,
      -32022,
      { supported: ['2026-07-28'], requested: version },
    ]);
  },
);

it('gives each client the answer to its own request, though all choose the same id', async () => {
  const bridge = await useModern();
  const texts = Array.from({ length: 30 }, (_, index) => `text ${index}`);
  const answers = await Promise.all(
    texts.map((text) => ask(bridge, 'same', 'tools/call', { name: 'echo', arguments: { text } })),
  );
  expect(answers.map(({ messages: [answer] }) => textOf(answer))).toEqual(texts);
  expect(new Set(answers.map(({ messages: [answer] }) => answer?.id))).toEqual(new Set(['same']));
});

it('changes nothing of an answer but its id', async () => {
  const { text } = await ask(await useModern(), 'a', 'tools/call', { name: 'raw' });
  expect(text).toBe(
    '{ "result" : {"content":[ {"text":"é\\u00e9 1.0","type":"text"} ],"n":1.0}, "jsonrpc":"2.0" , "id" :"a"}',
  );
});

it('brings progress back under the token of its client, of whatever type', async () => {
  const bridge = await useModern();
  const tokens = ['t', 't', 7];
  const answers = await Promise.all(
    tokens.map((progressToken) => ask(bridge, 1, 'tools/call', { name: 'progress', _meta: { progressToken } })),
  );
  expect(answers.map(({ messages: [progress] }) => progress?.params?.['progressToken'])).toEqual(tokens);
});

it('brings a log message to the one request that wants it, and to nobody when there are two', async () => {
  const bridge = await useModern();
  const _meta = { 'io.modelcontextprotocol/logLevel': 'info' };
  const alone = await ask(bridge, 1, 'tools/call', { name: 'log', _meta });
  expect(alone.messages.map(({ method }) => method)).toEqual(['notifications/message', undefined]);
  const over = new AbortController();
  const other = open(bridge, over.signal, 1, 'tools/call', { name: 'never', _meta }).catch(() => undefined);
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  const beside = await ask(bridge, 1, 'tools/call', { name: 'log', _meta });
  expect(beside.messages.map(({ method }) => method)).toEqual([undefined]);
  over.abort();
  await other;
});

it('tells apart the streams of subscriptions of several clients, and ends one when its client goes', async () => {
  const bridge = await useModern();
  const over = new AbortController();
  const streams = await Promise.all(
    ['a', 1].map((id) =>
      open(bridge, over.signal, id, 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
    ),
  );
  const subscription = 'io.modelcontextprotocol/subscriptionId';
  for (const [index, stream] of streams.entries()) {
    const text = await readUntil(stream, (soFar) => messagesOf(soFar).length === 2);
    const ids = messagesOf(text).map(({ params }) => (params?.['_meta'] as Record<string, unknown>)[subscription]);
    expect(ids).toEqual(index === 0 ? ['a', 'a'] : [1, 1]);
  }
  over.abort();
  await eventually(() => readFileSync(bridge.received, 'utf8').split('notifications/cancelled').length === 3);
});

it('tells the server that a client has gone before its answer', async () => {
  const bridge = await useModern();
  const over = new AbortController();
  const waiting = open(bridge, over.signal, 'x', 'tools/call', { name: 'never' }).catch(() => undefined);
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  over.abort();
  await waiting;
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('notifications/cancelled'));
});

it('keeps a cancellation of one client from what another one has asked under that number', async () => {
  const bridge = await useModern();
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'notifications/cancelled' };
  expect((await post(bridge.url, cancelled, headers)).status).toBe(202);
  await ask(bridge, 1, 'tools/call', { name: 'pid' });
  expect(readFileSync(bridge.received, 'utf8')).not.toContain('notifications/cancelled');
});

it('passes a method that it does not know, and answers 404 when the server does not know it either', async () => {
  const bridge = await useModern();
  const unknown = await ask(bridge, 1, 'vendor/thing', { a: 1 });
  expect([unknown.status, unknown.messages[0]?.error?.code]).toEqual([404, -32601]);
  expect(readFileSync(bridge.received, 'utf8')).toContain('"method":"vendor/thing"');
});

it('refuses what a server asks that all clients share, because it would be asked of somebody', async () => {
  const bridge = await useModern();
  const { messages } = await ask(bridge, 1, 'tools/call', { name: 'sample' });
  expect(textOf(messages[0])).toContain('-32601');
});

it('refuses 2026-07-28 with what is spoken where the server has sessions', async () => {
  const bridge = await useBridge('legacy');
  await untilReady(bridge);
  const refused = await ask(bridge, 1, 'tools/list');
  expect(refused.status).toBe(400);
  expect(refused.messages[0]?.error).toMatchObject({
    code: -32022,
    data: { supported: ['2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'], requested: '2026-07-28' },
  });
});

it('speaks the handshake era only where each session has to have its process', async () => {
  const bridge = await useBridge('legacy', { MCP_SESSIONS: 'PerSession' });
  await untilReady(bridge);
  expect(readFileSync(bridge.received, 'utf8')).not.toContain('server/discover');
  expect((await ask(bridge, 1, 'tools/list')).status).toBe(400);
});

it('has no stream for who has no session: clients go on without it', async () => {
  const bridge = await useModern();
  const response = await fetch(bridge.url, { headers: { accept: 'text/event-stream' } });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
});

it('answers what waits when the shared process ends, starts it again, and stays ready meanwhile', async () => {
  const bridge = await useModern();
  const waiting = ask(bridge, 'w', 'tools/call', { name: 'never' });
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  const ended = await ask(bridge, 'e', 'tools/call', { name: 'exit', arguments: { code: 4 } });
  const error = { code: -32603, message: 'server process exited with code 4' };
  expect(ended.messages).toEqual([{ jsonrpc: '2.0', id: 'e', error }]);
  expect((await waiting).messages).toEqual([{ jsonrpc: '2.0', id: 'w', error }]);
  const meanwhile = await ask(bridge, 1, 'tools/list');
  expect([meanwhile.status, meanwhile.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(`${bridge.healthUrl}/readyz`)).status).toBe(200);
  await eventually(async () => (await ask(bridge, 1, 'tools/list')).status === 200);
  expect(await (await fetch(`${bridge.metricsUrl}/metrics`)).text()).toMatch(
    /mcp_bridge_child_restarts_total\{reason="exited",program="bridge"\} 1/,
  );
});
