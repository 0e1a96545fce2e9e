import { spawnSync } from 'node:child_process';
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
  [['await-admission', '--help']],
  [['check', '--help']],
  [['render', '--help']],
  [['rules', '--help']],
  [['explain', '--help']],
  [['version', '--help']],
])('%j is answered on standard output', (args) => {
  expect(run(...args)).toEqual({ code: 0, out: expect.stringMatching(/^usage: mcp-lifecycle /), error: '' });
});

it.each([[['version']], [['--version']]])('%j prints the version', (args) => {
  expect(run(...args)).toEqual({ code: 0, out: expect.stringMatching(/^mcp-lifecycle \d+\.\d+\.\d+/), error: '' });
});

it.each([
  [['version', 'extra'], 'version takes no argument, found extra'],
  [['version', '--output', 'json'], 'version takes no argument, found --output json'],
  [['webhook', '--port', '8443'], 'webhook takes no argument, found --port 8443'],
  [['nope'], "there is no command 'nope'"],
  [[], 'usage: mcp-lifecycle <command>'],
] as const)('%j is a mistake in the usage', (args, problem) => {
  expect(run(...args)).toEqual({ code: 2, out: '', error: expect.stringContaining(problem) });
});
