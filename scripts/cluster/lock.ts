import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readProcessIdentity, type ProcessIdentity } from './process-identity.ts';
import type { Report } from './progress.ts';

/** A lock is written as soon as it is there; one without a holder after this long is of a process killed in between. */
const writtenWithinMs = 10_000;

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
  const isStale = holder === undefined ? await isOld(file) : !isAlive(holder);
  if (!isStale) return false;
  await rm(file, { force: true });
  return true;
}

async function isOld(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > writtenWithinMs;
}

/** Undefined while the holder is still writing, was killed before, or just let go. */
async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
