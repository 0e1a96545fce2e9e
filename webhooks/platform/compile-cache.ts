import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

/** Most files that are kept; beyond it all are made anew. A checkout has some 400, the package four, and each Node its own. */
const maxFiles = 2_000;

/**
 * Has Node keep what it compiles of the files that are loaded from now on (`module.enableCompileCache`, Node 22.1 and newer):
 * a third of the time that one manifest takes goes into that. Nothing happens where it cannot be done safely, and nothing
 * depends on it.
 *
 * What is in the cache is run, and Node does not ask who wrote it: whoever may write there runs code as us. So it is not where
 * Node puts it by default, below the folder for temporary files, in which anybody can make that folder before us. It is
 * `mcp-lifecycle/compiled` in `$XDG_CACHE_HOME`, else in `~/.cache`, and only if that is a folder of our own user that is closed to all others,
 * and each folder above it is ours or root's and closed to the writing of others, or sticky: as ssh asks of its files. With
 * the home of another user (sudo), a variable that points into /tmp, a read-only file system or none at all, there is no
 * cache, and nothing is made. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE go first: they are Node's own.
 */
export function keepCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  const isDecided = ['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'].some((name) => (env[name] ?? '') !== '');
  const folder = isDecided ? undefined : ownFolder(env);
  // Older versions have none of it.
  const node: Partial<typeof nodeModule> = nodeModule;
  if (folder === undefined || node.enableCompileCache === undefined) return;
  emptyWhenFull(folder);
  node.enableCompileCache(folder);
}

/** Undefined where no folder is safe. */
function ownFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  // Windows has neither users nor modes that could be compared.
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  try {
    const given = env['XDG_CACHE_HOME'] ?? '';
    const cache = isAbsolute(given) ? given : join(homedir(), '.cache');
    // Tools of the project keep other things beside it.
    const ours = join(cache, 'mcp-lifecycle');
    const folder = join(ours, 'compiled');
    // Of a home that does not exist nothing is made.
    const there = [folder, ours, cache, dirname(cache)].find((one) => existsSync(one));
    if (there === undefined) return undefined;
    const real = realpathSync(there);
    const missing = relative(there, folder);
    // Before anything is made: what root makes in the home of a user is in the way of that user.
    if (!isOutOfReach(missing === '' ? dirname(real) : real, uid)) return undefined;
    const kept = missing === '' ? real : makeBelow(real, missing.split(sep));
    return isClosed(kept, uid) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One by one: `recursive` of mkdirSync never ends where a folder cannot be made for want of the one above, however often that
 * is made (/proc). Where another one of us is making them, that one has the cache this time.
 */
function makeBelow(folder: string, names: readonly string[]): string {
  let made = folder;
  for (const name of names) {
    made = join(made, name);
    mkdirSync(made, { mode: 0o700 });
  }
  return made;
}

function isClosed(folder: string, uid: number): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
}

/** Whether nobody else can put another folder in the place of what is below: here, and all the way up. */
function isOutOfReach(folder: string, uid: number): boolean {
  const { uid: owner, mode } = lstatSync(folder);
  const isSticky = (mode & 0o1000) !== 0;
  if ((owner !== 0 && owner !== uid) || ((mode & 0o022) !== 0 && !isSticky)) return false;
  const above = dirname(folder);
  return above === folder || isOutOfReach(above, uid);
}

/** The folder has one for each version of Node; what is removed while another process reads is compiled again there. */
function emptyWhenFull(folder: string): void {
  try {
    const inside = readdirSync(folder);
    const files = inside.reduce((sum, one) => sum + readdirSync(join(folder, one)).length, 0);
    if (files > maxFiles) for (const one of inside) rmSync(join(folder, one), { recursive: true, force: true });
  } catch {
    // Nobody's work depends on it.
  }
}
