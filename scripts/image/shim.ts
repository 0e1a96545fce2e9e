import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram, requireCommand } from '../cluster/command.ts';
import { ImageFailure } from './failure.ts';

const source = fileURLToPath(new URL('../../shim/', import.meta.url));

/** What images are for, as Go calls it. */
export const architectures = ['amd64', 'arm64', 'ppc64le', 's390x'] as const;

export type Architecture = (typeof architectures)[number];

/** The same source and the same Go give the same bytes, wherever they are. The Dockerfile says it once more. */
export const shimBuild = ['go', 'build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid='] as const;

/** The static program that runs in the container of a stdio server (shim/README.md). */
export async function buildShim(architecture = ownArchitecture()): Promise<Uint8Array> {
  if (!(await hasProgram('go')))
    throw new ImageFailure('Go 1.24 or newer is needed to build the shim: install it and put it on the PATH.');
  const folder = await mkdtemp(join(tmpdir(), 'mcp-lifecycle-shim-'));
  try {
    const outfile = join(folder, 'shim');
    await requireCommand([...shimBuild, '-o', outfile, '.'], 'look at shim/, and which Go is on the PATH', {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: architecture, GOFLAGS: '', GOTOOLCHAIN: 'local' },
    });
    return await readFile(outfile);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ownArchitecture(): Architecture {
  const own: Partial<Record<NodeJS.Architecture, Architecture>> = {
    x64: 'amd64',
    arm64: 'arm64',
    ppc64: 'ppc64le',
    s390x: 's390x',
  };
  const found = own[process.arch];
  if (found === undefined)
    throw new ImageFailure(`There is no image for ${process.arch}: build on one of ${architectures.join(', ')}.`);
  return found;
}
