import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../platform/clock.ts';
import { createFakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import { begin, call, initialize, messagesOf, post, postRaw, readUntil, textOf } from './testing/client.ts';
import { eventually, untilReady, useBridge } from './testing/use-bridge.ts';

it('is ready when the server has answered once, and has ended that process of the handshake era', async () => {
  const bridge = await useBridge('legacy');
  await untilReady(bridge);
  await eventually(() => bridge.shim.children.size === 0);
  expect(bridge.log.join('')).toContain('"era":"legacy","version":"2025-06-18"');
});

it('has a process for each session, and ids of one client are nothing to the other', async () => {
  const bridge = await useBridge('legacy');
  const [one, other] = [await begin(bridge.url), await begin(bridge.url)];
  const pids = await Promise.all([one, other].map((headers) => post(bridge.url, call(1, 'pid'), headers)));
  const [first, second] = pids.map(({ messages: [answer] }) => textOf(answer));
  expect(first).toMatch(/^\d+$/);
  expect(second).toMatch(/^\d+$/);
  expect(first).not.toBe(second);
});

it('passes what the server writes byte by byte', async () => {
  const { url } = await useBridge('legacy');
  const answer = await post(url, call('ä"1', 'raw'), await begin(url));
  expect(answer.text).toBe(
    '{ "result" : {"content":[ {"text":"é\\u00e9 1.0","type":"text"} ],"n":1.0}, "jsonrpc":"2.0" , "id" :"ä\\"1"}',
  );
});

it('passes what a client sends byte by byte, on one line', async () => {
  const bridge = await useBridge('legacy');
  const sent =
    '{"jsonrpc":"2.0",\r\n "id":1.0e0,\n"method":"tools/call","params":{"name":"echo","arguments":{"n":1.0}}}';
  await post(bridge.url, sent, await begin(bridge.url));
  expect(readFileSync(bridge.received, 'utf8').split('\n')).toContain(sent.replaceAll(/[\r\n]/g, ' '));
});

it('streams what comes before an answer, and answers as JSON when nothing does', async () => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  const plain = await post(url, call(1, 'echo', { text: 'a' }), session);
  expect(plain.headers.get('content-type')).toBe('application/json');
  const streamed = await post(url, call(2, 'progress', {}, { progressToken: 'mine' }), session);
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  expect(streamed.messages).toEqual([
    expect.objectContaining({ method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } }),
    expect.objectContaining({ id: 2, result: { content: [{ type: 'text', text: 'done' }] } }),
  ]);
});

it('brings progress to the request whose token it names, among several', async () => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  const over = new AbortController();
  const waiting = postRaw(url, JSON.stringify(call(1, 'never')), session, over.signal).catch(() => undefined);
  const { messages } = await post(url, call(2, 'progress', {}, { progressToken: 7 }), session);
  expect(messages.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
  over.abort();
  await waiting;
});

it('has a client answer what the server asks it', async () => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  const response = await postRaw(url, JSON.stringify(call(5, 'sample')), session);
  let told = false;
  const text = await readUntil(response, (soFar) => {
    const [asked] = messagesOf(soFar);
    if (asked?.method !== 'sampling/createMessage') return false;
    if (!told) {
      told = true;
      post(url, { jsonrpc: '2.0', id: asked.id, result: { model: 'm' } }, session).catch(() => undefined);
    }
    return messagesOf(soFar).length === 2;
  });
  expect(textOf(messagesOf(text)[1])).toBe('{"model":"m"}');
});

it('brings what belongs to no request on the stream of the session, also what came before it was opened', async () => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  // Of a client that takes no stream, so there is nowhere else for it.
  await post(url, call(1, 'changed'), { ...session, accept: 'application/json' });
  const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream' } });
  expect(stream.status).toBe(200);
  const text = await readUntil(stream, (soFar) => soFar.includes('list_changed'));
  expect(messagesOf(text)).toEqual([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }]);
});

it('ends a session when its client says so, and its process with it', async () => {
  const bridge = await useBridge('legacy');
  await untilReady(bridge);
  const session = await begin(bridge.url);
  await eventually(() => bridge.shim.children.size === 1);
  expect((await fetch(bridge.url, { method: 'DELETE', headers: session })).status).toBe(200);
  await eventually(() => bridge.shim.children.size === 0);
  expect((await post(bridge.url, call(1, 'pid'), session)).status).toBe(404);
});

it('knows no session that it did not begin', async () => {
  const { url } = await useBridge('legacy');
  const unknown = await post(url, call(1, 'pid'), { 'mcp-session-id': 'f'.repeat(32) });
  expect([unknown.status, unknown.messages[0]?.error?.code]).toEqual([404, -32001]);
  const without = await post(url, call(1, 'pid'));
  expect([without.status, without.messages[0]?.id]).toEqual([400, 1]);
});

it('has a session for the credentials alone that it was begun with: another user of its id finds none', async () => {
  const { url } = await useBridge('legacy');
  const mine = await begin(url, { authorization: 'Bearer mine' });
  expect((await post(url, call(1, 'pid'), mine)).status).toBe(200);
  expect((await post(url, call(2, 'pid'), { ...mine, authorization: 'Bearer yours' })).status).toBe(404);
  const without = { 'mcp-session-id': mine['mcp-session-id'] ?? '' };
  expect((await post(url, call(3, 'pid'), without)).status).toBe(404);
  expect((await fetch(url, { method: 'DELETE', headers: without })).status).toBe(404);
  expect((await post(url, call(4, 'pid'), mine)).status).toBe(200);
});

