import { STATUS_FIELD_MANAGER } from '../../core/mcpserver/names.ts';
import { objectPath } from './api.ts';
import type { ApiResult, KubeApi, Reading } from './api.ts';

/** What server-side apply must know about an object. */
export interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status?: unknown;
}

export interface Apply {
  readonly object: Applicable;
  readonly plural: string;
  readonly fieldManager: string;
  readonly expected: Expected;
  readonly subresource?: string;
  readonly reading?: Reading;
  readonly signal?: AbortSignal | undefined;
}

/** What is believed of the object that is applied to; where it is otherwise, the apply is refused with 409. */
export type Expected =
  /** It exists, and was not replaced: the apply is forced, our fields win over whoever changed them. */
  | { readonly uid: string }
  /** Nothing of that name exists. */
  | 'nothing'
  /**
   * As `nothing`, of which the caller has just convinced itself: an apply alone is refused only where somebody owns a
   * field with another value, and merged into whatever foreign object of that name does not contradict it.
   */
  | 'nothing-seen';

/**
 * A version that no object has, since etcd's own first revision is 1: with it an apply is refused where an object of
 * that name exists, whatever that says. Where none does, there is no version to compare with.
 */
const versionOfNothing = '1';

const expectations = {
  nothing: { resourceVersion: versionOfNothing },
  'nothing-seen': {},
} as const satisfies Record<Expected & string, object>;

/**
 * Otherwise an API server parses the body a second time, to warn of keys that stand in it twice, which JSON.stringify does not
 * write. What the schema does not know is refused all the same: an apply has to know of each field whose it is.
 */
const parsedOnce = 'Ignore';

/** Creates or changes one object by server-side apply. Outcomes: the stored object; 409 as described at `expected`. */
export function applyObject(api: KubeApi, apply: Apply): Promise<ApiResult> {
  const { object, expected } = apply;
  const { name, namespace } = object.metadata;
  return api.request({
    method: 'PATCH',
    path: objectPath({
      apiVersion: object.apiVersion,
      plural: apply.plural,
      namespace,
      name,
      ...(apply.subresource === undefined ? {} : { subresource: apply.subresource }),
    }),
    query: {
      fieldManager: apply.fieldManager,
      force: typeof expected === 'string' ? 'false' : 'true',
      fieldValidation: parsedOnce,
    },
    contentType: 'application/apply-patch+yaml',
    body: {
      ...object,
      metadata: { ...object.metadata, ...(typeof expected === 'string' ? expectations[expected] : expected) },
    },
    ...(apply.reading === undefined ? {} : { reading: apply.reading }),
    ...(apply.signal === undefined ? {} : { signal: apply.signal }),
  });
}

/**
 * Writes who owns which field of an object, and nothing else of it. Refused with 409 when the object is not the one that
 * was read, by its version.
 */
export function writeManagedFields(
  api: KubeApi,
  write: {
    readonly path: string;
    readonly fieldManager: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly unknown[];
    readonly signal?: AbortSignal;
  },
): Promise<ApiResult> {
  const { path, fieldManager, resourceVersion, managedFields, signal } = write;
  return api.request({
    method: 'PATCH',
    path,
    query: { fieldManager },
    contentType: 'application/json-patch+json',
    body: [
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ],
    ...(signal === undefined ? {} : { signal }),
  });
}

export interface StatusWriteRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly status: unknown;
  readonly reading?: Reading;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the whole status that we own; fields that it leaves out are removed. 404 when the object is gone. */
export function applyStatus(api: KubeApi, write: StatusWriteRequest): Promise<ApiResult> {
  const { apiVersion, kind, plural, name, namespace, uid, status, reading, signal } = write;
  return applyObject(api, {
    object: { apiVersion, kind, metadata: { name, namespace }, status },
    plural,
    fieldManager: STATUS_FIELD_MANAGER,
    expected: { uid },
    subresource: 'status',
    ...(reading === undefined ? {} : { reading }),
    signal,
  });
}

/**
 * Lays a status over the one of an object that server-side apply cannot read: one with a field of a type that the schema
 * does not allow. A merge patch compares no types; API servers record no owner for the fields of such an object.
 */
export function mergeStatus(api: KubeApi, write: StatusWriteRequest): Promise<ApiResult> {
  const { apiVersion, plural, name, namespace, uid, status, signal } = write;
  return api.request({
    method: 'PATCH',
    path: objectPath({ apiVersion, plural, namespace, name, subresource: 'status' }),
    query: { fieldManager: STATUS_FIELD_MANAGER },
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid }, status },
    ...(signal === undefined ? {} : { signal }),
  });
}
