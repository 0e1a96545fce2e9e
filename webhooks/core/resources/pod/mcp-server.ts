import { CONTAINER_NAME, METRICS_PORT_NAME, PORT_NAME } from '../../mcpserver/names.ts';
import { placeOf } from '../../mcpserver/place.ts';
import type { Fields } from '../../mcpserver/record.ts';
import type { EnvVar, MCPServer, StorageMount } from '../../mcpserver/types.gen.ts';
import { compact } from '../compact.ts';
import { metricsPort } from '../metrics-endpoint.ts';
import { claimMounts, claimVolumes } from './claims.ts';
import { mountPermissions } from './mount-permissions.ts';
import type { PodContainer } from './pod-container.ts';
import { packageMounts, packageVariables, packageVolumes } from './package-launcher.ts';
import { shimMounts, stdioCommand } from './stdio-command.ts';
import { terminationOf } from './termination.ts';

/** The container that the author describes: the MCP server itself. */
export const mcpServer: PodContainer = {
  name: CONTAINER_NAME,
  list: 'containers',
  isOf: () => true,
  securityContext: {
    place: placeOf('spec', 'runtime', 'security', 'securityContext'),
    of: ({ spec }) => spec.runtime?.security?.securityContext,
  },
  health: { place: placeOf('spec', 'runtime', 'health'), of: ({ spec }) => spec.runtime?.health },
  startupProbe: {
    place: placeOf('spec', 'extensions', 'startupProbe'),
    of: ({ spec }) => spec.extensions?.startupProbe,
  },
  build: ({ server, compatibility, server: { spec } }) => ({
    ports: buildPorts(server),
    ...compact({
      image: spec.source.containerImage?.ref,
      imagePullPolicy: spec.source.containerImage?.pullPolicy,
      command: stdioCommand(server, compatibility),
      args: spec.config.arguments,
      env: lastOfEachName([...packageVariables(server), ...(spec.config.env ?? [])]).map(buildVariable),
      envFrom: spec.config.envFrom,
      volumeMounts: [
        ...(spec.config.storage ?? []).map(buildMount),
        ...claimMounts(server),
        ...shimMounts(server),
        ...packageMounts(server),
      ],
      resources: spec.runtime?.resources,
      lifecycle: terminationOf(server, compatibility).lifecycle,
    }),
  }),
  volumes: ({ server }) => [
    ...(server.spec.config.storage ?? []).map((mount, index) => ({
      name: volumeName(index),
      ...buildVolumeSource(mount),
    })),
    ...claimVolumes(server),
    ...packageVolumes(server),
  ],
};

/**
 * With stdio the bridge listens at them, in the same network namespace; endpoints, monitors and our own reconciler look for
 * their names here, and endpoints of older clusters nowhere else.
 */
function buildPorts(server: MCPServer): readonly Fields[] {
  const own = metricsPort(server);
  return [
    { name: PORT_NAME, containerPort: server.spec.config.port, protocol: 'TCP' },
    ...(own === undefined ? [] : [{ name: METRICS_PORT_NAME, containerPort: own, protocol: 'TCP' }]),
  ];
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
  return { name: volumeName(index), mountPath: path, ...mountPermissions(permissions) };
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
