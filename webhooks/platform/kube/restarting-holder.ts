import { objectPath, type KubeApi } from './api.ts';
import { listAt, recordAt, stringAt } from './object.ts';

export interface HolderOptions {
  readonly api: KubeApi;
  /** Of the Lease and of the replicas. */
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The longest that a kubelet waits before it starts a container again, in milliseconds:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
export const longestRestartMs = 300_000;

/**
 * Whether a kubelet says that the pod of a holder (`<pod>_<start>`) is not ready because of its containers: they are
 * being started again. False also when the pod is gone, its node is lost, or it cannot be read: then nothing speaks for
 * waiting.
 */
export async function isRestarting(holder: string, { namespace, ...options }: HolderOptions): Promise<boolean> {
  const name = holder.slice(0, Math.max(0, holder.lastIndexOf('_')));
  if (name === '') return false;
  const { api, ...limits } = options;
  const path = objectPath({ apiVersion: 'v1', plural: 'pods', namespace, name });
  const read = await api.request({ method: 'GET', path, ...limits });
  if (!read.ok) return false;
  return listAt(recordAt(read.body, 'status'), 'conditions').some(
    (condition) =>
      stringAt(condition, 'type') === 'Ready' &&
      stringAt(condition, 'status') === 'False' &&
      // What Kubernetes writes when the node is lost has another reason, or none.
      stringAt(condition, 'reason') === 'ContainersNotReady',
  );
}
