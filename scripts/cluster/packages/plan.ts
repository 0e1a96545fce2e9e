import path from 'node:path';
import type { AddressPlan } from '../address-plan.ts';
import { kubeconfigPath } from './config-files.ts';
import { containerdSocket, networkPolicySocket, type Layout } from './layout.ts';

/** How to tell that something works. */
export type Check =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'api'; readonly path: string }
  | { readonly type: 'node'; readonly node: string }
  | { readonly type: 'dns'; readonly server: string; readonly name: string };

/** One thing on the way to a working cluster; it begins when everything in `after` works. */
export type Step =
  /** A process that is kept running. */
  | {
      readonly kind: 'service';
      readonly name: string;
      readonly after: readonly string[];
      readonly command: readonly string[];
      readonly check: Check;
    }
  /** A command that must succeed once. */
  | {
      readonly kind: 'task';
      readonly name: string;
      readonly after: readonly string[];
      readonly command: readonly string[];
    }
  /** Something that others bring about and that we wait for. */
  | { readonly kind: 'condition'; readonly name: string; readonly after: readonly string[]; readonly check: Check };

/** All that the supervisor needs to know; it reads this file and no other, and again before it starts a service anew. */
export interface Plan {
  readonly port: number;
  readonly pki: string;
  readonly logs: string;
  readonly steps: readonly Step[];
}

export interface PlanInput {
  readonly name: string;
  readonly port: number;
  readonly addresses: AddressPlan;
  readonly layout: Layout;
  readonly binaries: Binaries;
}

/** Directories with the programs, and the archive of the pause image. */
export interface Binaries {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly pauseArchive: string;
}

const etcdUrl = 'http://127.0.0.1:2379';

/** In the order of the list; each waits for what it names in `after`. */
const steps = {
  containerd,
  'pause-image': pauseImport,
  etcd,
  'kube-apiserver': apiserver,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  kubelet,
  'kube-proxy': proxy,
  coredns,
  'network-policy': networkPolicy,
  node,
  'service-account': serviceAccount,
} as const satisfies Record<string, (input: PlanInput) => Step>;

/** What every cluster consists of; a running one that lacks any of it was started by an earlier version of this. */
export const stepNames: readonly string[] = Object.keys(steps);

export function buildPlan(input: PlanInput): Plan {
  const { port, layout } = input;
  return { port, pki: layout.pki, logs: layout.logs, steps: Object.values(steps).map((build) => build(input)) };
}

function containerd({ layout }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'containerd',
    after: [],
    command: ['containerd', '--config', path.join(layout.config, 'containerd.toml')],
    check: { type: 'socket', path: containerdSocket },
  };
}

function pauseImport({ binaries }: PlanInput): Step {
  return {
    kind: 'task',
    name: 'pause-image',
    after: ['containerd'],
    command: [...ctr, 'images', 'import', binaries.pauseArchive],
  };
}

/** containerd's client, pointed at the namespace that the kubelet uses. */
export const ctr: readonly string[] = ['ctr', '--address', containerdSocket, '--namespace', 'k8s.io'];

function etcd({ layout, binaries }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'etcd',
    after: [],
    command: [
      path.join(binaries.etcd, 'etcd'),
      `--data-dir=${path.join(layout.data, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--log-level=warn',
      // The data is disposable and a start after a restart of the machine begins afresh, so speed wins.
      '--unsafe-no-fsync',
    ],
    check: { type: 'http', url: `${etcdUrl}/health` },
  };
}

function apiserver({ port, addresses, layout, binaries }: PlanInput): Step {
  const pki = (file: string): string => path.join(layout.pki, file);
  return {
    kind: 'service',
    name: 'kube-apiserver',
    after: ['etcd'],
    command: [
      path.join(binaries.kubernetes, 'kube-apiserver'),
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=0.0.0.0',
      `--advertise-address=${addresses.nodeAddress}`,
      `--secure-port=${port}`,
      `--service-cluster-ip-range=${addresses.serviceCidr}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${pki('service-account.key')}`,
      `--service-account-key-file=${pki('service-account.pub')}`,
      // exec, logs and port-forward; the node's name does not resolve.
      '--kubelet-preferred-address-types=InternalIP',
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('admin.crt')}`,
      `--kubelet-client-key=${pki('admin.key')}`,
      // Aggregated APIs answer 403 to an API server without this client certificate.
      `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy.key')}`,
      `--requestheader-client-ca-file=${pki('ca.crt')}`,
      '--requestheader-allowed-names=front-proxy',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--profiling=false',
    ],
    check: { type: 'http', url: `https://127.0.0.1:${port}/readyz` },
  };
}

