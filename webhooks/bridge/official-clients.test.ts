import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, it } from '@jest/globals';
import { eventually, untilReady, useBridge, type RunningBridge } from './testing/use-bridge.ts';

const bothEras = [process.execPath, fileURLToPath(new URL('testing/sdk-server.mjs', import.meta.url))] as const;
const everything = [
  process.execPath,
  fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js')),
  'stdio',
] as const;

async function use(command: readonly [string, ...string[]]): Promise<RunningBridge> {
  const bridge = await useBridge(command);
  await untilReady(bridge);
  return bridge;
}

async function connect({ url }: RunningBridge, mode: 'auto' | 'legacy'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

it.each([
  ['auto', '2026-07-28', 0],
  ['legacy', '2025-11-25', 1],
] as const)('the official client in mode %s speaks %s to a server of both eras', async (mode, version, sessions) => {
  const bridge = await use([...bothEras]);
  const client = await connect(bridge, mode);
  expect(client.getNegotiatedProtocolVersion()).toBe(version);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'grow']);
  expect((await client.callTool({ name: 'echo' })).content).toEqual([{ type: 'text', text: 'again' }]);
  expect(bridge.shim.children.size).toBe(1 + sessions);
  await client.close();
});

it('hears on its subscription that there are other tools', async () => {
  const bridge = await use([...bothEras]);
  const client = await connect(bridge, 'auto');
  let changes = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    changes += 1;
  });
  const subscription = await client.listen({ toolsListChanged: true });
  await client.callTool({ name: 'grow' });
  await eventually(() => changes > 0);
  expect((await client.listTools()).tools).toHaveLength(3);
  await subscription.close();
  await client.close();
});

it('falls back to a session where the server has no other era, and gets its progress there', async () => {
  const bridge = await use([...everything]);
  const client = await connect(bridge, 'auto');
  expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
  const progress: number[] = [];
  const result = await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
    { onprogress: (told) => progress.push(told.progress) },
  );
  expect(result.isError).not.toBe(true);
  expect(progress).toEqual([1, 2, 3]);
  await client.close();
});

it('serves the client of the year before, which answers what the server asks', async () => {
  const bridge = await use([...everything]);
  const client = new OldClient({ name: 'test', version: '1' }, { capabilities: { sampling: {}, roots: {} } });
  const { CreateMessageRequestSchema, ListRootsRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [] }));
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    ...{ role: 'assistant', model: 'test', content: { type: 'text', text: 'sampled' } },
  }));
  const transport = new OldTransport(new URL(bridge.url));
  await client.connect(transport);
  const sampled = await client.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'p', maxTokens: 5 } });
  expect(JSON.stringify(sampled.content)).toContain('sampled');
  await transport.terminateSession();
  await eventually(() => bridge.shim.children.size === 0);
  await client.close();
});
