import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { withBridgeProcess } from './testing/bridge-process.ts';
import { begin, call, modern, post, postRaw } from './testing/client.ts';

/** 285 KB that cost some seven MiB when they are parsed. */
const values = { a: Array.from({ length: 95_000 }, () => ({})) };

/** Sent one after the other, and never answered. */
async function sendAll(url: string, request: (id: number) => { readonly body: object; readonly headers: object }) {
  const over = new AbortController();
  const sent: Promise<unknown>[] = [];
  for (let id = 1; id <= 24; id += 1) {
    const { body, headers } = request(id);
    sent.push(postRaw(url, JSON.stringify(body), { ...headers }, over.signal).catch(() => undefined));
    // It has been read once a smaller one behind it is answered.
    const ping = modern(`ping ${id}`, 'ping');
    await post(url, ping.body, ping.headers).catch(() => undefined);
  }
  return async () => {
    over.abort();
    await Promise.all(sent);
  };
}

it('calls that wait for their tool do not keep what was parsed, which ended the bridge', async () => {
  await withBridgeProcess('legacy', {}, async ({ url, health }) => {
    const headers = await begin(url);
    const end = await sendAll(url, (id) => ({ body: call(id, 'never', values), headers }));
    expect(await health()).toBe('200');
    await end();
    expect(await health()).toBe('200');
  });
});

it('nor do those to a process that all clients share', async () => {
  await withBridgeProcess('modern', {}, async ({ url, health }) => {
    const end = await sendAll(url, (id) => modern(id, 'tools/call', { name: 'never', arguments: values }));
    expect(await health()).toBe('200');
    await end();
    expect(await health()).toBe('200');
  });
});

it('an initialize of any length is not kept until its process has started', async () => {
  await withBridgeProcess('legacy', {}, async ({ url, health }) => {
    const params = { protocolVersion: '2025-06-18', capabilities: values, clientInfo: { name: 'x', version: '1' } };
    const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
    const answers = await Promise.all(Array.from({ length: 16 }, () => post(url, body)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 413));
    expect(await health()).toBe('200');
  });
});

it('serves messages of the greatest length that the schema allows, with a sign that makes each of them take two bytes', async () => {
  const { maximum } = fieldOfSchema();
  await withBridgeProcess('modern', { MCP_MAX_MESSAGE_BYTES: String(maximum) }, async ({ url, health }) => {
    const text = `\u4e2d${'x'.repeat(maximum - 1_000)}`;
    const { body, headers } = modern(1, 'tools/call', { name: 'echo', arguments: { text } });
    for (let n = 0; n < 4; n += 1) expect((await post(url, body, headers)).status).toBe(200);
    expect(await health()).toBe('200');
  });
});

function fieldOfSchema(): { readonly maximum: number } {
  const source = readFileSync(new URL('../../crds/source/mcpserver.yaml', import.meta.url), 'utf8');
  const [, maximum] = /maxMessageBytes:[^]*?maximum: (\d+)/.exec(source) ?? [];
  return { maximum: Number(maximum) };
}
