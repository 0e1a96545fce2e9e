import { randomUUID } from 'node:crypto';
import { chmodSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes a file in one step: whoever reads it meets the old text or the new one, and a failure leaves the old one. What is
 * no file (a pipe, `/dev/null`) is written to. Says why it could not; never throws for what the world refuses.
 */
export function replaceFile(path: string, text: string): string | undefined {
  try {
    const before = statSync(path, { throwIfNoEntry: false });
    if (before !== undefined && !before.isFile()) writeFileSync(path, text);
    // A link stays one: what it leads to is replaced.
    else renameOver(before === undefined ? path : realpathSync(path), text, before?.mode);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function renameOver(path: string, text: string, mode: number | undefined): void {
  const unfinished = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    writeFileSync(unfinished, text, { flag: 'wx' });
    if (mode !== undefined) chmodSync(unfinished, mode);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
};

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown reason';
  return reasons[code] ?? code;
}
