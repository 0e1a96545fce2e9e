import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { policyLimits } from '../../webhooks/core/policy/document.ts';
import { runCli } from '../../webhooks/cli/testing/run-cli.ts';

const guide = readFileSync('docs/guides/policy.md', 'utf8');

/** Blocks of a language, without the indentation of a list around them. */
function blocksOf(language: string): readonly string[] {
  return [...guide.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\`$`, 'gm'))].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

const samples = blocksOf('yaml');
const policies = samples.filter((text) => text.includes('kind: Policy'));

/** `$ mcp-lifecycle …` and what it prints. */
const runs = blocksOf('sh').flatMap((text) => {
  const [, command, printed] = /^\$ mcp-lifecycle (.*)\n([\s\S]*)$/.exec(text) ?? [];
  return command === undefined || printed === undefined ? [] : [[command, printed] as const];
});

let folder = '';

/** Files that the page shows, each with its name in the first line. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-guide-'));
  for (const text of samples) {
    const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
    if (name === undefined) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('shows policies and runs of the program', () => {
  expect(policies.length).toBeGreaterThan(3);
  expect(runs.length).toBeGreaterThan(1);
});

it('the guide to clusters promises as many exemptions as a policy may have (it promised two thousand)', () => {
  const promised = /the ([\d,]+) exemptions/.exec(readFileSync('docs/guides/policy-in-a-cluster.md', 'utf8'));
  expect(promised?.[1]).toBe(policyLimits.exemptions.toLocaleString('en'));
});

describe('the guide to policies', () => {
  it.each(policies.map((text, index) => [index + 1, text] as const))(
    'shows policies that are one: sample %s',
    async (_, text) => {
      expect(await runCli(['policy', 'check', '--fail-on', 'warning', '-'], text)).toEqual({
        ...{ code: 0, out: '-: 0 errors, 0 warnings\n', error: '' },
      });
    },
  );

  it.each(runs)('shows what mcp-lifecycle %s prints', async (command, printed) => {
    const [word, ...args] = command.split(' ');
    if (word !== 'policy' && word !== 'report') throw new Error(`not run here: ${command}`);
    const isWord = (arg: string, index: number): boolean => arg.startsWith('-') || (word === 'policy' && index === 0);
    const inFolder = args.map((arg, index) => (isWord(arg, index) ? arg : join(folder, arg)));
    const { out, error } = await runCli([word, ...inFolder]);
    expect(`${out}${error}`.replaceAll(`${folder}/`, '')).toBe(printed);
  });
});
