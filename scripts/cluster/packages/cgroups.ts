import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterFailure } from '../failure.ts';

export interface CgroupHierarchy {
  readonly mountPoint: string;
  readonly version: 1 | 2;
}

/** Every cgroup hierarchy of the machine: many on v1, one on v2, many and one on a hybrid. */
export function parseCgroupHierarchies(mounts: string): readonly CgroupHierarchy[] {
  return mounts.split('\n').flatMap((line): CgroupHierarchy[] => {
    const [, mountPoint, type] = line.split(' ');
    if (mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [{ mountPoint, version: type === 'cgroup' ? 1 : 2 }];
  });
}

/** The kubelet wants its parent cgroup to exist in every hierarchy. */
export function createCgroups(name: string): void {
  for (const { mountPoint, version } of readHierarchies()) {
    const group = path.join(mountPoint, name);
    mkdirSync(group, { recursive: true });
    if (version === 1) inheritCpuset(mountPoint, group);
    else delegateControllers(mountPoint, group);
  }
}

/** How long the kernel may take to let go of the processes that were just ended. */
const emptyingMs = 5000;

/** Removes the group and everything below it, in every hierarchy. */
export async function removeCgroups(name: string): Promise<void> {
  const deadline = Date.now() + emptyingMs;
  for (const { mountPoint } of readHierarchies()) {
    const group = path.join(mountPoint, name);
    while (!removeTree(group)) {
      if (Date.now() > deadline) {
        throw new ClusterFailure(
          `The cgroup ${group} still holds processes: end those listed in its cgroup.procs files, then run this again.`,
        );
      }
      await sleep(50);
    }
  }
}

function readHierarchies(): readonly CgroupHierarchy[] {
  return parseCgroupHierarchies(readFileSync('/proc/self/mounts', 'utf8'));
}

/** On v1 a new cpuset is empty, and an empty one cannot hold processes. */
function inheritCpuset(mountPoint: string, group: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readdirSync(group).includes(file))
      writeFileSync(path.join(group, file), readFileSync(path.join(mountPoint, file)));
  }
}

/** On v2 a group has the controllers that its parent hands down. */
function delegateControllers(mountPoint: string, group: string): void {
  const available = readFileSync(path.join(mountPoint, 'cgroup.controllers'), 'utf8').trim();
  const all =
    available === ''
      ? ''
      : available
          .split(' ')
          .map((controller) => `+${controller}`)
          .join(' ');
  for (const directory of [mountPoint, group]) writeFileSync(path.join(directory, 'cgroup.subtree_control'), all);
}

/** False if a group below is still in use. */
function removeTree(group: string): boolean {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeTree(path.join(group, entry.name))) return false;
    }
    rmdirSync(group);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}
