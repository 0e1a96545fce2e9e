import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ImageFailure } from './failure.ts';
import type { ImageFile } from './recipe.ts';

export function packagedFile(to: string, file: string, fingerprint: string): ImageFile {
  return { to, mode: 0o755, content: { file, fingerprint } };
}

/** Under the paths at which the loader looks for them. */
export async function sharedLibraries(program: string): Promise<readonly ImageFile[]> {
  const { stdout } = await promisify(execFile)('ldd', [program]).catch((error: unknown) => {
    throw new ImageFailure(`The libraries of ${program} cannot be listed with ldd: build on Linux with glibc.`, {
      cause: error,
    });
  });
  const paths = [...stdout.matchAll(/(?:=>\s+)?(\/\S+) \(0x/g)].flatMap(([, path]) =>
    path === undefined ? [] : [path],
  );
  return Promise.all(
    paths.map(async (path) => {
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      return { to: path, mode: 0o755, content: { file: path, fingerprint: digest } };
    }),
  );
}

/** A program of this machine; its libraries are not among it. */
export async function hostProgram(path: string): Promise<ImageFile> {
  const file = await realpath(path);
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return packagedFile(path, file, digest);
}
