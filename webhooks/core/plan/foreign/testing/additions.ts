import { replaceAt } from './mutations.ts';
import type { Mutation } from './mutations.ts';
import type { Fields } from '../../../mcpserver/record.ts';

/** Something that others write beside what is ours. For tests. */
export interface Addition extends Mutation {
  readonly kind: 'Deployment' | 'Service' | 'NetworkPolicy' | 'CiliumNetworkPolicy';
  /** The row of `ownPlaces` or `placesOfOthers` that says what becomes of it. */
  readonly row: string;
}

type Change = (value: unknown) => unknown;

const pod = ['spec', 'template', 'spec'];
const container = [...pod, 'containers', { name: 'mcp-server' }];
const put = (path: readonly (string | Fields)[], value: unknown): Mutation['change'] => edit(path, () => value);
const add = (path: readonly (string | Fields)[], item: Fields): Mutation['change'] =>
  edit(path, (list) => [...(Array.isArray(list) ? (list as readonly unknown[]) : []), item]);
const edit =
  (path: readonly (string | Fields)[], change: Change): Mutation['change'] =>
  (live) =>
    // Replacing a part of an object gives an object.
    replaceAt(live, path, change) as Fields;
const all =
  (...changes: readonly Mutation['change'][]): Mutation['change'] =>
  (live) =>
    changes.reduce((object, change) => change(object), live);

const ofContainer = 'spec.template.spec.containers[mcp-server]';
const ofWeakVolumes =
  'spec.template.spec.volumes[*] that are hostPath, nfs or another type that the restricted standard refuses, and mounts of it';
const sidecar = { name: 'sidecar', image: 'example.com/sidecar:1' };
const etc = { name: 'etc', hostPath: { path: '/etc' } };

const toContainer: readonly (readonly [string, Mutation['change']])[] = [
  ['command', put([...container, 'command'], ['sh'])],
  ['working directory', put([...container, 'workingDir'], '/tmp')],
  ['env variable', add([...container, 'env'], { name: 'LD_PRELOAD', value: '/x.so' })],
  ['source of env variables', add([...container, 'envFrom'], { secretRef: { name: 'other' } })],
  ['container port', add([...container, 'ports'], { name: 'debug', containerPort: 9229, protocol: 'TCP' })],
  ['added capability', put([...container, 'securityContext', 'capabilities', 'add'], ['NET_ADMIN'])],
  ['user', put([...container, 'securityContext', 'runAsUser'], 1)],
  ['startup probe', put([...container, 'startupProbe'], { tcpSocket: { port: 8080 } })],
  ['lifecycle hook', put([...container, 'lifecycle'], { preStop: { exec: { command: ['sleep', '1'] } } })],
  ['terminal', put([...container, 'tty'], true)],
  ['limit', put([...container, 'resources', 'limits', 'cpu'], '2')],
  ['exec beside the handler of a probe', put([...container, 'readinessProbe'], { exec: { command: ['true'] } })],
  [
    'mount of a volume of a sidecar',
    all(
      add([...pod, 'volumes'], { name: 'of-sidecar', emptyDir: {} }),
      add([...container, 'volumeMounts'], { name: 'of-sidecar', mountPath: '/of-sidecar' }),
    ),
  ],
  ['variable as a reference', edit([...container, 'env', { name: 'PLAIN' }], () => fieldVariable('PLAIN'))],
  ['referring variable as a value', edit([...container, 'env', { name: 'FROM_MAP' }], () => plain('FROM_MAP'))],
];

const toPod: readonly (readonly [string, unknown])[] = [
  ['hostNetwork', true],
  ['hostPID', true],
  ['hostIPC', true],
  ['shareProcessNamespace', true],
  ['serviceAccountName', 'other'],
  ['hostAliases', [{ ip: '10.0.0.1', hostnames: ['example.com'] }]],
  ['dnsConfig', { nameservers: ['10.0.0.1'] }],
  ['dnsPolicy', 'Default'],
];

