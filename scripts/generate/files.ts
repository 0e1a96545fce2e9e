import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GeneratedFile } from './generator.ts';
import { inRepository } from './root.ts';

/** The files that are missing on disk or have other bytes. */
export async function findStale(files: readonly GeneratedFile[]): Promise<readonly GeneratedFile[]> {
  const current = await Promise.all(files.map(({ path }) => readIfExists(inRepository(path))));
  return files.filter(({ content }, index) => current[index] !== content);
}

/** Writes each file, with its folder. */
export async function writeFiles(files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(inRepository(path)), { recursive: true });
    await writeFile(inRepository(path), content);
  }
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
