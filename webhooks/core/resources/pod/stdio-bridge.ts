import { BRIDGE_CONTAINER_NAME } from '../../mcpserver/names.ts';
import type { Fields } from '../../mcpserver/record.ts';
import { isStdio, stdioOf } from '../../mcpserver/stdio.ts';
import type { MCPServer } from '../../mcpserver/types.gen.ts';
import type { ExpansionInput } from '../expanded-kind.ts';
import { metricsPort } from '../metrics-endpoint.ts';
import type { PodContainer } from './pod-container.ts';
import {
  nothingSaid,
  ownContainer,
  ownSecurityContext,
  runFolder,
  runSubPath,
  shimVolume,
  socketPath,
} from './stdio-parts.ts';
import { shimGraceSeconds } from './termination.ts';

/** Where admission mounts the token of the pod's account, unless something is there: pkg/serviceaccount of Kubernetes. */
const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** As the API server has it where the spec does not say. */
const defaultPath = '/mcp';

/** The first that is neither the server's port nor that of its metrics: all containers of a pod share their ports. */
const healthPorts = [10352, 10353, 10354] as const;

/**
 * Serves streamable HTTP for a server for stdio, over the socket of the shim: a native sidecar, so it is there before the
 * server starts and until it has ended. It reads what clients send, so it has nothing that they could want: no variable, no
 * Secret, no token, no file of the server.
 */
export const stdioBridge: PodContainer = {
  name: BRIDGE_CONTAINER_NAME,
  list: 'initContainers',
  isOf: isStdio,
  securityContext: ownSecurityContext,
  ...nothingSaid,
  build: (input) => ({
    ...ownContainer(input),
    args: ['bridge'],
    restartPolicy: 'Always',
    env: variablesOf(input).map(([name, value]) => ({ name, value: String(value) })),
    volumeMounts: [
      { name: shimVolume, mountPath: runFolder, subPath: runSubPath, readOnly: true },
      // Nothing is in there, and so the token is not.
      { name: shimVolume, mountPath: tokenFolder, subPath: 'no-token', readOnly: true },
    ],
    ...probesOf(input.server),
  }),
  // The same volume as the shim's.
  volumes: () => [],
};

function variablesOf({ server, compatibility }: ExpansionInput): readonly (readonly [string, string | number])[] {
  const { config } = server.spec;
  const stdio = stdioOf(server);
  if (stdio === undefined) return [];
  return [
    // Half of what the container may use; buffers are beside it.
    ['NODE_OPTIONS', '--max-semi-space-size=1 --max-old-space-size=40'],
    // As our other containers have it: buffers of long messages go back at once.
    ['MALLOC_ARENA_MAX', 1],
    ['MALLOC_MMAP_THRESHOLD_', 65_536],
    ['MALLOC_TRIM_THRESHOLD_', 65_536],
    ['MCP_SOCKET', socketPath],
    ['MCP_PORT', config.port],
    ['MCP_PATH', config.path ?? defaultPath],
    ['MCP_SESSIONS', stdio.sessions],
    ['MCP_MAX_SESSIONS', stdio.maxSessions],
    ['MCP_IDLE_SECONDS', stdio.idleSeconds],
    ['MCP_START_SECONDS', stdio.startSeconds],
    ['MCP_MAX_MESSAGE_BYTES', stdio.maxMessageBytes],
    ['MCP_GRACE_SECONDS', shimGraceSeconds(server, compatibility)],
    ['MCP_METRICS_PORT', metricsPort(server) ?? 0],
    ['MCP_HEALTH_PORT', healthPortOf(server)],
  ];
}

/** Whether it serves at all is for the readiness of the pod; that the server does not start is no reason to restart the bridge. */
function probesOf(server: MCPServer): Fields {
  const port = healthPortOf(server);
  return {
    readinessProbe: {
      httpGet: { path: '/readyz', port, scheme: 'HTTP' },
      ...{ periodSeconds: 3, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 3 },
    },
    livenessProbe: {
      httpGet: { path: '/healthz', port, scheme: 'HTTP' },
      ...{ periodSeconds: 10, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 3 },
    },
  };
}

function healthPortOf(server: MCPServer): number {
  const taken: readonly (number | undefined)[] = [server.spec.config.port, metricsPort(server)];
  return healthPorts.find((port) => !taken.includes(port)) ?? healthPorts[0];
}
