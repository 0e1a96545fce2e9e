import { readFile } from 'node:fs/promises';
import { clusterStatus, findCluster, type ClusterHandle } from '../../scripts/cluster/cluster.ts';
import { eventually } from './eventually.ts';
import { kubectlOk } from './kubectl.ts';

/** The cluster, of which cases that stop or end parts know that they run on this machine. */
export async function localCluster(): Promise<ClusterHandle> {
  const cluster = await findCluster();
  if (cluster === undefined) throw new Error('scripts/e2e.ts brought the cluster up');
  return cluster;
}

/** The pid of a component of the cluster (`etcd`). Where it does not run on this machine it fails and says so. */
export async function pidOf(component: string): Promise<number> {
  const { parts } = await clusterStatus(await localCluster());
  const pid = parts.find(({ name }) => name === component)?.pid;
  if (pid === undefined) throw new Error(`${component} is not known to run on this machine: skip this case here`);
  return pid;
}

/** Of the process that started another one, on Linux. */
export async function parentOf(pid: number): Promise<number> {
  const [, parent = ''] = /^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(parent);
}

/** Whether it has ended; one that has, and whose parent has not looked yet, is still listed. */
export async function hasEnded(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return /^State:\s+[XZ]/m.test(status);
}

/** Ends the API server as nothing else ends it; it is started again by itself. Returns when it has ended. */
export async function killApiServer(): Promise<void> {
  const pid = await pidOf('kube-apiserver');
  process.kill(pid, 'SIGKILL');
  await eventually('the API server has ended', () => hasEnded(pid));
}

/** Waits until the API server is there again, and with it all that it asks. */
export async function untilApiAnswers(): Promise<void> {
  await eventually('the API server is ready', async () => (await kubectlOk(['get', '--raw', '/readyz'])) === 'ok');
}
