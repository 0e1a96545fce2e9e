/** True for anything with string keys; what came from the wire is unknown until asked. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

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

/** `namespace/name`: how one object of a kind is called in queues, caches and logs. */
export function keyOf(object: { readonly namespace: string; readonly name: string }): string {
  return `${object.namespace}/${object.name}`;
}

/** The inverse of {@link keyOf}; neither part can hold a slash. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
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
