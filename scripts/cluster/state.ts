import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ClusterFailure } from './failure.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What `up` remembers of a cluster, so that every other command needs its name only. */
export type ClusterState = PackagesState | KindState | ExistingState;

/** Upstream components from packages, in namespaces of their own. */
export interface PackagesState {
  readonly provider: 'packages';
  readonly port: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The one process whose end ends the cluster; absent until it was started. */
  readonly process?: ProcessIdentity;
  /** Data of an earlier boot may be incomplete (etcd does not wait for the disk) and is not used again. */
  readonly bootId: string;
}

export interface KindState {
  readonly provider: 'kind';
  readonly kindName: string;
}

/** Somebody else's cluster: we only know how to reach it. */
export interface ExistingState {
  readonly provider: 'existing';
  readonly context: string;
}

const stateFile = 'cluster.json';
const removedPrefix = '.removed-';

export async function readState(directory: string): Promise<ClusterState | undefined> {
  const file = path.join(directory, stateFile);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as ClusterState) : undefined;
}

export async function writeState(directory: string, state: ClusterState): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, stateFile);
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

/** A directory that is not ours would be deleted by `down`. */
export async function requireOwnDirectory(directory: string): Promise<void> {
  const names = await readdirOrNothing(directory);
  if (names.length === 0 || names.some((name) => name.startsWith(stateFile))) return;
  throw new ClusterFailure(`${directory} holds files that are not a cluster's: choose another --name or --state.`);
}

/**
 * Deletes all that a cluster kept. An interrupted `down` can be repeated, and an `up` after it finds no half of a
 * directory: each disappears at once, and the file by which we know the cluster goes last.
 */
export async function removeState(directory: string): Promise<void> {
  const names = await readdirOrNothing(directory);
  for (const name of names.filter((name) => name !== stateFile && !name.startsWith(removedPrefix))) {
    const removed = path.join(directory, `${removedPrefix}${name}`);
    await rm(removed, { recursive: true, force: true });
    await rename(path.join(directory, name), removed);
  }
  const removed = (await readdirOrNothing(directory)).filter((name) => name.startsWith(removedPrefix));
  for (const name of removed) await rm(path.join(directory, name), { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
}

/** For a directory of ours that other clusters may use too. */
export async function removeDirectoryIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function readdirOrNothing(directory: string): Promise<readonly string[]> {
  return existsSync(directory) ? readdir(directory) : [];
}
