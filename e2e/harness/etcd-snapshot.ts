import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { clusterStatus } from '../../scripts/cluster/cluster.ts';
import { buildLayout } from '../../scripts/cluster/packages/layout.ts';
import { hasEnded, localCluster, parentOf, pidOf, untilApiAnswers } from './components.ts';
import { eventually } from './eventually.ts';

/** What etcd had stored at one moment, in a folder of its own. */
export interface EtcdSnapshot {
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** Besides etcd, what has to be started anew when etcd was restored, because it knows what never was: all but the containers. */
const withMemory = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
  'network-policy',
];

/** Copies the data of etcd, which stands still meanwhile: as a disk is after a crash. */
export async function saveEtcd(): Promise<EtcdSnapshot> {
  const data = await dataFolder();
  const folder = await mkdtemp(`${data}-saved-`);
  const pid = await pidOf('etcd');
  process.kill(pid, 'SIGSTOP');
  try {
    await cp(data, join(folder, 'etcd'), { recursive: true });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Gives the cluster the state of the snapshot, without telling anybody: what was written since then has never been, and versions
 * are given out once more. https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#restoring-an-etcd-cluster
 */
export async function restoreEtcd({ folder }: EtcdSnapshot): Promise<void> {
  const data = await dataFolder();
  const pids = await Promise.all(['etcd', ...withMemory].map(pidOf));
  // It would start each of them again at once.
  const supervisor = await parentOf(pids[0] ?? 0);
  process.kill(supervisor, 'SIGSTOP');
  try {
    for (const pid of pids) {
      process.kill(pid, 'SIGKILL');
      await eventually(`process ${pid} has ended`, () => hasEnded(pid));
    }
    await rename(data, join(folder, 'replaced'));
    await cp(join(folder, 'etcd'), data, { recursive: true });
  } finally {
    process.kill(supervisor, 'SIGCONT');
  }
  await untilApiAnswers();
  await eventually('every component of the cluster works', async () => {
    const { isUp, parts } = await clusterStatus(await localCluster());
    return isUp && parts.every(({ isHealthy }) => isHealthy);
  });
}

async function dataFolder(): Promise<string> {
  return join(buildLayout((await localCluster()).settings.directory).data, 'etcd');
}
