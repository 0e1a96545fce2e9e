import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let top = '';

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'compile-cache-')));
});

afterEach(() => {
  rmSync(top, { recursive: true });
});

const source = resolve('webhooks/platform/compile-cache.ts');

/** The folder that Node keeps code in, in a process of this environment; empty where there is none. */
function folderIn(env: Readonly<Record<string, string>>): string {
  const script = `
    import * as node from 'node:module';
    const { keepCompiledCode } = await import(${JSON.stringify(source)});
    keepCompiledCode(process.env);
    process.stdout.write(node.getCompileCacheDir() ?? '');`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function makeWithMode(folder: string, mode: number): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, mode);
}

const isRoot = process.getuid?.() === 0;

describe('what Node has compiled', () => {
  it('is kept below the home of the user, closed to others, and not in the folder for temporary files', () => {
    const folder = folderIn({ HOME: top });
    expect(folder.startsWith(join(top, '.cache/mcp-lifecycle/compiled/'))).toBe(true);
    expect(
      folderIn({ HOME: top, XDG_CACHE_HOME: join(top, 'x') }).startsWith(join(top, 'x/mcp-lifecycle/compiled/')),
    ).toBe(true);
  });

  it.each<[what: string, prepare: (folder: string) => void]>([
    [
      'is open to others',
      (folder) => {
        makeWithMode(folder, 0o777);
      },
    ],
    [
      'can be listed by others',
      (folder) => {
        makeWithMode(folder, 0o755);
      },
    ],
    [
      'is in a folder in which others may put another one in its place',
      (folder) => {
        makeWithMode(folder, 0o700);
        chmodSync(join(folder, '..'), 0o777);
      },
    ],
    [
      'is a link to one that is open',
      (folder) => {
        const open = join(top, 'open');
        mkdirSync(open);
        chmodSync(open, 0o777);
        mkdirSync(join(folder, '..'), { recursive: true });
        symlinkSync(open, folder);
      },
    ],
    [
      'is a file',
      (folder) => {
        mkdirSync(join(folder, '..'), { recursive: true });
        writeFileSync(folder, '');
      },
    ],
  ])('is kept nowhere when that folder %s', (_what, prepare) => {
    prepare(join(top, '.cache/mcp-lifecycle/compiled'));
    expect(folderIn({ HOME: top })).toBe('');
  });

  it('is kept nowhere, without a word, where nothing can be written', () => {
    expect(folderIn({ HOME: '/proc/nowhere' })).toBe('');
    expect(folderIn({ HOME: top, XDG_CACHE_HOME: '/dev/null/cache' })).toBe('');
  });

  it('is kept in a sticky folder, where nobody can replace what is ours', () => {
    chmodSync(top, 0o1777);
    expect(folderIn({ HOME: top })).not.toBe('');
  });

  (isRoot ? it : it.skip)('is kept nowhere for root with the home of another user, as of sudo', () => {
    const home = join(top, 'home');
    mkdirSync(home);
    expect(spawnSync('chown', ['12345', home]).status).toBe(0);
    expect(folderIn({ HOME: home })).toBe('');
    // A ~/.cache of root would be in the way of whoever lives there.
    expect(readdirSync(home)).toEqual([]);
  });

  it('makes no folder where it is kept nowhere (it was made, and then found not to be safe)', () => {
    const home = join(top, 'home');
    makeWithMode(home, 0o777);
    expect(folderIn({ HOME: home })).toBe('');
    expect(readdirSync(home)).toEqual([]);
  });

  it('makes no folder behind a link that leads to where others may write', () => {
    const [home, open] = [join(top, 'home'), join(top, 'open')];
    makeWithMode(open, 0o777);
    mkdirSync(home);
    symlinkSync(open, join(home, '.cache'));
    expect(folderIn({ HOME: home })).toBe('');
    expect(readdirSync(open)).toEqual([]);
  });

  it('is where Node is told, or nowhere, as its own variables say', () => {
    const folder = folderIn({ HOME: top, NODE_COMPILE_CACHE: join(top, 'told') });
    expect(folder.startsWith(join(top, 'told'))).toBe(true);
    expect(folderIn({ HOME: top, NODE_DISABLE_COMPILE_CACHE: '1' })).toBe('');
    expect(existsSync(join(top, '.cache'))).toBe(false);
  });

  it('does not grow without end, and what is beside it stays', () => {
    const beside = join(top, '.cache/mcp-lifecycle/kubernetes');
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, 'kubelet'), '');
    const old = join(top, '.cache/mcp-lifecycle/compiled/v1-x64');
    mkdirSync(old, { recursive: true });
    chmodSync(join(top, '.cache/mcp-lifecycle/compiled'), 0o700);
    for (let index = 0; index <= 2_000; index += 1) writeFileSync(join(old, String(index)), '');
    folderIn({ HOME: top });
    expect(existsSync(old)).toBe(false);
    expect(existsSync(join(beside, 'kubelet'))).toBe(true);
    expect(readdirSync(join(top, '.cache/mcp-lifecycle/compiled')).length).toBeLessThan(2);
  });
});
