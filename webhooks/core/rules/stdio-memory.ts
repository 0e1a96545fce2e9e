import type { Rule } from '../engine/rule.ts';
import { none } from '../engine/violations.ts';
import { stdioOf } from '../mcpserver/stdio.ts';
import { toNano } from './parts/quantity.ts';

const path = ['spec', 'extensions', 'stdio', 'maxSessions'];

/** What a process of Node or Python takes at least that has loaded an SDK of MCP, in bytes. */
const leastMebibytes = 32;

/** Billionths of a byte in a mebibyte: as quantities are compared. */
const mebibyte = 1024n * 1024n * 1_000_000_000n;

const command = ['node', '/app/server.js'];
const withMemory = (memory: string): Readonly<Record<string, unknown>> => ({
  resources: { requests: { memory: '64Mi' }, limits: { memory } },
});

export const stdioMemory: Rule = {
  id: 'stdio-memory',
  severity: 'warn',
  stricterIn: 6,
  summary: 'The memory limit of a server for stdio should have room for as many processes as it may have sessions.',
  rationale:
    'Each session of a server that speaks MCP 2025-11-25 or older is a process of its own, and all of them share the limit of ' +
    'the container. When it is used up, the kernel ends one of them, or all. A process of Node or Python takes ' +
    '32 MiB at least. One process is shared by everybody with `sessions: Shared`, and with Auto where the server speaks ' +
    'MCP 2026-07-28 or newer, which nobody can see in a manifest.',
  remedy: 'Raise spec.runtime.resources.limits.memory, or lower spec.extensions.stdio.maxSessions.',
  examples: {
    accepts: [
      {
        title: 'room for each of 16 sessions',
        spec: { extensions: { stdio: { command } }, runtime: withMemory('512Mi') },
      },
      { title: 'few sessions', spec: { extensions: { stdio: { command, maxSessions: 4 } } } },
      {
        title: 'one process for everybody',
        spec: { extensions: { stdio: { command, sessions: 'Shared', maxSessions: 256 } } },
      },
    ],
    rejects: [
      { title: 'the default limit for 16 sessions', spec: { extensions: { stdio: { command } } } },
      {
        title: 'many sessions',
        spec: { extensions: { stdio: { command, maxSessions: 100 } }, runtime: withMemory('1Gi') },
      },
    ],
  },
  check({ server }) {
    if (server.spec.extensions?.stdio === undefined) return none;
    const stdio = stdioOf(server);
    const limit = server.spec.runtime?.resources?.limits?.['memory'];
    const found = limit === undefined ? undefined : toNano(limit);
    // A limit of zero is none.
    if (stdio === undefined || stdio.sessions === 'Shared' || found === undefined || found <= 0n) return none;
    const needed = stdio.maxSessions * leastMebibytes;
    if (found >= BigInt(needed) * mebibyte) return none;
    return [
      {
        path,
        headline: 'the memory limit has no room for so many processes',
        detail: `found ${stdio.maxSessions} sessions in ${found / mebibyte} MiB`,
        cause: [String(limit)],
        remedy: `Set spec.runtime.resources.limits.memory to ${needed}Mi or more, or lower maxSessions.`,
      },
    ];
  },
};
