import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readArchive } from './archive.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-lifecycle-archive-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function anArchive(entries: Readonly<Record<string, unknown>>): string {
  for (const [path, content] of Object.entries(entries)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(content));
  }
  execFileSync('tar', [
    '--create',
    '--file',
    join(folder, 'image.tar'),
    '--directory',
    folder,
    ...Object.keys(entries),
  ]);
  return join(folder, 'image.tar');
}

it('tells the digest of the manifest and the platform of an OCI archive', async () => {
  const archive = anArchive({
    'index.json': { manifests: [{ digest: 'sha256:aa' }] },
    'blobs/sha256/aa': { config: { digest: 'sha256:bb' } },
    'blobs/sha256/bb': { os: 'linux', architecture: 'arm64' },
  });
  expect(await readArchive(archive)).toEqual({ digest: 'sha256:aa', platform: 'linux/arm64' });
});

it('says what to do about an archive that is broken', async () => {
  const archive = anArchive({ 'index.json': { manifests: [{ digest: 'sha256:aa' }] } });
  await expect(readArchive(archive)).rejects.toThrow(/: delete .*image\.tar and build it again/);
});
