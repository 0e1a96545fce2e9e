import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let folder = '';

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), 0o755);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-bootstrap-'));
  for (const name of ['scripts', 'bin', 'node_modules']) mkdirSync(join(folder, name));
  copyFileSync('scripts/bootstrap.sh', join(folder, 'scripts/bootstrap.sh'));
  write('package-lock.json', '{}');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function bootstrap({ node, npm }: { readonly node: string; readonly npm: string }) {
  write('bin/node', `#!/bin/sh\necho ${node}\n`);
  write('bin/npm', `#!/bin/sh\n${npm}\n`);
  const env = { PATH: `${folder}/bin:/usr/bin:/bin` };
  const { status, stderr } = spawnSync('/bin/sh', [join(folder, 'scripts/bootstrap.sh')], { env, encoding: 'utf8' });
  return { status, stderr };
}

describe('bootstrap', () => {
  it('installs once, and is content with Node 24', () => {
    expect(bootstrap({ node: 'v24.1.0', npm: 'exit 0' }).status).toBe(0);
    expect(bootstrap({ node: 'v24.1.0', npm: 'exit 9' })).toEqual({ status: 0, stderr: '' });
  });

  it('ends with 2, not with the 1 of findings, on an older Node, and says where to get one', () => {
    const { status, stderr } = bootstrap({ node: 'v20.20.2', npm: 'exit 0' });
    expect(status).toBe(2);
    expect(stderr).toContain('Node 24 is needed, found v20.20.2: ');
  });

  it('ends with 2 when npm cannot install', () => {
    const { status, stderr } = bootstrap({ node: 'v24.1.0', npm: 'exit 1' });
    expect(status).toBe(2);
    expect(stderr).toContain('npm could not install the dependencies');
  });
});
