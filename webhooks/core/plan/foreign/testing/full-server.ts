import { anMCPServer, withRawSpec, withSpec, withUid } from '../../../testing/builders.ts';
import type { MCPServer } from '../../../mcpserver/types.gen.ts';

/** The spec of a server that says nearly all that a spec can say, so that nearly all that we apply is applied. For tests. */
export const fullSpec = {
  source: { containerImage: { ref: 'registry.example.com/search:1.4.0', imagePullSecrets: [{ name: 'pull' }] } },
  config: {
    port: 8080,
    arguments: ['--port', '8080'],
    env: [
      { name: 'PLAIN', value: '1' },
      { name: 'FROM_FIELD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
    ],
    envFrom: [{ configMapRef: { name: 'settings' } }],
    storage: [
      { path: '/scratch', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: { sizeLimit: '7Mi' } } },
      { path: '/settings', source: { type: 'ConfigMap', configMap: { name: 'settings', defaultMode: 292 } } },
      { path: '/secret', source: { type: 'Secret', secret: { secretName: 'secret' } } },
    ],
  },
  runtime: {
    replicas: 0,
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    security: {
      podSecurityContext: { runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      securityContext: { runAsNonRoot: true },
    },
    health: {
      livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 30 },
      readinessProbe: { tcpSocket: { port: 8080 }, timeoutSeconds: 3 },
    },
  },
  network: {
    ingressFrom: [{ podSelector: { matchLabels: { role: 'client' } } }],
    egressTo: [{ namespaceSelector: { matchLabels: { team: 'a' } } }],
  },
  extensions: {
    storage: [{ path: '/index', claimName: 'index', permissions: 'ReadWrite', subPath: 'a' }],
    // By default Recreate beside that claim, which has fewer fields.
    rollout: { strategy: 'RollingUpdate' },
    startupProbe: { tcpSocket: { port: 8080 }, failureThreshold: 30 },
    scheduling: {
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
      priorityClassName: 'system-node-critical',
    },
  },
  extraLabels: { team: 'a' },
  extraAnnotations: { 'example.com/note': 'a' },
} as const;

export function aFullServer(uid = 'u-1'): MCPServer {
  const network = { egressHosts: [{ host: 'api.example.com', ports: [443] }] };
  const spec = { ...fullSpec, extensions: { ...fullSpec.extensions, network } };
  return anMCPServer(withUid(uid), withSpec(structuredClone(spec) as object));
}

/** One for stdio whose program downloads a package, so that its pods have all that only such ones have. */
export function aFullStdioServer(): MCPServer {
  const { runtime, ...spec } = structuredClone(fullSpec) as {
    readonly runtime: object;
    readonly [field: string]: unknown;
  };
  const exec = { command: ['true'] };
  return anMCPServer(
    withUid('u-2'),
    withRawSpec({
      ...spec,
      runtime: { ...runtime, health: { livenessProbe: { exec } } },
      extensions: { stdio: { command: ['npx', 'server@1.0.0'], cwd: '/srv' } },
    }),
  );
}
