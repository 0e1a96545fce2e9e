import { absent, hidden } from './facts.ts';
import { everydaySpec, toBody, toServer, type Change } from './review.ts';

/** One request of those that admission is measured with. */
export interface SampleReview {
  /** What is special about it, in a few words. */
  readonly name: string;
  /** What `validate` says: a test compares. */
  readonly verdict: 'allowed' | 'warned' | 'refused';
  readonly body: Buffer;
}

type Fields = Readonly<Record<string, unknown>>;

/** The smallest server that admission has nothing to say about. */
const leanSpec = { source: everydaySpec.source, config: { port: 8080 } };

function times<T>(count: number, build: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => build(index));
}

const fromSecret = (secret: string, key: string): Fields => ({ secretKeyRef: { name: secret, key } });
const fromConfigMap = (configMap: string, key: string): Fields => ({ configMapKeyRef: { name: configMap, key } });

const container = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const pod = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  runAsGroup: 65_532,
  fsGroup: 1_000,
  fsGroupChangePolicy: 'OnRootMismatch',
  supplementalGroups: times(12, (index) => 2_000 + index),
  seccompProfile: { type: 'RuntimeDefault' },
  seLinuxOptions: { level: 's0:c123,c456' },
  appArmorProfile: { type: 'RuntimeDefault' },
  sysctls: ['net.ipv4.tcp_syncookies', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.ping_group_range'].map((name) => ({
    name,
    value: '1',
  })),
};

const probe = {
  httpGet: {
    path: '/healthz',
    port: 'mcp',
    scheme: 'HTTP',
    httpHeaders: times(8, (index) => ({ name: `X-Probe-${index}`, value: `value of ${index}` })),
  },
  initialDelaySeconds: 1,
  periodSeconds: 5,
  timeoutSeconds: 2,
  successThreshold: 1,
  failureThreshold: 3,
};

const peers = times(12, (index) => ({
  podSelector: { matchLabels: { app: `client-${index}` } },
  namespaceSelector: {
    matchExpressions: [{ key: 'team', operator: 'In', values: [`team-${index}`, `team-${index + 1}`] }],
  },
}));

const blocks = times(6, (index) => ({ ipBlock: { cidr: `10.${index}.0.0/16`, except: [`10.${index}.7.0/24`] } }));

const mounts = times(12, (index) => {
  const items = times(3, (item) => ({ key: `key-${item}`, path: `conf/${item}.toml`, mode: 0o440 }));
  return index % 2 === 0
    ? { path: `/etc/config-${index}`, source: { type: 'ConfigMap', configMap: { name: `config-${index}`, items } } }
    : { path: `/etc/secret-${index}`, source: { type: 'Secret', secret: { secretName: `secret-${index}`, items } } };
});

/** Nearly everything that a spec can say, without a finding. */
const fullSpec = {
  source: {
    type: 'ContainerImage',
    containerImage: { ...everydaySpec.source.containerImage, imagePullSecrets: [{ name: 'registry' }] },
  },
  config: {
    port: 8080,
    path: '/mcp',
    arguments: everydaySpec.config.arguments,
    env: [
      ...times(10, (index) => ({ name: `SETTING_${index}`, value: `value of ${index}` })),
      ...times(5, (index) => ({ name: `SHARED_${index}`, valueFrom: fromConfigMap('settings', `key-${index}`) })),
      ...times(5, (index) => ({ name: `TOKEN_${index}`, valueFrom: fromSecret('tokens', `key-${index}`) })),
    ],
    envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'A_' }, { secretRef: { name: 'tokens', optional: true } }],
    storage: mounts.slice(0, 6),
  },
  runtime: {
    ...everydaySpec.runtime,
    security: { serviceAccountName: 'search', podSecurityContext: pod, securityContext: container },
    health: { livenessProbe: { ...probe, periodSeconds: 30 }, readinessProbe: probe },
  },
  mcp: { stateless: true },
  network: { ingressFrom: peers.slice(0, 4), egressTo: blocks.slice(0, 2), egressPorts: [{ port: 443 }] },
  transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } },
  extraLabels: { team: 'search', tier: 'backend' },
  extraAnnotations: { 'example.com/owner': 'search@example.com' },
  extensions: { verification: { periodSeconds: 600 } },
};

