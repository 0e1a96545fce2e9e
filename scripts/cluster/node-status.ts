import path from 'node:path';
import { runCommand } from './command.ts';
import type { ClusterStatus } from './provider.ts';

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Of a cluster whose processes are not ours: its nodes, as the API server tells. */
export async function readNodeStatus(kubeconfig: string, toolsPath: string): Promise<ClusterStatus> {
  const kubectl = [path.join(toolsPath, 'kubectl'), '--kubeconfig', kubeconfig, '--request-timeout', '10s'];
  const { code, stdout } = await runCommand([...kubectl, 'get', 'nodes', '--output', 'json']);
  if (code !== 0)
    return { isUp: false, parts: [{ name: 'kube-apiserver', isHealthy: false, note: 'does not answer' }] };
  const parts = (JSON.parse(stdout) as NodeList).items.map(({ metadata, status }) => {
    const isHealthy = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    return { name: `node ${metadata.name}`, isHealthy, note: isHealthy ? 'ready' : 'not ready' };
  });
  return { isUp: parts.length > 0 && parts.every(({ isHealthy }) => isHealthy), parts };
}
