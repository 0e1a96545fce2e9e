import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { systemClock } from '../platform/clock.ts';
import { withBridgeProcess, type BridgeProcess } from './testing/bridge-process.ts';
import { begin, call, modern, post, textOf } from './testing/client.ts';
import { useBridge } from './testing/use-bridge.ts';

/** Long, and with room in a message for what is around it. */
const bytes = 3_500_000;
/** Of the container, in bytes: chart/values.yaml, stdio.resources. */
const memoryLimit = 128 * 1024 * 1024;

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/**
 * Asks several times on one connection, one behind the other, and reads nothing: the kernel keeps some megabytes of a connection,
 * and more only of what it is asked for there.
 */
function ask(url: string, bodies: readonly object[], headers: object): Socket {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  socket.on('error', () => undefined);
  sockets.push(socket);
  const all = {
    host: 'a',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
  };
  for (const body of bodies) {
    const text = JSON.stringify(body);
    const fields = Object.entries({ ...all, 'content-length': text.length }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.write(`POST ${pathname} HTTP/1.1\r\n${fields.join('')}\r\n${text}`);
  }
  return socket;
}

/** What comes until it is enough, or all until it is cut off. */
async function read(socket: Socket, isEnough: (size: number, last: Buffer) => boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (isEnough(size, chunk as Buffer)) break;
  }
  return Buffer.concat(chunks).toString('latin1');
}

async function expectSmall({ health, anonymousBytes }: BridgeProcess): Promise<void> {
  expect(await health()).toBe('200');
  expect(anonymousBytes()).toBeLessThan(memoryLimit);
}

it('answers that many clients do not read do not end the bridge, and another client is answered', async () => {
  await withBridgeProcess('modern', {}, async (bridge) => {
    const { body, headers } = modern(1, 'tools/call', { name: 'huge', arguments: { bytes } });
    for (let client = 1; client <= 14; client += 1) {
      ask(bridge.url, [body, body, body, body], headers);
      // Behind all that were asked before.
      const answer = await post(bridge.url, body, headers);
      expect(textOf(answer.messages[0])).toHaveLength(bytes);
    }
    await expectSmall(bridge);
  });
});

it('a session whose client reads nothing has its process wait, and all of its answers arrive when it reads', async () => {
  await withBridgeProcess('legacy', {}, async (bridge) => {
    const session = await begin(bridge.url);
    const asked = Array.from({ length: 24 }, (_, id) => ask(bridge.url, [call(id, 'huge', { bytes })], session));
    const other = await begin(bridge.url);
    const answer = await post(bridge.url, call(1, 'huge', { bytes }), other);
    expect(textOf(answer.messages[0])).toHaveLength(bytes);
    const texts = await Promise.all(asked.map((one) => read(one, (size) => size > bytes)));
    expect(texts.filter((text) => text.length > bytes)).toHaveLength(asked.length);
    await expectSmall(bridge);
  });
});

it('a call that says more than its client reads at once is not lost (its stream was closed beyond a mebibyte)', async () => {
  const bridge = await useBridge('legacy');
  const stream = ask(bridge.url, [call(1, 'flood', { count: 3_000 })], await begin(bridge.url));
  await systemClock.sleep(1_000);
  const text = await read(stream, (_, last) => last.includes('flooded'));
  expect(text.match(/notifications\/message/g)).toHaveLength(3_000);
});