const asRoot = { runtime: { security: { securityContext: { runAsUser: 0 } } } };
const escalating = { runtime: { security: { securityContext: { allowPrivilegeEscalation: true } } } };
const privilegedToo = {
  runtime: { security: { securityContext: { allowPrivilegeEscalation: true, privileged: true } } },
};

/** Ten things that are refused, in all corners of the spec. */
const tenWrongs = {
  source: { type: 'ContainerImage', containerImage: { ref: 'https://registry.example.com/search:1.4.2' } },
  config: {
    port: 8080,
    env: [{ name: 'A', value: '1', valueFrom: fromSecret('tokens', 'token') }],
    storage: [{ path: '/etc/search', source: { type: 'ConfigMap', configMap: { name: '' } } }],
  },
  runtime: {
    resources: { requests: { memory: '1Gi', cpu: '2' }, limits: { memory: '64Mi', cpu: '1' } },
    security: {
      podSecurityContext: { runAsUser: 0, sysctls: [{ name: 'kernel.msgmax', value: '65536' }] },
      securityContext: { privileged: true, allowPrivilegeEscalation: true, capabilities: { add: ['SYS_ADMIN'] } },
    },
  },
  network: { egressTo: [{ ipBlock: { cidr: '10.0.0.1' } }] },
};

interface Sample {
  readonly name: string;
  readonly verdict: SampleReview['verdict'];
  readonly spec: Fields;
  /** Of the object before; an UPDATE then. */
  readonly before?: Fields;
  readonly metadata?: Fields;
  readonly apiVersion?: string;
}

const lean = (name: string, verdict: SampleReview['verdict'], spec: Fields): Sample => ({
  name,
  verdict,
  spec: { ...leanSpec, ...spec },
});

const ofConfig = (name: string, verdict: SampleReview['verdict'], config: Fields): Sample =>
  lean(name, verdict, { config: { port: 8080, ...config } });

