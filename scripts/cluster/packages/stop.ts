import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterFailure } from '../failure.ts';
import { isAlive, readFirstChild, type ProcessIdentity } from '../process-identity.ts';
import type { ClusterSettings } from '../settings.ts';
import { removeState, type PackagesState } from '../state.ts';
import { removeCgroups } from './cgroups.ts';
import { buildLayout, cgroupName } from './layout.ts';

/** The kernel ends hundreds of processes in well under this, also on a busy machine. */
const endingMs = 60_000;

/** Ends the cluster's process 1, and with it everything in its namespaces; then removes cgroups and files. */
export async function stopPackages(settings: ClusterSettings, state: PackagesState): Promise<void> {
  if (state.process !== undefined) await endNamespaces(state.process);
  await removeCgroups(cgroupName(buildLayout(settings.directory)));
  await removeState(settings.directory);
}

/** Ends all processes of a cluster; what was in it stays, for the next start. */
export async function endNamespaces(outer: ProcessIdentity): Promise<void> {
  if (!isAlive(outer)) return;
  // The outer process waits for process 1, and process 1 is gone only when every process of its namespace is.
  process.kill(readFirstChild(outer.pid) ?? outer.pid, 'SIGKILL');
  const deadline = Date.now() + endingMs;
  while (isAlive(outer)) {
    if (Date.now() > deadline) {
      throw new ClusterFailure(
        `The cluster's processes did not end within ${endingMs / 1000} s: look for process ${outer.pid} and its children in state D, then run this again.`,
      );
    }
    await sleep(20);
  }
}
