import { STATUS_FIELD_MANAGER } from '../../core/mcpserver/names.ts';
import { objectPath } from './api.ts';
import type { ApiResult, KubeApi } from './api.ts';

/** What server-side apply must know about an object. */
export interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

export interface Apply {
  readonly object: Applicable;
  readonly plural: string;
  readonly fieldManager: string;
  /**
   * The object that we believe to change. With it the apply is forced (our fields win over whoever changed them) and
   * refused with 409 if the object was replaced meanwhile. Without it the object must not exist yet, and the caller has
   * to have looked: an apply that is not forced is refused with 409 only where somebody owns a field with another
   * value, and merged into whatever foreign object of that name says nothing that contradicts it.
   */
  readonly uid?: string | undefined;
  readonly subresource?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Creates or changes one object by server-side apply. Outcomes: the stored object; 409 as described at `uid`. */
export function applyObject(api: KubeApi, apply: Apply): Promise<ApiResult> {
  const { object, uid } = apply;
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
    query: { fieldManager: apply.fieldManager, force: uid === undefined ? 'false' : 'true' },
    contentType: 'application/apply-patch+yaml',
    body: uid === undefined ? object : { ...object, metadata: { ...object.metadata, uid } },
    ...(apply.signal === undefined ? {} : { signal: apply.signal }),
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
  readonly signal?: AbortSignal | undefined;
}

/** Writes the whole status that we own; fields that it leaves out are removed. 404 when the object is gone. */
export function applyStatus(api: KubeApi, write: StatusWriteRequest): Promise<ApiResult> {
  const { apiVersion, kind, plural, name, namespace, uid, status, signal } = write;
  return applyObject(api, {
    object: { apiVersion, kind, metadata: { name, namespace }, ...{ status } },
    plural,
    fieldManager: STATUS_FIELD_MANAGER,
    uid,
    subresource: 'status',
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