const samples: readonly Sample[] = [
  lean('a lean server', 'allowed', {}),
  { name: 'a lean server in v1alpha1', verdict: 'allowed', spec: leanSpec, apiVersion: 'mcp.x-k8s.io/v1alpha1' },
  {
    name: 'a generated name',
    verdict: 'allowed',
    spec: leanSpec,
    metadata: { name: 'search-x7k2p', generateName: 'search-' },
  },
  { name: 'an everyday server', verdict: 'allowed', spec: everydaySpec },
  { name: 'everything', verdict: 'allowed', spec: fullSpec },
  ofConfig('40 variables', 'allowed', {
    env: times(40, (index) => ({ name: `SETTING_${index}`, value: `value of ${index}` })),
  }),
  ofConfig('40 variables from Secrets and ConfigMaps', 'allowed', {
    env: times(40, (index) => ({
      name: `SETTING_${index}`,
      valueFrom: index % 2 === 0 ? fromSecret(`secret-${index % 5}`, 'token') : fromConfigMap('settings', 'mode'),
    })),
  }),
  ofConfig('20 sources of variables', 'allowed', {
    envFrom: times(20, (index) =>
      index % 2 === 0 ? { configMapRef: { name: `config-${index}` } } : { secretRef: { name: `secret-${index}` } },
    ),
  }),
  ofConfig('60 arguments', 'allowed', {
    arguments: times(60, (index) => (index % 2 === 0 ? `--option-${index}` : `value of ${index}`)),
  }),
  ofConfig('12 mounts of three files each', 'allowed', { storage: mounts }),
  ofConfig('texts that are not ASCII', 'allowed', {
    arguments: times(20, (index) => `--grüße=${'žluťoučký kůň '.repeat(2)}${index}`),
    env: times(20, (index) => ({ name: `NAME_${index}`, value: '検索サーバー 🔎' })),
  }),
  ofConfig('600 variables, 40 KiB', 'allowed', {
    env: times(600, (index) => ({ name: `SETTING_${index}`, value: `value of ${index}` })),
  }),
  lean('both security contexts', 'allowed', {
    runtime: { security: { podSecurityContext: pod, securityContext: container } },
  }),
  lean('two probes with headers', 'allowed', {
    runtime: { health: { livenessProbe: { ...probe, periodSeconds: 30 }, readinessProbe: probe } },
  }),
  lean('peers by labels and addresses', 'allowed', {
    network: {
      ingressFrom: peers,
      egressTo: blocks,
      egressPorts: times(10, (index) => ({ port: 9_000 + index * 10, endPort: 9_005 + index * 10, protocol: 'TCP' })),
      dnsEgressPeer: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
    },
  }),
  lean('60 labels and annotations', 'allowed', {
    extraLabels: Object.fromEntries(times(30, (index) => [`example.com/label-${index}`, `value-${index}`])),
    extraAnnotations: Object.fromEntries(times(30, (index) => [`example.com/note-${index}`, `value of ${index}`])),
  }),
  lean('TLS with a CA of its own', 'allowed', {
    transport: { tls: { enabled: true, caBundleSecret: { name: 'internal-ca' } } },
  }),
  ofConfig('one warning: a Secret that is not there', 'warned', {
    envFrom: [{ secretRef: { name: `${absent}tokens` } }],
  }),
  ofConfig('three warnings: what could not be looked up', 'warned', {
    envFrom: times(3, (index) => ({ configMapRef: { name: `${hidden}settings-${index}` } })),
  }),
  ofConfig('more warnings than are shown', 'warned', {
    env: times(20, (index) => ({ name: `TOKEN_${index}`, valueFrom: fromSecret(`${absent}tokens-${index}`, 'token') })),
  }),
  lean('warnings about an image, sessions and a gateway', 'warned', {
    source: { type: 'ContainerImage', containerImage: { ref: 'search' } },
    runtime: { replicas: 3 },
    gateway: { provider: 'httproute' },
  }),
  lean('refused for one reason', 'refused', asRoot),
  lean('refused for ten reasons', 'refused', tenWrongs),
  ofConfig('refused by the schema', 'refused', { port: '8080' }),
  { name: 'everything, refused for one reason', verdict: 'refused', spec: { ...fullSpec, ...asRoot } },
  {
    name: 'an update of an everyday server',
    verdict: 'allowed',
    spec: { ...everydaySpec, runtime: { ...everydaySpec.runtime, replicas: 3 } },
    before: everydaySpec,
  },
  {
    name: 'an update of everything',
    verdict: 'allowed',
    spec: { ...fullSpec, extraLabels: { team: 'find', tier: 'backend' } },
    before: fullSpec,
  },
  {
    name: 'an update that leaves a violation as it was',
    verdict: 'warned',
    spec: { ...leanSpec, ...escalating, extraLabels: { team: 'find' } },
    before: { ...leanSpec, ...escalating },
  },
  {
    name: 'an update that brings a violation beside an old one',
    verdict: 'refused',
    spec: { ...leanSpec, ...privilegedToo },
    before: { ...leanSpec, ...escalating },
  },
];

/**
 * What admission is asked: lean servers and rich ones, each kind of field in number, with warnings, refused, creates and
 * updates. Each has at least 4 KiB and the metadata that an API server sends along: who owns which field.
 */
export const sampleReviews: readonly SampleReview[] = samples.map((sample) => ({
  name: sample.name,
  verdict: sample.verdict,
  body: toBody((filling) => toChange(sample, filling)),
}));

function toChange({ spec, before, ...rest }: Sample, filling: string): Change {
  const object = toServer({ ...rest, spec, filling });
  return before === undefined
    ? { operation: 'CREATE', object }
    : { operation: 'UPDATE', object, oldObject: toServer({ ...rest, spec: before, filling: '' }) };
}
