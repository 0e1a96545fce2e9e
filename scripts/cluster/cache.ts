import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * The directory of this name in the cache, filled by `fill` on first use. It appears under its name only when it is
 * complete, so an interrupted run leaves nothing that looks finished.
 */
export async function cacheEntry(
  cache: string,
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const entry = path.join(cache, name);
  if (existsSync(entry)) return entry;
  const unfinished = path.join(cache, `.${name}.${process.pid}`);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await fill(unfinished);
    await renameUnlessThere(unfinished, entry);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return entry;
}

/** Another run may have been faster; its entry is as good as ours. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
