import { isRecord } from '../../core/mcpserver/record.ts';

export { isRecord };

/** The parts of `metadata` that every caller needs, read from whatever the API server sent. */
export interface ObjectMeta {
  readonly name: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly isDeleting: boolean;
}

/** Never fails: what is absent is empty. */
export function metaOf(object: unknown): ObjectMeta {
  const metadata = recordAt(object, 'metadata');
  return {
    name: stringAt(metadata, 'name') ?? '',
    namespace: stringAt(metadata, 'namespace') ?? '',
    uid: stringAt(metadata, 'uid') ?? '',
    resourceVersion: stringAt(metadata, 'resourceVersion') ?? '',
    generation: numberAt(metadata, 'generation') ?? 0,
    isDeleting: stringAt(metadata, 'deletionTimestamp') !== undefined,
  };
}

/** What identifies an object in a cluster, as long as it lives. */
export interface ObjectName {
  /** `MCPServer`. Of a kind whose name another group has as well, in kubectl's way: `MCPServer.mcp.v2dy.io`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `kind/namespace/name`: how an object is called in queues, caches and logs. */
export function keyOf({ kind, namespace, name }: ObjectName): string {
  return `${kind}/${namespace}/${name}`;
}

/** The inverse of {@link keyOf}; no part can hold a slash. */
export function splitKey(key: string): ObjectName {
  const last = key.lastIndexOf('/');
  const first = key.lastIndexOf('/', last - 1);
  return {
    kind: key.slice(0, Math.max(first, 0)),
    namespace: key.slice(first + 1, Math.max(last, 0)),
    name: key.slice(last + 1),
  };
}

export function recordAt(object: unknown, field: string): Readonly<Record<string, unknown>> | undefined {
  const value = isRecord(object) ? object[field] : undefined;
  return isRecord(value) ? value : undefined;
}

export function stringAt(object: unknown, field: string): string | undefined {
  const value = isRecord(object) ? object[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function numberAt(object: unknown, field: string): number | undefined {
  const value = isRecord(object) ? object[field] : undefined;
  return typeof value === 'number' ? value : undefined;
}

export function listAt(object: unknown, field: string): readonly unknown[] {
  const value = isRecord(object) ? object[field] : undefined;
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