/** What must go: each on a child that is otherwise as we applied it. */
export const removedAdditions: readonly Addition[] = [
  ...toContainer.map(([name, change]) => ({ ...({ kind: 'Deployment', row: ofContainer } as const), name, change })),
  ...toPod.map(([name, value]) => ({
    ...({ kind: 'Deployment', row: `spec.template.spec.${name}`, name } as const),
    change: put([...pod, name], value),
  })),
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.serviceAccount', name: 'serviceAccount' },
    change: put([...pod, 'serviceAccount'], 'other'),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.securityContext', name: 'sysctl and supplemental group' },
    change: all(
      put([...pod, 'securityContext', 'sysctls'], [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }]),
      put([...pod, 'securityContext', 'supplementalGroups'], [0]),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.automountServiceAccountToken', name: 'mounted token' },
    change: put([...pod, 'automountServiceAccountToken'], true),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.containers[*] with a port named mcp', name: 'renamed container' },
    change: edit(container, (live) => ({ ...(live as Fields), name: 'renamed' })),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.initContainers[mcp-server]', name: 'init container of our name' },
    change: all(
      edit(container, (live) => ({ ...(live as Fields), name: 'renamed' })),
      add([...pod, 'initContainers'], { ...sidecar, name: 'mcp-server' }),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.volumes[vol-N], and mounts of it', name: 'other type of volume' },
    change: edit([...pod, 'volumes', { name: 'vol-0' }], () => ({ name: 'vol-0', hostPath: { path: '/etc' } })),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.volumes[vol-N], and mounts of it', name: 'volume of our names' },
    change: all(
      add([...pod, 'volumes'], { name: 'vol-9', emptyDir: {} }),
      add([...container, 'volumeMounts'], { name: 'vol-9', mountPath: '/vol-9' }),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.volumes[vol-N], and mounts of it', name: 'claim of our names' },
    change: all(
      add([...pod, 'volumes'], { name: 'vol-claim-9', persistentVolumeClaim: { claimName: 'other' } }),
      add([...container, 'volumeMounts'], { name: 'vol-claim-9', mountPath: '/vol-claim-9' }),
    ),
  },
  ...['mcp-stdio-shim', 'mcp-bridge'].map((name) => ({
    ...({ kind: 'Deployment', row: `spec.template.spec.initContainers[${name}]`, name: `container ${name}` } as const),
    change: add([...pod, 'initContainers'], { ...sidecar, name }),
  })),
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.volumes[vol-N], and mounts of it', name: 'volume for stdio' },
    change: all(
      add([...pod, 'volumes'], { name: 'mcp-lifecycle', emptyDir: {} }),
      add([...container, 'volumeMounts'], { name: 'mcp-lifecycle', mountPath: '/mcp-lifecycle' }),
    ),
  },
  {
    ...{ kind: 'Deployment', row: ofWeakVolumes, name: 'hostPath volume in our container' },
    change: all(
      add([...pod, 'volumes'], etc),
      add([...container, 'volumeMounts'], { name: 'etc', mountPath: '/host/etc' }),
    ),
  },
  ...[
    ['another port', add(['spec', 'ports'], { name: 'other', port: 9999, protocol: 'TCP', targetPort: 1 })] as const,
    ['external address', put(['spec', 'externalIPs'], ['192.0.2.1'])] as const,
    ['node port', put(['spec', 'type'], 'NodePort')] as const,
    ['load balancer', put(['spec', 'type'], 'LoadBalancer')] as const,
    ['addresses of pods that are not ready', put(['spec', 'publishNotReadyAddresses'], true)] as const,
  ].map(([name, change]) => ({
    ...({ kind: 'Service', row: 'spec, but for addresses and the spreading of traffic', name } as const),
    change,
  })),
  {
    ...{ kind: 'NetworkPolicy', row: 'spec', name: 'peer that may connect' },
    change: put(['spec', 'ingress'], [{}]),
  },
  {
    ...{ kind: 'CiliumNetworkPolicy', row: 'spec', name: 'everybody as a caller' },
    change: put(['spec', 'ingress'], [{ fromEntities: ['all'] }]),
  },
];

/** What must stay. */
export const keptAdditions: readonly Addition[] = [
  {
    ...{ kind: 'Deployment', row: 'metadata.labels, metadata.annotations', name: 'label and annotation' },
    change: all(
      put(['metadata', 'labels', 'mesh'], 'on'),
      put(['metadata', 'annotations', 'example.com/owner'], 'platform'),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.metadata', name: 'restart annotation' },
    change: put(['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'], 'now'),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.containers[*], spec.template.spec.initContainers[*]' },
    name: 'sidecar with a volume, that mounts one of ours too',
    change: all(
      add([...pod, 'containers'], {
        ...sidecar,
        volumeMounts: [
          { name: 'cache', mountPath: '/cache' },
          { name: 'vol-0', mountPath: '/scratch' },
        ],
      }),
      add([...pod, 'initContainers'], { ...sidecar, name: 'before' }),
      add([...pod, 'volumes'], { name: 'cache', emptyDir: {} }),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec: scheduling', name: 'scheduling' },
    change: all(
      put([...pod, 'affinity'], { podAntiAffinity: {} }),
      put([...pod, 'schedulerName'], 'other'),
      put([...pod, 'runtimeClassName'], 'kata'),
      add([...pod, 'topologySpreadConstraints'], {
        ...{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
      }),
    ),
  },
  {
    ...{ kind: 'Deployment', row: 'spec.template.spec.imagePullSecrets[*]', name: 'pull secret' },
    change: add([...pod, 'imagePullSecrets'], { name: 'of-the-platform' }),
  },
  {
    ...{ kind: 'Deployment', row: 'spec: rollouts', name: 'how rollouts go' },
    change: all(put(['spec', 'minReadySeconds'], 5), put(['spec', 'revisionHistoryLimit'], 2)),
  },
  {
    ...{ kind: 'Service', row: 'spec.internalTrafficPolicy, spec.sessionAffinityConfig', name: 'spreading of traffic' },
    change: put(['spec', 'internalTrafficPolicy'], 'Local'),
  },
];

function fieldVariable(name: string): Fields {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } };
}

function plain(name: string): Fields {
  return { name, value: 'x' };
}
