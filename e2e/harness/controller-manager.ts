import { pidOf } from './components.ts';

/**
 * Runs `work` while the cluster's kube-controller-manager, and with it the garbage collector, stands still. Only on a
 * cluster whose processes run on this machine: elsewhere it fails and says so.
 */
export async function whileNothingIsCollected<T>(work: () => Promise<T>): Promise<T> {
  const pid = await pidOf('kube-controller-manager');
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
