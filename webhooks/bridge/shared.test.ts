import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { begin, call, initialize, post, postRaw, readUntil, textOf } from './testing/client.ts';
import { eventually, untilReady, useBridge, type RunningBridge } from './testing/use-bridge.ts';

async function useShared(): Promise<RunningBridge> {
  const bridge = await useBridge('legacy', { MCP_SESSIONS: 'Shared' });
  await untilReady(bridge);
  return bridge;
}

it('greets the process once, and every client with what it said', async () => {
  const bridge = await useShared();
  const [one, other] = await Promise.all([post(bridge.url, initialize), post(bridge.url, { ...initialize, id: 'x' })]);
  expect(one.messages[0]).toMatchObject({ id: 0, result: { protocolVersion: '2025-06-18' } });
  expect(other.messages[0]).toMatchObject({ id: 'x', result: { protocolVersion: '2025-06-18' } });
  expect(one.headers.get('mcp-session-id')).not.toBe(other.headers.get('mcp-session-id'));
  const received = readFileSync(bridge.received, 'utf8');
  expect(received.match(/"initialize"/g)).toHaveLength(1);
  expect(received.match(/notifications\/initialized/g)).toHaveLength(1);
});

it('is one process for all sessions, each with its own answers', async () => {
  const bridge = await useShared();
  const sessions = await Promise.all([begin(bridge.url), begin(bridge.url)]);
  const pids = await Promise.all(sessions.map((session) => post(bridge.url, call(1, 'pid'), session)));
  expect(new Set(pids.map(({ messages: [answer] }) => textOf(answer))).size).toBe(1);
  const texts = ['a', 'b'];
  const echoes = await Promise.all(
    sessions.map((session, index) => post(bridge.url, call(1, 'echo', { text: texts[index] }), session)),
  );
  expect(echoes.map(({ messages: [answer] }) => textOf(answer))).toEqual(texts);
});

it('asks no client what the server asks, because it would be asked of somebody', async () => {
  const bridge = await useShared();
  const answer = await post(bridge.url, call(1, 'sample'), await begin(bridge.url));
  expect(textOf(answer.messages[0])).toContain('-32601');
});

it('tells every session what belongs to no request', async () => {
  const { url } = await useShared();
  const sessions = await Promise.all([begin(url), begin(url)]);
  const streams = await Promise.all(
    sessions.map((session) => fetch(url, { headers: { ...session, accept: 'text/event-stream' } })),
  );
  await post(url, call(1, 'changed'), sessions[0]);
  for (const stream of streams) {
    expect(await readUntil(stream, (text) => text.includes('list_changed'))).toContain('list_changed');
  }
});

it('cancels for the client that has gone, by the number that the process knows', async () => {
  const bridge = await useShared();
  const session = await begin(bridge.url);
  const over = new AbortController();
  const waiting = postRaw(bridge.url, JSON.stringify(call('mine', 'never')), session, over.signal).catch(
    () => undefined,
  );
  await eventually(() => readFileSync(bridge.received, 'utf8').includes('"never"'));
  over.abort();
  await waiting;
  await eventually(() =>
    /"notifications\/cancelled","params":\{"requestId":\d+,/.test(readFileSync(bridge.received, 'utf8')),
  );
});

it('forgets all sessions when the process ends', async () => {
  const bridge = await useShared();
  const [one, other] = await Promise.all([begin(bridge.url), begin(bridge.url)]);
  const ended = await post(bridge.url, call(1, 'exit', { code: 2 }), one);
  expect(ended.messages[0]?.error?.message).toBe('server process exited with code 2');
  expect((await post(bridge.url, call(1, 'pid'), other)).status).toBe(404);
  await eventually(() => bridge.shim.started === 2);
});

it('is one process also for clients that begin while it starts again', async () => {
  const bridge = await useShared();
  const session = await begin(bridge.url);
  await post(bridge.url, call(1, 'exit', { code: 2 }), session);
  const early = await post(bridge.url, initialize);
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
  expect(bridge.shim.started).toBe(1);
});
