/** Size of the review that admission is measured with, in bytes. */
const reviewBytes = 4096;

/** What the measured server names; the bench answers for them out of memory. */
const referenced = { configMaps: ['search-config', 'search-settings'], secrets: ['search-token'] } as const;

/**
 * The CREATE of an everyday MCPServer as an API server sends it, filled up to 4 KiB with the metadata that real objects
 * carry. It has no finding, so what is measured is the way that nearly all requests take.
 */
export function createReview(): Buffer {
  return toBody((filling) => ({ operation: 'CREATE', object: toServer({ spec: everydaySpec, filling }) }));
}

/** What changes; an UPDATE has both. */
export interface Change {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly object: object;
  readonly oldObject?: object;
}

/** The body of a review, with as much filling as it takes to 4 KiB: none where there is more to say. */
export function toBody(change: (filling: string) => Change): Buffer {
  const missing = reviewBytes - Buffer.byteLength(JSON.stringify(toReview(change(''))));
  return Buffer.from(JSON.stringify(toReview(change('x'.repeat(Math.max(0, missing))))));
}

function toReview({ operation, object, oldObject }: Change): object {
  const group = 'mcp.x-k8s.io';
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '2c1f0a63-4fd8-4f0b-9d3a-0f6a52d1c7aa',
      kind: { group, version: 'v1beta1', kind: 'MCPServer' },
      resource: { group, version: 'v1beta1', resource: 'mcpservers' },
      requestKind: { group, version: 'v1beta1', kind: 'MCPServer' },
      requestResource: { group, version: 'v1beta1', resource: 'mcpservers' },
      name: 'search',
      namespace: 'tools',
      operation,
      userInfo: { username: 'system:serviceaccount:flux:kustomize-controller', groups: ['system:authenticated'] },
      object,
      oldObject: oldObject ?? null,
      dryRun: false,
      options: {
        kind: operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions',
        apiVersion: 'meta.k8s.io/v1',
        fieldManager: 'kustomize-controller',
      },
    },
  };
}

/** What is special about a server; the rest is as in all of them. */
export interface ServerParts {
  readonly spec: object;
  readonly apiVersion?: string | undefined;
  readonly metadata?: object | undefined;
  readonly filling: string;
}

/** An MCPServer with the metadata that an API server sends along: who owns which field. */
export function toServer({ spec, apiVersion = 'mcp.x-k8s.io/v1beta1', metadata, filling }: ServerParts): object {
  const owned = {
    manager: 'kustomize-controller',
    operation: 'Apply',
    apiVersion,
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': fieldsOf(spec) },
  };
  return {
    apiVersion,
    kind: 'MCPServer',
    metadata: {
      name: 'search',
      namespace: 'tools',
      uid: '7b1c2f5e-9a53-4a1c-8f5e-3f2b7c1d9e10',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'app.kubernetes.io/part-of': 'assistants', team: 'search' },
      ...(filling === '' ? {} : { annotations: { 'example.com/description': filling } }),
      managedFields: [owned],
      ...metadata,
    },
    spec,
  };
}

/** As the API server writes down who owns what; items by their name or path where they have one. */
function fieldsOf(value: unknown): object {
  if (Array.isArray(value)) return Object.fromEntries(value.map((item) => [keyOf(item), fieldsOf(item)]));
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [`f:${name}`, fieldsOf(field)]));
}

function keyOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return `v:${JSON.stringify(item)}`;
  const key = Object.entries(item).find(([name]) => name === 'name' || name === 'path');
  return key === undefined ? `v:${JSON.stringify(item)}` : `k:${JSON.stringify(Object.fromEntries([key]))}`;
}

/** Without a finding; names two ConfigMaps and a Secret. */
export const everydaySpec = {
  source: {
    type: 'ContainerImage',
    containerImage: { ref: 'registry.example.com/search/mcp-server:1.4.2', imagePullSecrets: [] },
  },
  config: {
    port: 8080,
    path: '/mcp',
    arguments: ['--listen', ':8080', '--index', '/var/lib/search', '--log-format', 'json'],
    env: [
      { name: 'LOG_LEVEL', value: 'info' },
      { name: 'REGION', value: 'eu-central-1' },
      { name: 'SEARCH_LIMIT', value: '50' },
      { name: 'MODE', valueFrom: { configMapKeyRef: { name: referenced.configMaps[1], key: 'mode' } } },
      { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: referenced.secrets[0], key: 'token' } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    storage: [
      {
        path: '/etc/search',
        permissions: 'ReadOnly',
        source: { type: 'ConfigMap', configMap: { name: referenced.configMaps[0] } },
      },
      { path: '/var/lib/search', permissions: 'ReadWrite', source: { type: 'EmptyDir', emptyDir: {} } },
    ],
  },
  runtime: {
    replicas: 2,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
    security: { serviceAccountName: 'search', podSecurityContext: { fsGroup: 1000 } },
    health: { readinessProbe: { httpGet: { path: '/healthz', port: 'mcp' }, periodSeconds: 5 } },
  },
  mcp: { stateless: true },
  network: { ingressFrom: [{ podSelector: { matchLabels: { app: 'assistant' } } }] },
};
