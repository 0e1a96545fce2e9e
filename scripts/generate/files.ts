import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generatedMark, type GeneratedFile } from './generator.ts';

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

/**
 * Paths of what was generated into `folder` below `root` and is none of `files` any more. What people wrote beside it is
 * no orphan: the first line tells.
 */
export async function findOrphans(
  files: readonly GeneratedFile[],
  folder: string,
  root: string,
): Promise<readonly string[]> {
  const wanted = new Set(files.map(({ path }) => path));
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const others = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => `${folder}/${name}`)
    .filter((path) => !wanted.has(path));
  const contents = await Promise.all(others.map((path) => readFile(join(root, path), 'utf8')));
  return others.filter((_, index) => contents[index]?.split('\n', 1)[0]?.includes(generatedMark) === true);
}

export async function deleteFiles(paths: readonly string[], root: string): Promise<void> {
  for (const path of paths) await rm(join(root, path));
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
