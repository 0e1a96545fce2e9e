import { errorFromAnswer } from '../api-error.ts';
import type { ApiRequest, ApiResult } from '../api.ts';
import { isRecord, listAt, metaOf, recordAt, stringAt } from '../object.ts';
import { mergePatched } from './merge-patch.ts';
import type { Json, ObjectStore } from './object-store.ts';
import { applied } from './owned-fields.ts';

/** Undefined: there is no such object. */
type Patch = (store: ObjectStore, request: ApiRequest) => ApiResult | undefined;

/** How each type of patch is carried out. */
export const patches: Partial<Record<NonNullable<ApiRequest['contentType']>, Patch>> = {
  'application/apply-patch+yaml': apply,
  'application/json-patch+json': replaceMetadata,
  'application/merge-patch+json': merge,
};

function apply(store: ObjectStore, request: ApiRequest): ApiResult {
  const { path, body, query = {} } = request;
  if (path.endsWith('/status')) return applyStatus(store, path.slice(0, -'/status'.length), request);
  if (!isRecord(body)) return refused(request, 400, 'BadRequest');
  const existing = store.get(path);
  const isOther = isOtherObject(existing, body) || isOtherVersion(existing, body);
  if (isOther || (query['force'] !== 'true' && disagrees(existing, body))) return refused(request, 409, 'Conflict');
  const wanted = applied(existing ?? {}, body, query['fieldManager']);
  return (
    (existing === undefined ? undefined : same(wanted, existing)) ??
    ok(store.put(path, nextGeneration(wanted, existing)))
  );
}

function applyStatus(store: ObjectStore, path: string, request: ApiRequest): ApiResult {
  const existing = store.get(path);
  if (existing === undefined) return refused(request, 404, 'NotFound');
  const wanted = { ...existing, status: recordAt(request.body, 'status') };
  return same(wanted, existing) ?? ok(store.put(path, wanted));
}

/** A JSON patch that replaces parts of the metadata; the version among them is compared. */
function replaceMetadata(store: ObjectStore, request: ApiRequest): ApiResult | undefined {
  const existing = store.get(request.path);
  if (existing === undefined || !Array.isArray(request.body)) return undefined;
  const replaced = request.body.map((op) => [
    (stringAt(op, 'path') ?? '').replace('/metadata/', ''),
    isRecord(op) ? op['value'] : undefined,
  ]);
  const { resourceVersion, ...parts } = Object.fromEntries(replaced) as Json;
  if (resourceVersion !== metaOf(existing).resourceVersion) return refused(request, 409, 'Conflict');
  const metadata = { ...recordAt(existing, 'metadata'), ...parts };
  return ok(store.put(request.path, { ...existing, metadata: { ...metadata, ...ownersAfter(existing, parts) } }));
}

/**
 * An empty list of who owns which field changes nothing, one with an empty entry clears it:
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
function ownersAfter(existing: Json, parts: Json): Json {
  const wanted = listAt(parts, 'managedFields');
  const isClearing = wanted.length === 1 && isRecord(wanted[0]) && Object.keys(wanted[0]).length === 0;
  const kept = listAt(recordAt(existing, 'metadata'), 'managedFields');
  return { managedFields: isClearing ? [] : wanted.length === 0 ? kept : wanted };
}

/** Of an object or its status. Whose the fields become is not told. */
function merge(store: ObjectStore, request: ApiRequest): ApiResult | undefined {
  const { path, body } = request;
  const isOfStatus = path.endsWith('/status');
  const target = isOfStatus ? path.slice(0, -'/status'.length) : path;
  const existing = store.get(target);
  if (existing === undefined) return undefined;
  if (!isRecord(body)) return refused(request, 400, 'BadRequest');
  if (isOtherObject(existing, body) || isOtherVersion(existing, body)) return refused(request, 409, 'Conflict');
  // An object stays one.
  const wanted = mergePatched(existing, isOfStatus ? { status: body['status'] } : body) as Json;
  return same(wanted, existing) ?? ok(store.put(target, wanted));
}

export function ok(body: unknown): ApiResult {
  return { ok: true, body };
}

export function refused({ method, path }: ApiRequest, status: number, reason: string): ApiResult {
  return {
    ok: false,
    error: errorFromAnswer({ request: `${method} ${path}`, status, body: { reason, message: reason } }),
  };
}

function same(wanted: Json, existing: Json): ApiResult | undefined {
  return canonical(wanted) === canonical(existing) ? ok(existing) : undefined;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
  );
}

/** Whether the body names another object, by its uid, than the one that exists, if any. */
function isOtherObject(existing: Json | undefined, body: Json): boolean {
  const uid = stringAt(recordAt(body, 'metadata'), 'uid');
  return uid !== undefined && metaOf(existing).uid !== uid;
}

/** As the API server: a version that is applied is compared with what exists, and not at all where nothing does. */
function isOtherVersion(existing: Json | undefined, body: Json): boolean {
  const expected = metaOf(body).resourceVersion;
  return existing !== undefined && expected !== '' && expected !== metaOf(existing).resourceVersion;
}

/** A value that somebody else set and that the applied object wants otherwise. Selectors are one piece. */
function disagrees(existing: unknown, wanted: unknown): boolean {
  if (existing === undefined) return false;
  if (!isRecord(existing) || !isRecord(wanted)) return canonical(existing) !== canonical(wanted);
  return Object.entries(wanted).some(([key, value]) => {
    if (key === 'selector') return existing[key] !== undefined && canonical(existing[key]) !== canonical(value);
    return key !== 'ownerReferences' && disagrees(existing[key], value);
  });
}

function nextGeneration(wanted: Json, existing: Json | undefined): Json {
  if (existing === undefined) return wanted;
  return { ...wanted, metadata: { ...recordAt(wanted, 'metadata'), generation: metaOf(existing).generation + 1 } };
}
