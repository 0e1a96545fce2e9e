import type { EnvFromSource, EnvVar, MCPServer, StorageMount } from './types.gen.ts';
import type { FieldPath } from './violation.ts';

/** One place where an MCPServer names a ConfigMap or a Secret. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  /** Empty when the author left it out, which Kubernetes' own types allow. */
  readonly name: string;
  /** The one key that is used; absent = the object as a whole. */
  readonly key?: string;
  /** An optional object (or key) may be missing: the pods start without it. */
  readonly isOptional: boolean;
  readonly usage: 'storage' | 'env-from' | 'env' | 'tls-ca';
  /** Of the field that holds the name. */
  readonly path: FieldPath;
}

/** Key of the CA certificates in `spec.transport.tls.caBundleSecret`; fixed by the API. */
export const CA_BUNDLE_KEY = 'ca.crt';

/** Everything that an MCPServer references, in the order in which the reference operator checks it. */
export function referencesOf(server: MCPServer): readonly Reference[] {
  const { storage, envFrom, env } = server.spec.config;
  return [
    ...(storage ?? []).flatMap(ofMount),
    ...(envFrom ?? []).flatMap(ofEnvFrom),
    ...(env ?? []).flatMap(ofEnv),
    ...ofTls(server),
  ];
}

function ofMount({ source }: StorageMount, index: number): readonly Reference[] {
  const path = ['spec', 'config', 'storage', index, 'source'];
  const usage = 'storage';
  switch (source.type) {
    case 'ConfigMap': {
      const { name = '', optional = false } = source.configMap ?? {};
      return [{ kind: 'ConfigMap', name, isOptional: optional, usage, path: [...path, 'configMap', 'name'] }];
    }
    case 'Secret': {
      const { secretName: name = '', optional = false } = source.secret ?? {};
      return [{ kind: 'Secret', name, isOptional: optional, usage, path: [...path, 'secret', 'secretName'] }];
    }
    case 'EmptyDir':
      return [];
  }
}

function ofEnvFrom({ configMapRef, secretRef }: EnvFromSource, index: number): readonly Reference[] {
  const at = (field: string): FieldPath => ['spec', 'config', 'envFrom', index, field, 'name'];
  return [
    ...(configMapRef === undefined ? [] : [toReference('ConfigMap', 'env-from', configMapRef, at('configMapRef'))]),
    ...(secretRef === undefined ? [] : [toReference('Secret', 'env-from', secretRef, at('secretRef'))]),
  ];
}

function ofEnv({ valueFrom }: EnvVar, index: number): readonly Reference[] {
  if (valueFrom === undefined) return [];
  const { configMapKeyRef, secretKeyRef } = valueFrom;
  const at = (field: string): FieldPath => ['spec', 'config', 'env', index, 'valueFrom', field, 'name'];
  return [
    ...(configMapKeyRef === undefined ? [] : [toReference('ConfigMap', 'env', configMapKeyRef, at('configMapKeyRef'))]),
    ...(secretKeyRef === undefined ? [] : [toReference('Secret', 'env', secretKeyRef, at('secretKeyRef'))]),
  ];
}

/** Without TLS the bundle is not read, so a stale name does no harm. */
function ofTls(server: MCPServer): readonly Reference[] {
  const tls = server.spec.transport?.tls;
  if (tls?.enabled !== true || tls.caBundleSecret === undefined) return [];
  const path = ['spec', 'transport', 'tls', 'caBundleSecret', 'name'];
  return [toReference('Secret', 'tls-ca', { name: tls.caBundleSecret.name, key: CA_BUNDLE_KEY }, path)];
}

function toReference(
  kind: Reference['kind'],
  usage: Reference['usage'],
  selector: { readonly name?: string; readonly key?: string; readonly optional?: boolean },
  path: FieldPath,
): Reference {
  const { name = '', key, optional = false } = selector;
  return { kind, name, ...(key === undefined ? {} : { key }), isOptional: optional, usage, path };
}
