import { systemClock } from '../clock.ts';
import { errorText } from '../log.ts';
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

export interface ConnectedContext {
  readonly api: KubeApi;
  readonly context: string;
  /** That the context names, or `default`. */
  readonly namespace: string;
}

export type Connection =
  | (ConnectedContext & { readonly type: 'connected' })
  /** What is wrong with the kubeconfig, or with the name. */
  | { readonly type: 'refused'; readonly problem: string };

/**
 * The cluster of one context of KUBECONFIG or ~/.kube/config, the current one where none is named; credential plugins are
 * run as kubectl runs them.
 */
export async function connectToContext(name?: string): Promise<Connection> {
  const { apiServerOfContext } = await import('./kubeconfig.ts');
  try {
    const { server, ...named } = apiServerOfContext(name, systemClock);
    return { type: 'connected', api: createKubeApi({ server, userAgent: 'mcp-lifecycle' }), ...named };
  } catch (error) {
    return { type: 'refused', problem: errorText(error) };
  }
}
