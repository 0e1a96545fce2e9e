import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readCheckoutVersion } from './checkout-version.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-version-'));
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.3" }');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

function commit(): string {
  git('init');
  git('add', '.');
  git('commit', '-m', 'one');
  return git('rev-parse', '--short=12', 'HEAD').trim();
}

describe('the version of a checkout', () => {
  it('is that of the package where there is no repository', () => {
    expect(readCheckoutVersion(root)).toBe('1.2.3');
  });

  it('names the commit of a clone, also when it has a tag', () => {
    const head = commit();
    git('tag', 'v9');
    expect(readCheckoutVersion(root)).toBe(`1.2.3+${head}`);
  });

  it('says that files were changed since', () => {
    const head = commit();
    writeFileSync(join(root, 'package.json'), '{ "version": "1.2.4" }');
    expect(readCheckoutVersion(root)).toBe(`1.2.4+${head}.changed`);
  });

  it('does not name the commit of a repository around it', () => {
    commit();
    const inner = join(root, 'vendor');
    mkdirSync(inner);
    writeFileSync(join(inner, 'package.json'), '{ "version": "2.0.0" }');
    expect(readCheckoutVersion(inner)).toBe('2.0.0');
  });

  it('is that of the package before the first commit', () => {
    git('init');
    expect(readCheckoutVersion(root)).toBe('1.2.3');
  });
});
