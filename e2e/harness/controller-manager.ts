import { clusterStatus, findCluster } from '../../scripts/cluster/cluster.ts';

/**
 * Runs `work` while the cluster's kube-controller-manager, and with it the garbage collector, stands still. Only on a
 * cluster whose processes run on this machine: elsewhere it fails and says so.
 */
export async function whileNothingIsCollected<T>(work: () => Promise<T>): Promise<T> {
  const cluster = await findCluster();
  const parts = cluster === undefined ? [] : (await clusterStatus(cluster)).parts;
  const pid = parts.find(({ name }) => name === 'kube-controller-manager')?.pid;
  if (pid === undefined) throw new Error('the garbage collector cannot be stopped on this cluster: skip this case');
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
