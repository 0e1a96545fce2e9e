import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';
import { changeClasses } from '../../webhooks/core/contract/compare-contracts.ts';

const guide = readFileSync('docs/guides/tool-contracts.md', 'utf8');
const program = /```js\n\/\/ server\.mjs\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';

/** `$ mcp-lifecycle …`, what it prints, and a block of its own for each. */
const runs = [...guide.matchAll(/^```sh\n\$ mcp-lifecycle (.*)\n([\s\S]*?)^```$/gm)].map(
  ([, command = '', printed = '']) => [command, printed] as const,
);

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tool-contracts-'));
  writeFileSync(join(folder, 'server.mjs'), program);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('every run that the guide to tool contracts shows prints what it shows', async () => {
  expect(runs).toHaveLength(3);
  for (const [command, printed] of runs) {
    const [words = '', file] = command.split(' > ');
    const [name, ...args] = words
      .split(' ')
      .map((word) => (/^(server|tools)\./.test(word) ? join(folder, word) : word));
    expect(name).toBe('contract');
    const { code, out, error } = await runCli(['contract', ...args]);
    if (file !== undefined) writeFileSync(join(folder, file), out);
    expect({ command, error, out: file === undefined ? out : '' }).toEqual({ command, error: '', out: printed });
    expect(code).toBe(args.includes('--next') ? 1 : 0);
  }
});

it('the guide to tool contracts has a row for every class of changes', () => {
  expect([...guide.matchAll(/^\| `(\w+)` \|/gm)].map(([, one]) => one)).toEqual(changeClasses);
});
