import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GeneratedFile } from './generator.ts';

/** The files that are missing below `root` or have other bytes there. */
export async function findStale(files: readonly GeneratedFile[], root: string): Promise<readonly GeneratedFile[]> {
  const current = await Promise.all(files.map(({ path }) => readIfExists(join(root, path))));
  return files.filter(({ content }, index) => current[index] !== content);
}

/** Writes each file below `root`, with its folder. */
export async function writeFiles(files: readonly GeneratedFile[], root: string): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // Not instanceof: Jest runs this in a realm with another Error.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
