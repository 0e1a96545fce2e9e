import type {
  EnvFromSource,
  EnvVarSource,
  KeyToPath,
  MCPServer,
  MCPServerExtensions,
  StorageMount,
} from './types.gen.ts';
import { neededGatewayKeys } from './gateway.ts';
import type { FieldPath } from './violation.ts';

/** A kind whose objects an MCPServer can name: where API servers have it. */
interface ReferableKind {
  readonly apiVersion: string;
  readonly plural: string;
  /** Its objects are of the cluster and in no namespace. */
  readonly isOfCluster: boolean;
}

/** Every kind whose objects an MCPServer can name; those that are of no cluster are of the server's own namespace. */
export const referableKinds = {
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps', isOfCluster: false },
  Secret: { apiVersion: 'v1', plural: 'secrets', isOfCluster: false },
  ServiceAccount: { apiVersion: 'v1', plural: 'serviceaccounts', isOfCluster: false },
  PersistentVolumeClaim: { apiVersion: 'v1', plural: 'persistentvolumeclaims', isOfCluster: false },
  PriorityClass: { apiVersion: 'scheduling.k8s.io/v1', plural: 'priorityclasses', isOfCluster: true },
  RuntimeClass: { apiVersion: 'node.k8s.io/v1', plural: 'runtimeclasses', isOfCluster: true },
} as const satisfies Readonly<Record<string, ReferableKind>>;

/** One place where an MCPServer names another object. */
export interface Reference {
  readonly kind: keyof typeof referableKinds;
  /** Empty when the author left it out, which Kubernetes' own types allow. */
  readonly name: string;
  /** The keys that are used by name; empty = the object as a whole. */
  readonly keys: readonly ReferencedKey[];
  /** An optional object (or key) may be missing: the pods start without it. */
  readonly isOptional: boolean;
  readonly usage:
    | ('storage' | 'env-from' | 'env' | 'tls-ca')
    | ('service-account' | 'image-pull' | 'claim' | 'priority-class' | 'runtime-class' | 'gateway');
  /** Of the field that holds the name. */
  readonly path: FieldPath;
}

export interface ReferencedKey {
  readonly key: string;
  /** Of the field that holds the key. */
  readonly path: FieldPath;
}

/** Key of the CA certificates in `spec.transport.tls.caBundleSecret`; fixed by the API. */
export const CA_BUNDLE_KEY = 'ca.crt';

/** What the API server gives every namespace; there is nothing to look up. */
const DEFAULT_SERVICE_ACCOUNT = 'default';

/**
 * Everything that an MCPServer references: first its configuration, in the order in which the reference operator checks
 * it, then what its pods need besides.
 */
export function referencesOf(server: MCPServer): readonly Reference[] {
  const { storage = [], envFrom = [], env = [] } = server.spec.config;
  const references: Reference[] = [];
  storage.forEach((mount, index) => {
    addMount(references, mount, index);
  });
  envFrom.forEach((source, index) => {
    addEnvFrom(references, source, index);
  });
  for (let index = 0; index < env.length; index += 1) {
    const source = env[index]?.valueFrom;
    if (source !== undefined) addEnv(references, source, index);
  }
  addTls(references, server);
  addServiceAccount(references, server);
  addPullSecrets(references, server);
  if (server.spec.gateway !== undefined) addGateway(references, server);
  if (server.spec.extensions !== undefined) addExtensions(references, server.spec.extensions);
  return references;
}

/**
 * Whether the reference is to configuration: it has to be there before anything is created, and its data is part of the
 * configuration hash. The others are Kubernetes' own business, which waits for a ServiceAccount or a claim and pulls without
 * credentials, so they are no reason to hold a server back or to restart its pods.
 */
export function isConfiguration({ usage }: Reference): boolean {
  switch (usage) {
    case 'storage':
    case 'env-from':
    case 'env':
    case 'tls-ca':
      return true;
    case 'service-account':
    case 'image-pull':
    case 'claim':
    case 'priority-class':
    case 'runtime-class':
    case 'gateway':
      return false;
  }
}

/** Whether it is read for what it says, be it for the pods or for what stands beside them. */
export function isReadForContents(reference: Reference): boolean {
  return isConfiguration(reference) || reference.usage === 'gateway';
}

function addMount(references: Reference[], { source }: StorageMount, index: number): void {
  const usage = 'storage';
  switch (source.type) {
    case 'ConfigMap': {
      const { name = '', items, optional = false } = source.configMap ?? {};
      const path = ['spec', 'config', 'storage', index, 'source', 'configMap', 'name'];
      const keys = keysOf(items, index, 'configMap');
      references.push({ kind: 'ConfigMap', name, keys, isOptional: optional, usage, path });
      return;
    }
    case 'Secret': {
      const { secretName: name = '', items, optional = false } = source.secret ?? {};
      const path = ['spec', 'config', 'storage', index, 'source', 'secret', 'secretName'];
      const keys = keysOf(items, index, 'secret');
      references.push({ kind: 'Secret', name, keys, isOptional: optional, usage, path });
      return;
    }
    case 'EmptyDir':
  }
}