it('refuses one session more than there may be, and has room again when one ends', async () => {
  const bridge = await useBridge('legacy', { MCP_MAX_SESSIONS: '2' });
  await untilReady(bridge);
  const [first] = [await begin(bridge.url), await begin(bridge.url)];
  const refused = await post(bridge.url, initialize);
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('mcp-session-id')]).toEqual([
    503,
    '1',
    null,
  ]);
  await fetch(bridge.url, { method: 'DELETE', headers: first });
  await begin(bridge.url);
});

it('tells the server that a client has gone before its answer, and frees the id', async () => {
  const bridge = await useBridge('legacy');
  const session = await begin(bridge.url);
  const over = new AbortController();
  const waiting = postRaw(bridge.url, JSON.stringify(call(9, 'never')), session, over.signal).catch(() => undefined);
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  over.abort();
  await waiting;
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"requestId":9'));
  expect(textOf((await post(bridge.url, call(9, 'echo', { text: 'again' }), session)).messages[0])).toBe('again');
});

it('ends the stream of a request that its client cancels', async () => {
  const bridge = await useBridge('legacy');
  const session = await begin(bridge.url);
  const waiting = post(bridge.url, call(9, 'never'), session);
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
  expect((await post(bridge.url, cancelled, session)).status).toBe(202);
  expect((await waiting).messages).toEqual([]);
});

it('refuses an id that is in use', async () => {
  const bridge = await useBridge('legacy');
  const session = await begin(bridge.url);
  const over = new AbortController();
  const waiting = postRaw(bridge.url, JSON.stringify(call(9, 'never')), session, over.signal).catch(() => undefined);
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  expect((await post(bridge.url, call(9, 'echo'), session)).status).toBe(400);
  over.abort();
  await waiting;
});

it.each([
  ['exit', { code: 3 }, 'server process exited with code 3'],
  ['kill', {}, 'server process was ended by SIGKILL'],
])('answers what waits when the process ends by %s, and forgets the session', async (tool, args, message) => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream' } });
  const answer = await post(url, call(1, tool, args), session);
  expect(answer.messages).toEqual([{ jsonrpc: '2.0', id: 1, error: { code: -32603, message } }]);
  expect(await stream.text()).toBe('');
  expect((await post(url, call(2, 'pid'), session)).status).toBe(404);
});

it('has no session where the server refuses to begin one', async () => {
  const bridge = await useBridge('modern');
  await untilReady(bridge);
  const refused = await post(bridge.url, initialize);
  expect([refused.messages[0]?.error?.code, refused.headers.get('mcp-session-id')]).toEqual([-32022, null]);
  await eventually(() => bridge.shim.children.size === 1);
});

it('gives a process up that does not answer initialize in time', async () => {
  const startMs = 1_234_000;
  let isOver = false;
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(isOver && ms === startMs ? 1 : ms, signal),
  };
  const env = { MCP_START_SECONDS: String(startMs / 1_000) };
  const bridge = await useBridge((nth) => (nth === 1 ? 'legacy' : 'silent'), env, clock);
  await untilReady(bridge);
  isOver = true;
  const late = await post(bridge.url, initialize);
  expect(late.messages[0]?.error?.message).toBe('server process did not answer initialize in time');
  await eventually(() => bridge.shim.children.size === 0);
});

it('ends the process of a client that goes while its session begins', async () => {
  const bridge = await useBridge((nth) => (nth === 1 ? 'legacy' : 'silent'));
  await untilReady(bridge);
  const { port } = new URL(bridge.url);
  const socket = connect(Number(port), '127.0.0.1');
  const body = JSON.stringify(initialize);
  socket.write(
    `POST /mcp HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await eventually(() => bridge.shim.children.size === 1);
  socket.destroy();
  await eventually(() => bridge.shim.children.size === 0);
});

it('opens a newer stream instead of the older one: who comes back has lost the other', async () => {
  const { url } = await useBridge('legacy');
  const session = await begin(url);
  const open = (): Promise<Response> => fetch(url, { headers: { ...session, accept: 'text/event-stream' } });
  const [older, newer] = [await open(), await open()];
  expect(await older.text()).toBe('');
  await post(url, call(1, 'changed'), { ...session, accept: 'application/json' });
  expect(await readUntil(newer, (text) => text.includes('list_changed'))).toContain('list_changed');
});

it('ends sessions that nobody uses, but not one with a stream or a request', async () => {
  const clock = createFakeClock();
  const sessions = new Sessions({ max: 9, idleMs: 1_000, clock });
  const ended: string[] = [];
  const aSession = (name: string, isIdle: boolean): Session => ({
    ...{ isOver: false, isIdle, isQuiet: isIdle, ask: () => undefined, abandon: () => undefined, tell: () => true },
    ...{ listen: () => undefined, close: () => ended.push(name) },
  });
  sessions.add(aSession('unused', true), undefined);
  const used = sessions.add(aSession('used', true), undefined);
  sessions.add(aSession('with a stream', false), undefined);
  await clock.advance(999);
  sessions.sweep();
  expect(ended).toEqual([]);
  sessions.find(used, undefined);
  await clock.advance(1);
  sessions.sweep();
  expect(ended).toEqual(['unused']);
  await clock.advance(1_000);
  sessions.sweep();
  expect([ended, sessions.count]).toEqual([['unused', 'used'], 1]);
});
