import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { behindTheBridge, openWorkshop, type Workshop } from './behind-the-bridge.ts';

interface Published {
  /** A launcher and its package. */
  readonly command: readonly string[];
  /** One of its tools. */
  readonly tool: string;
  /** For a call that changes nothing and asks nobody; absent: it is not called. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** Part of what it answers. */
  readonly answer?: string | RegExp;
}

const npx = (...words: readonly string[]): readonly string[] => ['npx', '-y', ...words];
const official = '@modelcontextprotocol/server';
const thought = { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 };

/** As their maintainers have published them; a version is what was tried. */
const published: readonly Published[] = [
  { command: npx(`${official}-everything@2026.8.31`), tool: 'echo', args: { message: 'again' }, answer: 'again' },
  { command: npx(`${official}-memory@2026.8.31`), tool: 'read_graph', args: {}, answer: 'entities' },
  {
    command: npx(`${official}-filesystem@2026.8.31`, '.'),
    tool: 'list_directory',
    args: { path: '.' },
    answer: 'shim',
  },
  {
    command: npx(`${official}-sequential-thinking@2026.8.31`),
    tool: 'sequentialthinking',
    args: thought,
    answer: 'thoughtNumber',
  },
  { command: npx('@upstash/context7-mcp@4.1.1'), tool: 'resolve-library-id' },
  { command: npx('@eslint/mcp@0.3.13'), tool: 'lint-files' },
  { command: npx('@antv/mcp-server-chart@0.9.10'), tool: 'generate_bar_chart' },
  { command: npx('kubernetes-mcp-server@0.0.67'), tool: 'pods_list' },
  {
    command: ['uvx', 'mcp-server-time==2026.10.19'],
    tool: 'get_current_time',
    args: { timezone: 'UTC' },
    answer: 'datetime',
  },
  {
    command: ['uvx', 'mcp-server-git==2026.10.19'],
    tool: 'git_status',
    args: { repo_path: 'repository' },
    answer: 'status',
  },
  { command: ['uvx', 'mcp-server-fetch==2026.10.24'], tool: 'fetch' },
  { command: ['uvx', 'mcp-server-calculator==0.2.1'], tool: 'calculate', args: { expression: '6*7' }, answer: '42' },
  { command: ['uvx', 'duckduckgo-mcp-server==0.7.0'], tool: 'search' },
];

describe('published servers for stdio, behind the shim and the bridge', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await openWorkshop();
    execFileSync('git', ['init', '--quiet', `${workshop.folder}/repository`]);
  });

  afterAll(() => workshop.close());

  it.each(published)('answer the official client: $command', async ({ command, tool, args, answer = '' }) => {
    await behindTheBridge(workshop, command, async (url) => {
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(new StreamableHTTPClientTransport(new URL(url)));
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toContain(tool);
      if (args !== undefined) {
        const said = await client.callTool({ name: tool, arguments: args });
        expect(JSON.stringify(said)).toMatch(answer);
      }
      await client.close();
    });
  });
});