function controllerManager({ layout, binaries }: PlanInput): Step {
  const pki = (file: string): string => path.join(layout.pki, file);
  return {
    kind: 'service',
    name: 'kube-controller-manager',
    after: ['kube-apiserver'],
    command: [
      path.join(binaries.kubernetes, 'kube-controller-manager'),
      `--kubeconfig=${kubeconfigPath(layout, 'controller-manager')}`,
      '--bind-address=127.0.0.1',
      '--leader-elect=false',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${pki('service-account.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      '--allocate-node-cidrs=false',
      `--flex-volume-plugin-dir=${path.join(layout.data, 'volume-plugins')}`,
      // The defaults, 20 a second, are what a scale test would measure otherwise.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
    check: { type: 'http', url: 'https://127.0.0.1:10257/healthz' },
  };
}

function scheduler({ layout, binaries }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'kube-scheduler',
    after: ['kube-apiserver'],
    command: [
      path.join(binaries.kubernetes, 'kube-scheduler'),
      `--kubeconfig=${kubeconfigPath(layout, 'scheduler')}`,
      '--bind-address=127.0.0.1',
      '--leader-elect=false',
    ],
    check: { type: 'http', url: 'https://127.0.0.1:10259/healthz' },
  };
}

function kubelet({ name, addresses, layout, binaries }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'kubelet',
    after: ['kube-apiserver', 'pause-image'],
    command: [
      path.join(binaries.kubernetes, 'kubelet'),
      `--config=${path.join(layout.config, 'kubelet.yaml')}`,
      `--kubeconfig=${kubeconfigPath(layout, 'kubelet')}`,
      `--hostname-override=${name}`,
      `--node-ip=${addresses.nodeAddress}`,
      `--root-dir=${path.join(layout.data, 'kubelet')}`,
    ],
    check: { type: 'http', url: 'http://127.0.0.1:10248/healthz' },
  };
}

function proxy({ layout, binaries }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'kube-proxy',
    after: ['kube-apiserver'],
    command: [path.join(binaries.kubernetes, 'kube-proxy'), `--config=${path.join(layout.config, 'proxy.yaml')}`],
    check: { type: 'http', url: 'http://127.0.0.1:10256/healthz' },
  };
}

function coredns({ addresses, layout, binaries }: PlanInput): Step {
  return {
    kind: 'service',
    name: 'coredns',
    after: ['kube-apiserver'],
    command: [path.join(binaries.coredns, 'coredns'), '-conf', path.join(layout.config, 'Corefile')],
    check: { type: 'dns', server: addresses.nodeAddress, name: 'kubernetes.default.svc.cluster.local' },
  };
}

/** What a network plug-in brings along elsewhere: the CNI plugins of Debian know no policies. */
function networkPolicy({ port, layout }: PlanInput): Step {
  const enforcer = path.join(import.meta.dirname, '..', 'network-policy', 'enforcer.ts');
  return {
    kind: 'service',
    name: 'network-policy',
    after: ['kube-apiserver'],
    command: [process.execPath, enforcer, String(port), layout.pki, networkPolicySocket],
    check: { type: 'socket', path: networkPolicySocket },
  };
}

function node({ name }: PlanInput): Step {
  return { kind: 'condition', name: 'node', after: ['kubelet'], check: { type: 'node', node: name } };
}

/** Pods cannot be created in a namespace before the controller manager has made this account. */
function serviceAccount(): Step {
  return {
    kind: 'condition',
    name: 'service-account',
    after: ['kube-controller-manager'],
    check: { type: 'api', path: '/api/v1/namespaces/default/serviceaccounts/default' },
  };
}
