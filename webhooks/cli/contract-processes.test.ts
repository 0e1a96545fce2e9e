import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, describe, expect, it } from '@jest/globals';

import { answer, discovered, startAnswering } from '../platform/mcp/testing/answering-server.ts';
import { runCli } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'contract-processes-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A shell that starts another program, whose id it writes down, as `npx` and `uvx` do without that. */
function shell(name: string, rest: string, first = ''): { readonly args: readonly string[]; readonly started: string } {
  const started = join(folder, name);
  const script = `${first}sleep 91 & echo $! > '${started}.new' && mv '${started}.new' '${started}'; ${rest}`;
  return { started, args: ['--stdio', '--', 'sh', '-c', script] };
}

/** Not of what has ended and waits for somebody to ask how. */
function isRunning(file: string): boolean {
  const pid = readFileSync(file, 'utf8').trim();
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

/** Gets the contract of a server that never answers, in the shortest time in which that has started what it starts. */
async function getUntilStarted(started: string, args: readonly string[]) {
  for (let seconds = 1; ; seconds *= 2) {
    const outcome = await runCli(['contract', 'get', '--timeout', String(seconds), ...args]);
    if (existsSync(started)) return outcome;
  }
}

const program = ['--no-warnings', 'webhooks/main.ts', 'contract'];

describe('contract of a server that is a process', () => {
  it('ends what the process has started, too (a shell went, and its server stayed)', async () => {
    const { args, started } = shell('left', 'wait; true');
    const { code, error } = await getUntilStarted(started, args);
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('no answer in time') });
    expect(isRunning(started)).toBe(false);
  });

  it('ends what does not listen to that', async () => {
    const { args, started } = shell('deaf', 'wait; wait; wait', "trap '' TERM; ");
    expect((await getUntilStarted(started, args)).code).toBe(2);
    expect(isRunning(started)).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is ended with all that it has started when %s ends the command',
    async (signal) => {
      const { args, started } = shell(signal, 'wait; true');
      const child = spawn(process.execPath, [...program, 'get', ...args], { stdio: 'ignore' });
      const exited = once(child, 'exit');
      while (!existsSync(started) && child.exitCode === null) await sleep(20);
      expect(isRunning(started)).toBe(true);
      child.kill(signal);
      expect(await exited).toEqual([null, signal]);
      expect(isRunning(started)).toBe(false);
    },
  );
});

it('looks names of servers up as any program here does (search domains and hosts files did not apply)', async () => {
  const server = await startAnswering({
    'server/discover': answer({ result: discovered }),
    'tools/list': answer({ result: { tools: [{ name: 'echo' }] } }),
  });
  const preload = join(folder, 'hosts.mjs');
  writeFileSync(
    preload,
    `import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
dns.lookup = (name, { all }, callback) => {
  if (name !== 'search.tools') callback(Object.assign(new Error('not ' + name), { code: 'ENOTFOUND' }));
  else if (all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
syncBuiltinESMExports();
`,
  );
  const url = server.url.replace('127.0.0.1', 'search.tools');
  const child = spawn(process.execPath, ['--import', preload, ...program, 'get', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  const ended = await exited;
  await server.close();
  expect(ended).toEqual([0, null]);
  expect(out).toMatch(/ echo\n1 tool: sha256:/);
});
