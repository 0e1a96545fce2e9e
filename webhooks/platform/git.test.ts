import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readCommitted, type CommittedFiles } from './git.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'git-')));

function git(...args: readonly string[]): void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

beforeAll(() => {
  git('init', '--quiet', '--initial-branch=main');
  mkdirSync(join(folder, 'deploy'));
  writeFileSync(join(folder, 'deploy/a b.yaml'), 'kind: MCPServer # ü\n');
  writeFileSync(join(folder, 'deploy/other.yaml'), 'kind: Other\n');
  writeFileSync(join(folder, 'deploy/odd.txt'), 'kind: MCPServer\n');
  writeFileSync(join(folder, 'code.go'), 'kind: MCPServer\n');
  symlinkSync('a b.yaml', join(folder, 'deploy/MCPServer.yaml'));
  git('add', '--all');
  git('commit', '--quiet', '--message', 'one');
  git('tag', 'one');
  writeFileSync(join(folder, 'deploy/a b.yaml'), 'kind: MCPServer # changed\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(ref: string, change: Partial<Parameters<typeof readCommitted>[0]> = {}): CommittedFiles {
  return readCommitted({ ref, folder, containing: 'MCPServer', names: ['*.yaml'], paths: [], ...change });
}

function filesOf(answer: CommittedFiles): Readonly<Record<string, string>> {
  if (answer.type === 'refused') throw new Error(answer.problem);
  return Object.fromEntries(answer.files.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));
}

it.each(['main', 'one', 'HEAD'])('reads files as %s has them, whatever the work tree has', (ref) => {
  expect(filesOf(read(ref))).toEqual({ [join(folder, 'deploy/a b.yaml')]: 'kind: MCPServer # ü\n' });
});

it('reads the same whatever the user has set for eyes', () => {
  git('config', 'color.ui', 'always');
  git('config', 'grep.lineNumber', 'true');
  git('config', 'core.quotePath', 'true');
  expect(Object.keys(filesOf(read('main')))).toEqual([join(folder, 'deploy/a b.yaml')]);
});

it('finds the repository from a folder in it', () => {
  expect(Object.keys(filesOf(read('main', { folder: join(folder, 'deploy') })))).toHaveLength(1);
});

it('reads files of other names that are asked for', () => {
  const paths = [join(folder, 'deploy/odd.txt'), join(folder, 'not-there.txt')];
  expect(Object.keys(filesOf(read('main', { paths }))).sort()).toEqual([
    join(folder, 'deploy/a b.yaml'),
    join(folder, 'deploy/odd.txt'),
  ]);
});

it('passes over files that are of no repository, or of another', () => {
  const paths = ['/elsewhere/a.txt', join(folder, '..', 'b.txt'), folder];
  expect(Object.keys(filesOf(read('main', { paths })))).toEqual([join(folder, 'deploy/a b.yaml')]);
});

it('reads nothing where nothing is', () => {
  expect(filesOf(read('main', { containing: 'Nobody' }))).toEqual({});
});

it.each([
  ['--output=evil', "'--output=evil' is no Git ref: none begins with -"],
  ['-x', 'none begins with -'],
  ['nope', "there is no commit 'nope'"],
  ['main:deploy', "there is no commit 'main:deploy'"],
  ['$(touch evil)', "there is no commit '$(touch evil)'"],
  ['main; touch evil', 'there is no commit'],
])('refuses %s', (ref, problem) => {
  expect(read(ref)).toEqual({ type: 'refused', problem: expect.stringContaining(problem) });
  expect(existsSync(join(folder, 'evil'))).toBe(false);
});

it('says that a folder is in no repository', () => {
  expect(read('main', { folder: '/' })).toEqual({
    type: 'refused',
    problem: expect.stringContaining('is in no Git repository'),
  });
});