function keysOf(items: readonly KeyToPath[] = [], index: number, field: string): readonly ReferencedKey[] {
  return items.map(({ key }, item) => ({
    key,
    path: ['spec', 'config', 'storage', index, 'source', field, 'items', item, 'key'],
  }));
}

function addEnvFrom(references: Reference[], { configMapRef, secretRef }: EnvFromSource, index: number): void {
  const usage = 'env-from';
  if (configMapRef !== undefined) {
    const { name = '', optional = false } = configMapRef;
    const path = ['spec', 'config', 'envFrom', index, 'configMapRef', 'name'];
    references.push({ kind: 'ConfigMap', name, keys: [], isOptional: optional, usage, path });
  }
  if (secretRef !== undefined) {
    const { name = '', optional = false } = secretRef;
    const path = ['spec', 'config', 'envFrom', index, 'secretRef', 'name'];
    references.push({ kind: 'Secret', name, keys: [], isOptional: optional, usage, path });
  }
}

/** For hundreds of variables: each path is one literal, which is not put together. */
function addEnv(references: Reference[], { configMapKeyRef, secretKeyRef }: EnvVarSource, index: number): void {
  const usage = 'env';
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional = false } = configMapKeyRef;
    const path = ['spec', 'config', 'env', index, 'valueFrom', 'configMapKeyRef', 'name'];
    const keys = [{ key, path: ['spec', 'config', 'env', index, 'valueFrom', 'configMapKeyRef', 'key'] }];
    references.push({ kind: 'ConfigMap', name, keys, isOptional: optional, usage, path });
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional = false } = secretKeyRef;
    const path = ['spec', 'config', 'env', index, 'valueFrom', 'secretKeyRef', 'name'];
    const keys = [{ key, path: ['spec', 'config', 'env', index, 'valueFrom', 'secretKeyRef', 'key'] }];
    references.push({ kind: 'Secret', name, keys, isOptional: optional, usage, path });
  }
}

/** Without TLS the bundle is not read, so a stale name does no harm. Its key is judged with what it holds. */
function addTls(references: Reference[], server: MCPServer): void {
  const tls = server.spec.transport?.tls;
  if (tls?.enabled !== true || tls.caBundleSecret === undefined) return;
  const { name } = tls.caBundleSecret;
  const path = ['spec', 'transport', 'tls', 'caBundleSecret', 'name'];
  references.push({ kind: 'Secret', name, keys: [], isOptional: false, usage: 'tls-ca', path });
}

function addServiceAccount(references: Reference[], server: MCPServer): void {
  const name = server.spec.runtime?.security?.serviceAccountName ?? '';
  if (name === '' || name === DEFAULT_SERVICE_ACCOUNT) return;
  const path = ['spec', 'runtime', 'security', 'serviceAccountName'];
  references.push({ kind: 'ServiceAccount', name, keys: [], isOptional: false, usage: 'service-account', path });
}

function addPullSecrets(references: Reference[], server: MCPServer): void {
  for (const [index, { name }] of (server.spec.source.containerImage?.imagePullSecrets ?? []).entries()) {
    const path = ['spec', 'source', 'containerImage', 'imagePullSecrets', index, 'name'];
    references.push({ kind: 'Secret', name, keys: [], isOptional: false, usage: 'image-pull', path });
  }
}

function addGateway(references: Reference[], server: MCPServer): void {
  const { configRef: name = '' } = server.spec.gateway ?? {};
  if (name === '') return;
  const path = ['spec', 'gateway', 'configRef'];
  const keys = neededGatewayKeys(server).map((key) => ({ key, path }));
  references.push({ kind: 'ConfigMap', name, keys, isOptional: false, usage: 'gateway', path });
}

/** PriorityClasses of this prefix are Kubernetes' own, and nobody else can make one. */
export const SYSTEM_PRIORITY_PREFIX = 'system-';

/** Those that every cluster has; there is nothing to look up. */
export const systemPriorityClasses: readonly string[] = ['system-cluster-critical', 'system-node-critical'];

function addExtensions(references: Reference[], { storage, scheduling }: MCPServerExtensions): void {
  for (const [index, { claimName: name }] of (storage ?? []).entries()) {
    const path = ['spec', 'extensions', 'storage', index, 'claimName'];
    references.push({ kind: 'PersistentVolumeClaim', name, keys: [], isOptional: false, usage: 'claim', path });
  }
  const { priorityClassName: priority, runtimeClassName: runtime } = scheduling ?? {};
  // Whether one with the prefix exists is known without a look.
  if (priority !== undefined && !priority.startsWith(SYSTEM_PRIORITY_PREFIX)) {
    const path = ['spec', 'extensions', 'scheduling', 'priorityClassName'];
    const usage = 'priority-class';
    references.push({ kind: 'PriorityClass', name: priority, keys: [], isOptional: false, usage, path });
  }
  if (runtime !== undefined) {
    const path = ['spec', 'extensions', 'scheduling', 'runtimeClassName'];
    const usage = 'runtime-class';
    references.push({ kind: 'RuntimeClass', name: runtime, keys: [], isOptional: false, usage, path });
  }
}
