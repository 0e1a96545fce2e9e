import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { begin, call, post, textOf } from './testing/client.ts';
import { eventually, untilReady, useBridge } from './testing/use-bridge.ts';

/** As many connections as there may be with 16 sessions, but for those of somebody else. */
const slow = 280;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Sends the beginning of a request, and then nothing; resolves when it has left. */
async function sendHalf(url: string, text: string): Promise<void> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  sockets.push(socket);
  // Whoever gives way is cut off.
  await new Promise((resolve) => {
    socket.on('error', resolve).resume();
    socket.write(text, resolve);
  });
}

const head = 'POST /mcp HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';

it.each([
  ['headers', head],
  ['bodies', `${head}content-length: 1000\r\n\r\n{`],
  // Together more than all bodies may take: others were answered 503 for as long as there was somebody to send these.
  ['long bodies', `${head}content-length: 4000000\r\n\r\n{"a":"${'x'.repeat(100_000)}`],
])('answers others while as many as there may be never come to the end of their %s', async (_, text) => {
  const bridge = await useBridge('legacy');
  await untilReady(bridge);
  const session = await begin(bridge.url);
  await Promise.all(Array.from({ length: slow }, () => sendHalf(bridge.url, text)));
  for (let id = 1; id <= 5; id += 1) {
    const long = 'x'.repeat(1_000_000);
    const answer = await post(bridge.url, call(id, 'echo', { text: long }), session);
    expect([answer.status, textOf(answer.messages[0])?.length]).toEqual([200, long.length]);
  }
  await eventually(async () => (await fetch(`${bridge.healthUrl}/readyz`)).ok);
});
