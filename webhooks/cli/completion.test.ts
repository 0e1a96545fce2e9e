import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { rules } from '../core/rules/index.gen.ts';
import { commands } from './commands.ts';
import { namesOf } from './names-of.ts';
import { reportOutputs } from './outputs.ts';
import { runCli } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const scriptFor = async (shell: string): Promise<string> => {
  const { code, out } = await runCli(['completion', shell]);
  expect(code).toBe(0);
  return out;
};

/** What bash offers for the last of these words. */
async function completeInBash(...words: readonly string[]): Promise<readonly string[]> {
  const typed = ['mcp-lifecycle', ...words];
  const script = `${await scriptFor('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mcp_lifecycle; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, status, stderr } = spawnSync('bash', ['--norc', '-uc', script, 'bash', ...typed], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash completes', () => {
  it('commands', async () => {
    expect(await completeInBash('')).toEqual([...namesOf(commands), 'version', 'help']);
    expect(await completeInBash('ch')).toEqual(['check']);
  });

  it('options of the command', async () => {
    const offered = await completeInBash('check', '--');
    expect(offered).toEqual(expect.arrayContaining(['--fail-on', '--base', '--output', '--namespace', '--help']));
    expect(await completeInBash('render', '--al')).toEqual([]);
  });

  it('commands of policy, each with its own options', async () => {
    expect(await completeInBash('policy', '')).toEqual(['check', 'try', '--help']);
    expect(await completeInBash('policy', 'check', '--')).toEqual(['--fail-on', '--output', '--help']);
    expect(await completeInBash('policy', 'check', '--fail-on', '')).toEqual(['error', 'warning']);
    expect(await completeInBash('policy', 'try', '--')).toEqual(expect.arrayContaining(['--output', '--namespace']));
    expect(await completeInBash('policy', 'try', '--f')).toEqual([]);
  });

  it('values of an option, in long and in short', async () => {
    expect(await completeInBash('check', '--fail-on', '')).toEqual(['deny', 'warn']);
    expect(await completeInBash('check', '-o', '')).toEqual(namesOf(reportOutputs));
    expect(await completeInBash('check', '--output', 'sa')).toEqual(['sarif']);
  });

  it('rules, shells, and files elsewhere', async () => {
    expect(await completeInBash('explain', 'run-as-non')).toEqual(
      rules.map(({ id }) => id).filter((id) => id.startsWith('run-as-non')),
    );
    expect(await completeInBash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    // Nothing of ours: bash goes on with files.
    expect(await completeInBash('check', 'dep')).toEqual([]);
    expect(await scriptFor('bash')).toContain('complete -o default -F');
  });
});

it('fish is told that policy check is not check', async () => {
  const own = (await scriptFor('fish')).split('\n').filter((line) => line.includes('-l base '));
  expect(own).toEqual([
    expect.stringContaining('__fish_seen_subcommand_from check; and not __fish_seen_subcommand_from policy'),
  ]);
});

/** Where the machine has the shell, it reads the script. */
it.each(['bash', 'zsh', 'fish'])('%s has every command and every option', async (shell) => {
  const script = await scriptFor(shell);
  for (const [name, { load }] of Object.entries(commands)) {
    expect(script).toContain(name);
    for (const option of Object.keys((await load()).options)) expect(script).toContain(option);
  }
  const file = join(folder, `completion.${shell}`);
  writeFileSync(file, script);
  const read = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
  expect({ shell, said: read.error === undefined ? read.stderr : '' }).toEqual({ shell, said: '' });
});

it('refuses a shell that it does not know', async () => {
  for (const args of [[], ['tcsh'], ['bash', 'zsh']]) {
    expect(await runCli(['completion', ...args])).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^name one shell: bash, zsh, fish\n/),
    });
  }
});
