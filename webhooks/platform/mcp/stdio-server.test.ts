import { expect, it } from '@jest/globals';
import { listToolsOfProcess } from './stdio-server.ts';

/** Lists pages of a megabyte, without an end. */
const endless = `
process.stdin.once('data', () => {}).on('data', (chunk) => {
  for (const line of chunk.toString().split('\\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line);
    const result = method === 'tools/list'
      ? { tools: [{ name: 'a', description: 'x'.repeat(1e6) }], nextCursor: 'more' }
      : { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } };
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }
});`;

it('a process that lists without an end is stopped at four MiB, as a server is (64 pages of them were kept)', async () => {
  const limits = {
    timeoutMs: 30_000,
    clientVersion: '1',
    json: { maxTokens: 1_000, maxDepth: 9 },
    maxBytes: 2_000_000,
  };
  const listed = await listToolsOfProcess({
    command: process.execPath,
    args: ['-e', endless],
    env: process.env,
    ...limits,
  });
  expect(listed).toEqual({ type: 'failed', why: 'tools/list is longer than 4194304 bytes' });
});
