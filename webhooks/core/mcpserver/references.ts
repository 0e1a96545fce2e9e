import type { EnvFromSource, EnvVar, MCPServer, StorageMount } from './types.gen.ts';
import type { FieldPath } from './violation.ts';

/** One place where an MCPServer names another object of its namespace. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'ServiceAccount';
  /** Empty when the author left it out, which Kubernetes' own types allow. */
  readonly name: string;
  /** The keys that are used by name; empty = the object as a whole. */
  readonly keys: readonly ReferencedKey[];
  /** An optional object (or key) may be missing: the pods start without it. */
  readonly isOptional: boolean;
  readonly usage: 'storage' | 'env-from' | 'env' | 'tls-ca' | 'service-account' | 'image-pull';
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
  const { storage, envFrom, env } = server.spec.config;
  return [
    ...(storage ?? []).flatMap(ofMount),
    ...(envFrom ?? []).flatMap(ofEnvFrom),
    ...(env ?? []).flatMap(ofEnv),
    ...ofTls(server),
    ...ofServiceAccount(server),
    ...ofPullSecrets(server),
  ];
}

/**
 * Whether the reference is to configuration: it has to be there before anything is created, and its data is part of the
 * configuration hash. The others are Kubernetes' own business, which waits for a ServiceAccount and pulls without
 * credentials, so they are no reason to hold a server back or to restart its pods.
 */
export function isConfiguration({ usage }: Reference): boolean {
  return usage !== 'service-account' && usage !== 'image-pull';
}

function ofMount({ source }: StorageMount, index: number): readonly Reference[] {
  const at = (...field: FieldPath): FieldPath => ['spec', 'config', 'storage', index, 'source', ...field];
  const usage = 'storage';
  switch (source.type) {
    case 'ConfigMap': {
      const { name = '', items = [], optional = false } = source.configMap ?? {};
      const keys = items.map(({ key }, item) => ({ key, path: at('configMap', 'items', item, 'key') }));
      return [{ kind: 'ConfigMap', name, keys, isOptional: optional, usage, path: at('configMap', 'name') }];
    }
    case 'Secret': {
      const { secretName: name = '', items = [], optional = false } = source.secret ?? {};
      const keys = items.map(({ key }, item) => ({ key, path: at('secret', 'items', item, 'key') }));
      return [{ kind: 'Secret', name, keys, isOptional: optional, usage, path: at('secret', 'secretName') }];
    }
    case 'EmptyDir':
      return [];
  }
}

function ofEnvFrom({ configMapRef, secretRef }: EnvFromSource, index: number): readonly Reference[] {
  const at = (field: string): FieldPath => ['spec', 'config', 'envFrom', index, field];
  return [
    ...(configMapRef === undefined ? [] : [toReference('ConfigMap', 'env-from', configMapRef, at('configMapRef'))]),
    ...(secretRef === undefined ? [] : [toReference('Secret', 'env-from', secretRef, at('secretRef'))]),
  ];
}

function ofEnv({ valueFrom }: EnvVar, index: number): readonly Reference[] {
  if (valueFrom === undefined) return [];
  const { configMapKeyRef, secretKeyRef } = valueFrom;
  const at = (field: string): FieldPath => ['spec', 'config', 'env', index, 'valueFrom', field];
  return [
    ...(configMapKeyRef === undefined ? [] : [toReference('ConfigMap', 'env', configMapKeyRef, at('configMapKeyRef'))]),
    ...(secretKeyRef === undefined ? [] : [toReference('Secret', 'env', secretKeyRef, at('secretKeyRef'))]),
  ];
}

/** Without TLS the bundle is not read, so a stale name does no harm. Its key is judged with what it holds. */
function ofTls(server: MCPServer): readonly Reference[] {
  const tls = server.spec.transport?.tls;
  if (tls?.enabled !== true || tls.caBundleSecret === undefined) return [];
  const path = ['spec', 'transport', 'tls', 'caBundleSecret', 'name'];
  return [{ kind: 'Secret', name: tls.caBundleSecret.name, keys: [], isOptional: false, usage: 'tls-ca', path }];
}

function ofServiceAccount(server: MCPServer): readonly Reference[] {
  const name = server.spec.runtime?.security?.serviceAccountName ?? '';
  if (name === '' || name === DEFAULT_SERVICE_ACCOUNT) return [];
  const path = ['spec', 'runtime', 'security', 'serviceAccountName'];
  return [{ kind: 'ServiceAccount', name, keys: [], isOptional: false, usage: 'service-account', path }];
}

function ofPullSecrets(server: MCPServer): readonly Reference[] {
  return (server.spec.source.containerImage?.imagePullSecrets ?? []).map(({ name }, index) => {
    const path = ['spec', 'source', 'containerImage', 'imagePullSecrets', index, 'name'];
    return { kind: 'Secret', name, keys: [], isOptional: false, usage: 'image-pull', path };
  });
}

function toReference(
  kind: Reference['kind'],
  usage: Reference['usage'],
  selector: { readonly name?: string; readonly key?: string; readonly optional?: boolean },
  at: FieldPath,
): Reference {
  const { name = '', key, optional = false } = selector;
  const keys = key === undefined ? [] : [{ key, path: [...at, 'key'] }];
  return { kind, name, keys, isOptional: optional, usage, path: [...at, 'name'] };
}
