import path from 'node:path';
import type { AddressPlan } from '../address-plan.ts';
import { cgroupName, containerdSocket, type Layout } from './layout.ts';

export interface ConfigInput {
  readonly name: string;
  readonly port: number;
  readonly addresses: AddressPlan;
  readonly layout: Layout;
}

/** The image that holds each pod's namespaces; built from scratch, as nothing can be pulled. */
export const pauseImage = 'local.test/pause:1';

/** Certificates that components show to the API server, by file name. */
export const componentUsers = ['controller-manager', 'scheduler', 'kubelet', 'proxy', 'dns'] as const;
export type ComponentUser = (typeof componentUsers)[number];

export function kubeconfigPath(layout: Layout, user: ComponentUser): string {
  return path.join(layout.config, `${user}.kubeconfig`);
}

/** Every configuration file by path. JSON is YAML, so JSON it is: nothing to quote. */
export function buildConfigFiles(input: ConfigInput): ReadonlyMap<string, string> {
  const { layout } = input;
  return new Map([
    ...componentUsers.map((user): [string, string] => [
      kubeconfigPath(layout, user),
      renderComponentKubeconfig(input, user),
    ]),
    [path.join(layout.config, 'containerd.toml'), renderContainerdConfig(layout)],
    [path.join(layout.config, 'cni', '10-cluster.conflist'), renderCniConfig(input.addresses)],
    [path.join(layout.config, 'kubelet.yaml'), renderKubeletConfig(input)],
    [path.join(layout.config, 'proxy.yaml'), renderProxyConfig(input)],
    [path.join(layout.config, 'Corefile'), renderCorefile(input)],
    [layout.resolvConf, renderResolvConf(input.addresses)],
  ]);
}

function renderComponentKubeconfig({ port, layout }: ConfigInput, user: ComponentUser): string {
  return renderJson({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cluster',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': path.join(layout.pki, 'ca.crt') },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate': path.join(layout.pki, `${user}.crt`),
          'client-key': path.join(layout.pki, `${user}.key`),
        },
      },
    ],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user } }],
    'current-context': 'cluster',
  });
}

export interface AdminCredentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** The administrator's kubeconfig carries its certificates, so it can be copied anywhere. */
export function renderAdminKubeconfig(name: string, port: number, credentials: AdminCredentials): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const context = `mcp-lifecycle-${name}`;
  return renderJson({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: context,
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': base64(credentials.ca) },
      },
    ],
    users: [
      {
        name: context,
        user: {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    'current-context': context,
  });
}

function renderContainerdConfig({ config, data }: Layout): string {
  const text = (value: string): string => JSON.stringify(value);
  return `version = 2
root = ${text(path.join(data, 'containerd'))}
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = ${text(containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(path.join(data, 'opt'))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  # Without CAP_SYS_RESOURCE no process may lower its OOM score, and every container would fail to start.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${text(path.join(config, 'cni'))}

  # A file for each registry that it trusts otherwise than the machine does, read at every pull.
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${text(path.join(config, 'certs.d'))}

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function renderCniConfig({ podCidr, firstPodAddress }: AddressPlan): string {
  return renderJson({
    cniVersion: '0.4.0',
    name: 'cluster',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podCidr, rangeStart: firstPodAddress }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

function renderKubeletConfig({ addresses, layout }: ConfigInput): string {
  const pki = (file: string): string => path.join(layout.pki, file);
  return renderJson({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName(layout)}`,
    enforceNodeAllocatable: [],
    oomScoreAdj: 0,
    clusterDNS: [addresses.nodeAddress],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet.crt'),
    tlsPrivateKeyFile: pki('kubelet.key'),
    // Images are imported, not pulled: one that is collected is gone for good.
    imageGCHighThresholdPercent: 100,
    imageMaximumGCAge: '0s',
    // Otherwise one that was imported and later pulled as well, under another name, has to be pulled under both from then on.
    imagePullCredentialsVerificationPolicy: 'NeverVerify',
    evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%', 'memory.available': '100Mi' },
    maxPods: 250,
    registryPullQPS: 0,
    serializeImagePulls: false,
    podLogsDir: path.join(layout.data, 'pod-logs'),
    volumePluginDir: path.join(layout.data, 'volume-plugins'),
  });
}

function renderProxyConfig({ name, addresses, layout }: ConfigInput): string {
  return renderJson({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: kubeconfigPath(layout, 'proxy') },
    mode: 'iptables',
    clusterCIDR: addresses.podCidr,
    hostnameOverride: name,
    oomScoreAdj: 0,
    // 0 means: leave the machine's connection tracking limits alone.
    conntrack: { maxPerCore: 0 },
  });
}

function renderCorefile({ addresses, layout }: ConfigInput): string {
  return `.:53 {
  bind ${addresses.nodeAddress}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${JSON.stringify(kubeconfigPath(layout, 'dns'))}
    pods insecure
    ttl 5
  }
  cache 5
}
`;
}

/** For commands that run in the cluster's network: they find Services by name, as pods do. */
function renderResolvConf({ nodeAddress }: AddressPlan): string {
  return `nameserver ${nodeAddress}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`;
}

function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
