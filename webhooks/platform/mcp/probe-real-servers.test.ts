import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

import { findFreePort } from '../http/testing/free-port.ts';
import { probeMcpServer } from './probe.ts';
import type { ProbeResult } from './probe.ts';

const require = createRequire(import.meta.url);
const children: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(async () => {
  // a launcher passes SIGTERM on to the real server; SIGKILL would leave that one behind
  for (const child of children.splice(0)) child.kill('SIGTERM');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  children.push(spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } }));
}

/** Asks until it is there: the process needs a moment to start. Minutes are for the machine. */
async function probeUntilVerified(url: string): Promise<ProbeResult> {
  let result: ProbeResult = { state: 'failed', message: 'never asked' };
  while (result.state === 'failed') {
    result = await probeMcpServer({
      ...{ url, clientVersion: '1.2.3', countsOffers: true, timeoutMs: 240_000 },
      signal: new AbortController().signal,
    });
    if (result.state === 'failed') await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return result;
}

describe('a real server', () => {
  it('built with the current SDK is verified in the 2026-07-28 era', async () => {
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'sample', version: '3.1.4' }, { instructions: 'ask gently' });
      server.registerTool('echo', { description: 'says it again' }, () => ({
        content: [{ type: 'text', text: 'again' }],
      }));
      return server;
    });
    // the SDK's own types were not written with exactOptionalPropertyTypes in mind
    const listen = toNodeHandler(handler) as unknown as (...pair: Parameters<RequestListener>) => Promise<void>;
    const server = createServer((request, response) => void listen(request, response));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    expect(await probeUntilVerified(url)).toMatchObject({
      state: 'verified',
      serverInfo: { name: 'sample', version: '3.1.4', protocolVersion: '2026-07-28', capabilities: { tools: true } },
      offers: { tools: 1 },
    });
  });

  it('of the handshake era (server-everything) is verified by initialize', async () => {
    const port = await findFreePort();
    const main = join(require.resolve('@modelcontextprotocol/server-everything/package.json'), '../dist/index.js');
    start(process.execPath, [main, 'streamableHttp'], { PORT: String(port) });
    expect(await probeUntilVerified(`http://127.0.0.1:${port}/mcp`)).toMatchObject({
      state: 'verified',
      serverInfo: { name: 'mcp-servers/everything', protocolVersion: '2025-11-25' },
      offers: { tools: expect.any(Number), resources: expect.any(Number), prompts: expect.any(Number) },
    });
  });

  it('in Go (kubernetes-mcp-server) is verified', async () => {
    const port = await findFreePort();
    const kubeconfig = join(mkdtempSync(join(tmpdir(), 'probe-')), 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'none',
        contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
        clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:1' } }],
        users: [{ name: 'none', user: {} }],
      }),
    );
    const launcher = join(require.resolve('kubernetes-mcp-server/package.json'), '../bin/index.js');
    start(process.execPath, [
      launcher,
      '--port',
      String(port),
      '--bind-address',
      '127.0.0.1',
      '--kubeconfig',
      kubeconfig,
    ]);
    expect(await probeUntilVerified(`http://127.0.0.1:${port}/mcp`)).toMatchObject({
      state: 'verified',
      serverInfo: { capabilities: { tools: true } },
      offers: { tools: expect.any(Number) },
    });
  });
});
