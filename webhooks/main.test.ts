import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

function run(...args: readonly string[]): {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['webhooks/main.ts', ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, error: stderr };
}

it.each([
  [['help']],
  [['--help']],
  [['-h']],
  [['webhook', '--help']],
  [['reconciler', '-h']],
  [['bridge', '--help']],
  [['await-admission', '--help']],
  [['network-target', '--help']],
  [['check', '--help']],
  [['help', 'check']],
  [['help', 'bridge']],
  [['help', 'policy', 'try']],
  [['render', '--help']],
  [['rules', '--help']],
  [['explain', '--help']],
  [['version', '--help']],
])('%j is answered on standard output', (args) => {
  expect(run(...args)).toEqual({ code: 0, out: expect.stringMatching(/^usage: mcp-lifecycle /), error: '' });
});

it.each([
  [['help', 'check'], /^usage: mcp-lifecycle check /],
  [['help', 'policy', 'try'], /^usage: mcp-lifecycle policy try /],
])('%j is the help of that command', (args, usage) => {
  expect(run(...args).out).toMatch(usage);
});

it('help names the programs of the cluster (it counted three of four)', () => {
  expect(run('help').out).toContain(
    '\nwebhook, reconciler, bridge, await-admission, network-target: these run in a cluster',
  );
});

it.each([[['version']], [['--version']]])('%j prints the version', (args) => {
  expect(run(...args)).toEqual({ code: 0, out: expect.stringMatching(/^mcp-lifecycle \d+\.\d+\.\d+/), error: '' });
});

it.each([
  [['version', 'extra'], 'version takes no argument, found extra'],
  [['version', '--output', 'json'], 'version takes no argument, found --output json'],
  [['webhook', '--port', '8443'], 'webhook takes no argument, found --port 8443'],
  [['nope'], "there is no command 'nope'\n"],
  [['chekc', 'deploy'], "there is no command 'chekc': did you mean check?\n"],
  [['help', 'nope'], 'help takes no argument, found nope'],
  [[], 'usage: mcp-lifecycle <command>'],
] as const)('%j is a mistake in the usage', (args, problem) => {
  expect(run(...args)).toEqual({ code: 2, out: '', error: expect.stringContaining(problem) });
});

it('goes on after an error that nobody caught, until it is stopped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-'));
  const server = 'https://127.0.0.1:1';
  const config = {
    ...{
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
    },
    clusters: [{ name: 'c', cluster: { server } }],
  };
  writeFileSync(join(folder, 'config'), JSON.stringify(config));
  // Of a timer, as soon as somebody would catch it: before that it may end the process.
  const stray = `const timer = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return;
    clearInterval(timer);
    throw new Error('stray');
  }, 10);`;
  const preload = `data:text/javascript,${encodeURIComponent(stray)}`;
  const child = spawn(process.execPath, ['--import', preload, 'webhooks/main.ts', 'await-admission'], {
    env: { ...process.env, POD_NAMESPACE: 'x', KUBECONFIG: join(folder, 'config') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    // Some time after the error it still works.
    if (!child.killed && /stray[^]*admission does not answer yet/.test(output)) child.kill('SIGTERM');
  }
  // That admission never answered is what this command ends with, whenever it is stopped.
  expect(await exited).toEqual([3, null]);
  expect(output).toContain('an error was caught by nobody: the process goes on');
  rmSync(folder, { recursive: true });
});
