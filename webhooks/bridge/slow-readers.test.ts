import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import { systemClock } from '../platform/clock.ts';
import { withBridgeProcess, type BridgeProcess } from './testing/bridge-process.ts';
import { begin, call, messagesOf, modern, post, textOf } from './testing/client.ts';
import { useBridge } from './testing/use-bridge.ts';

/** Long, and with room in a message for what is around it. */
const bytes = 3_500_000;
/** Of the container, in bytes: chart/values.yaml, stdio.resources. */
const memoryLimit = 128 * 1024 * 1024;

const unread: IncomingMessage[] = [];

afterEach(() => {
  for (const response of unread.splice(0)) response.destroy();
});

/** An answer of which nothing is read yet: its headers are there, and what the kernel takes of it. */
async function ask(url: string, body: object, headers: object): Promise<IncomingMessage> {
  const { hostname, port, pathname: path } = new URL(url);
  const accept = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const asked = request({ hostname, port, path, method: 'POST', agent: false, headers: { ...accept, ...headers } });
  asked.on('error', () => undefined).end(JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  unread.push(response);
  return response.on('error', () => undefined);
}

/** All of an answer; undefined when it was cut off. */
async function read(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return response.complete ? Buffer.concat(chunks).toString('utf8') : undefined;
}

async function expectSmall({ health, anonymousBytes }: BridgeProcess): Promise<void> {
  expect(await health()).toBe('200');
  expect(anonymousBytes()).toBeLessThan(memoryLimit);
}

it('answers to a hundred clients that do not read them do not end the bridge, and another client is answered', async () => {
  await withBridgeProcess('modern', {}, async (bridge) => {
    const { body, headers } = modern(1, 'tools/call', { name: 'huge', arguments: { bytes } });
    for (let client = 1; client <= 100; client += 1) await ask(bridge.url, body, headers);
    const answer = await post(bridge.url, body, headers);
    expect(textOf(answer.messages[0])).toHaveLength(bytes);
    await expectSmall(bridge);
  });
}, 120_000);

it('a session whose client reads nothing has its process wait, and all of its answers arrive when it reads', async () => {
  await withBridgeProcess('legacy', {}, async (bridge) => {
    const session = await begin(bridge.url);
    const asked = Array.from({ length: 24 }, (_, id) => ask(bridge.url, call(id, 'huge', { bytes }), session));
    await Promise.race(asked);
    await expectSmall(bridge);
    const texts = await Promise.all(asked.map(async (one) => textOf(messagesOf((await read(await one)) ?? '{}')[0])));
    expect(texts.map((text) => text?.length)).toEqual(asked.map(() => bytes));
    await expectSmall(bridge);
  });
}, 120_000);

it('a call that says more than its client reads at once is not lost (its stream was closed beyond a mebibyte)', async () => {
  const bridge = await useBridge('legacy');
  const stream = await ask(bridge.url, call(1, 'flood', { count: 3_000 }), await begin(bridge.url));
  await systemClock.sleep(500);
  const messages = messagesOf((await read(stream)) ?? '');
  expect(messages).toHaveLength(3_001);
  expect(textOf(messages.at(-1))).toBe('flooded');
}, 60_000);
