import { CONFIG_HASH_ANNOTATION, CONTAINER_NAME, PORT_NAME, selectorLabels } from '../mcpserver/names.ts';
import type { EnvVar, MCPServer, StorageMount } from '../mcpserver/types.gen.ts';
import { childMetadata, extraAnnotations, podLabels } from './child-metadata.ts';
import { compact } from './compact.ts';
import type { ExpandedKind, ExpansionInput } from './expanded-kind.ts';

type Fields = Readonly<Record<string, unknown>>;

export const deployment: ExpandedKind = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  summary: 'Runs the pods of the server.',
  unavailableReason: 'DeploymentUnavailable',
  build: (input) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(input.server),
    spec: {
      replicas: input.server.spec.runtime?.replicas ?? 1,
      selector: { matchLabels: selectorLabels(input.server) },
      template: buildPodTemplate(input),
    },
  }),
};

function buildPodTemplate({ server, configHash }: ExpansionInput): Fields {
  const { security } = server.spec.runtime ?? {};
  const serviceAccountName = security?.serviceAccountName ?? '';
  return {
    metadata: {
      labels: podLabels(server),
      ...compact({ annotations: { ...extraAnnotations(server), [CONFIG_HASH_ANNOTATION]: configHash } }),
    },
    spec: {
      containers: [buildContainer(server)],
      ...buildVolumes(server),
      ...compact({
        imagePullSecrets: server.spec.source.containerImage?.imagePullSecrets?.map(({ name }) => ({ name })),
        securityContext: security?.podSecurityContext,
      }),
      // Who names a service account wants its token; nobody wants the token of `default` by accident.
      ...(serviceAccountName === '' ? { automountServiceAccountToken: false } : { serviceAccountName }),
    },
  };
}

function buildContainer(server: MCPServer): Fields {
  const { source, config, runtime } = server.spec;
  return {
    name: CONTAINER_NAME,
    ports: [{ name: PORT_NAME, containerPort: config.port, protocol: 'TCP' }],
    ...compact({
      image: source.containerImage?.ref,
      imagePullPolicy: source.containerImage?.pullPolicy,
      args: config.arguments,
      env: lastOfEachName(config.env ?? []).map(buildVariable),
      envFrom: config.envFrom,
      volumeMounts: config.storage?.map(buildMount),
      ...buildRuntime(runtime),
    }),
  };
}

function buildRuntime(runtime: MCPServer['spec']['runtime']): Fields {
  return {
    resources: runtime?.resources,
    securityContext: runtime?.security?.securityContext,
    livenessProbe: runtime?.health?.livenessProbe,
    readinessProbe: runtime?.health?.readinessProbe,
  };
}

/** An apply refuses a name twice; in a pod the last one wins, so that is the one that stays. */
function lastOfEachName(variables: readonly EnvVar[]): readonly EnvVar[] {
  const lastPlace = new Map(variables.map(({ name }, index) => [name, index]));
  return variables.filter(({ name }, index) => lastPlace.get(name) === index);
}

/** An empty value is what a variable without a value has; the API server does not store it. */
function buildVariable({ name, value, valueFrom }: EnvVar): Fields {
  return { name, ...(value === undefined || value === '' ? {} : { value }), ...compact({ valueFrom }) };
}

function volumeName(index: number): string {
  return `vol-${index}`;
}

function buildMount({ path, permissions }: StorageMount, index: number): Fields {
  const mount = { name: volumeName(index), mountPath: path };
  switch (permissions ?? 'ReadOnly') {
    case 'ReadOnly':
      return { ...mount, readOnly: true };
    case 'RecursiveReadOnly':
      return { ...mount, readOnly: true, recursiveReadOnly: 'Enabled' };
    case 'ReadWrite':
      return mount;
  }
}

function buildVolumes(server: MCPServer): Fields {
  const volumes = (server.spec.config.storage ?? []).map((mount, index) => ({
    name: volumeName(index),
    ...buildVolumeSource(mount),
  }));
  return volumes.length === 0 ? {} : { volumes };
}

function buildVolumeSource({ source }: StorageMount): Fields {
  switch (source.type) {
    case 'ConfigMap':
      return { configMap: compact({ ...source.configMap }) };
    case 'Secret':
      return { secret: compact({ ...source.secret }) };
    case 'EmptyDir':
      return { emptyDir: compact({ ...source.emptyDir }) };
  }
}
