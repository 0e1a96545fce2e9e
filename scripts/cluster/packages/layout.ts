import { createHash } from 'node:crypto';
import path from 'node:path';

/** Where things of one cluster lie: files that outlive a crash in the state directory, sockets in the cluster's own /run. */
export interface Layout {
  readonly root: string;
  readonly pki: string;
  readonly logs: string;
  readonly config: string;
  readonly data: string;
  readonly kubeconfig: string;
  readonly plan: string;
  readonly resolvConf: string;
}

export function buildLayout(root: string): Layout {
  return {
    root,
    pki: path.join(root, 'pki'),
    logs: path.join(root, 'log'),
    config: path.join(root, 'config'),
    data: path.join(root, 'data'),
    kubeconfig: path.join(root, 'kubeconfig'),
    plan: path.join(root, 'plan.json'),
    resolvConf: path.join(root, 'resolv.conf'),
  };
}

/** Inside the cluster's mount namespace /run is a fresh tmpfs, so these names are short, private and gone with the cluster. */
export const containerdSocket = '/run/containerd/containerd.sock';
export const controlSocket = '/run/cluster-control.sock';
export const networkPolicySocket = '/run/network-policy.sock';

/** The parent of all the cluster's containers in every cgroup hierarchy; another state directory is another cluster. */
export function cgroupName(layout: Layout): string {
  const digest = createHash('sha256').update(layout.root).digest('hex').slice(0, 8);
  return `mcp-lifecycle-${path.basename(layout.root)}-${digest}`;
}
