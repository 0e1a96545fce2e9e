import { compact } from '../compact.ts';
import type { KubernetesObject, OwnerReference } from '../expanded-kind.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { MCPServer, StorageMount } from '../../mcpserver/types.gen.ts';

export interface ReferenceChildrenOptions {
  /** Of what the server references; absent where it references nothing that exists. */
  readonly configHash?: string;
  readonly owner?: OwnerReference;
}

/**
 * The objects that the reference operator, in its released versions, makes of a server: from what is known of its behaviour
 * (docs/compatibility.md), in no word from what we build. The first is the Deployment.
 */
export function referenceChildren(
  server: MCPServer,
  { configHash, owner }: ReferenceChildrenOptions = {},
): readonly [deployment: KubernetesObject, service: KubernetesObject, networkPolicy: KubernetesObject] {
  const { spec } = server;
  const { name, namespace = 'default' } = server.metadata;
  const selector = { 'mcp-server': name };
  const labels = { ...spec.extraLabels, app: 'mcp-server', ...selector };
  const annotations = Object.fromEntries(
    Object.entries(spec.extraAnnotations ?? {}).filter(([key]) => !key.startsWith('mcp.x-k8s.io/')),
  );
  const ownerReferences = owner === undefined ? {} : { ownerReferences: [owner] };
  const metadata = {
    name,
    namespace,
    labels,
    annotations: { ...annotations, ...bookkeeping(server) },
    ...ownerReferences,
  };
  const hash: Fields = configHash === undefined ? {} : { 'mcp.x-k8s.io/config-hash': configHash };
  return [
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: {
        replicas: spec.runtime?.replicas ?? 1,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels, ...compact({ annotations: { ...annotations, ...hash } }) },
          spec: podSpec(server),
        },
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'mcp', port: spec.config.port, targetPort: 'mcp', protocol: 'TCP' }],
        sessionAffinity: spec.mcp?.stateless === true ? 'None' : 'ClientIP',
      },
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata },
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: spec.config.port }] }],
      },
    },
  ];
}

/** What it applied last of the extras, so that it can take away what is dropped. */
function bookkeeping({ spec: { extraLabels, extraAnnotations } }: MCPServer): Readonly<Record<string, string>> {
  return {
    ...(extraLabels === undefined ? {} : { 'mcp.x-k8s.io/managed-extra-labels': JSON.stringify(extraLabels) }),
    ...(extraAnnotations === undefined
      ? {}
      : { 'mcp.x-k8s.io/managed-extra-annotations': JSON.stringify(extraAnnotations) }),
  };
}

function podSpec({ spec: { source, config, runtime = {} } }: MCPServer): Fields {
  const { security = {}, health = {}, resources } = runtime;
  const storage = config.storage ?? [];
  const container = {
    name: 'mcp-server',
    ports: [{ name: 'mcp', containerPort: config.port, protocol: 'TCP' }],
    ...compact({
      image: source.containerImage?.ref,
      imagePullPolicy: source.containerImage?.pullPolicy,
      args: config.arguments,
      env: config.env,
      envFrom: config.envFrom,
      resources,
      volumeMounts: storage.map(({ path, permissions = 'ReadOnly' }, index) => ({
        ...{ name: `vol-${index}`, mountPath: path },
        ...(permissions === 'ReadWrite' ? {} : { readOnly: true }),
        ...(permissions === 'RecursiveReadOnly' ? { recursiveReadOnly: 'Enabled' } : {}),
      })),
      livenessProbe: health.livenessProbe,
      readinessProbe: health.readinessProbe ?? {
        ...{ tcpSocket: { port: config.port }, periodSeconds: 10, timeoutSeconds: 1 },
        ...{ successThreshold: 1, failureThreshold: 3 },
      },
      securityContext: security.securityContext ?? {
        ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true },
        ...{ capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
      },
    }),
  };
  const volumes = storage.map(toVolume);
  return {
    containers: [container],
    ...(volumes.length === 0 ? {} : { volumes }),
    ...compact({
      serviceAccountName: security.serviceAccountName === '' ? undefined : security.serviceAccountName,
      securityContext: security.podSecurityContext,
      imagePullSecrets: source.containerImage?.imagePullSecrets,
    }),
  };
}

function toVolume({ source }: StorageMount, index: number): Fields {
  const name = `vol-${index}`;
  switch (source.type) {
    case 'ConfigMap':
      return { name, configMap: source.configMap };
    case 'Secret':
      return { name, secret: source.secret };
    case 'EmptyDir':
      return { name, emptyDir: source.emptyDir ?? {} };
  }
}
