import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readProcessIdentity, type ProcessIdentity } from './process-identity.ts';
import type { Report } from './progress.ts';

/** One `up` or `down` per cluster at a time; the lock of a process that was killed does not count. */
export async function withLock<T>(file: string, report: Report, work: () => Promise<T>): Promise<T> {
  let hasReported = false;
  while (!(await tryToLock(file))) {
    if (await removeStaleLock(file)) continue;
    if (!hasReported) report('another command is at work on this cluster: waiting for it');
    hasReported = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryToLock(file: string): Promise<boolean> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(readProcessIdentity(process.pid)), { flag: 'wx' });
    return true;
  } catch (error) {
    // ENOENT: a `down` at work on another cluster has just removed the directory that was empty.
    if (!['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return false;
}

async function removeStaleLock(file: string): Promise<boolean> {
  const holder = await readHolder(file);
  if (holder === undefined || isAlive(holder)) return false;
  await rm(file, { force: true });
  return true;
}

/** Undefined while the holder is still writing, or just let go. */
async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
