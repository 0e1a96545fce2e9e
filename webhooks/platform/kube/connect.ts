import { systemClock } from '../clock.ts';
import type { KubeApi } from './api.ts';
import { createKubeApi } from './api-client.ts';
import { findOwnCluster, type PodEnvironment } from './in-cluster.ts';

/**
 * The cluster that KUBECONFIG names, else the one that we run in, else that of ~/.kube/config. What reads kubeconfigs
 * is loaded where there is one only: in a pod it would be a megabyte for nothing.
 */
export async function connectToCluster(env: PodEnvironment['env']): Promise<KubeApi> {
  const own = (env['KUBECONFIG'] ?? '') === '' ? findOwnCluster({ env, clock: systemClock }) : undefined;
  const server = own ?? (await import('./kubeconfig.ts')).apiServerOfKubeconfig(systemClock);
  return createKubeApi({ server, userAgent: 'mcp-lifecycle' });
}
