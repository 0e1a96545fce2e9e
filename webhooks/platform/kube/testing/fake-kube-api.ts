import { errorFromAnswer } from '../api-error.ts';
import type { ApiRequest, ApiResult, KubeApi, WatchEnd, WatchEvent, WatchRequest } from '../api.ts';
import { isRecord, listAt, metaOf, recordAt, stringAt } from '../object.ts';
import { mergePatched } from './merge-patch.ts';
import { piecewise } from './piecewise.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * A small API server in memory: objects with versions and uids, server-side apply with owned fields and conflicts,
 * status as a subresource, garbage collection by owner, lists and watches. What it cannot do it refuses.
 */
export interface FakeKubeApi extends KubeApi {
  /** Every request that was not a GET: "PATCH /apis/…". */
  readonly writes: string[];
  /** Every GET of one object or one list. */
  readonly reads: string[];
  get(path: string): Json | undefined;
  /** The objects of a collection: "/api/v1/namespaces/mcp/pods". */
  list(collection: string): readonly Json[];
  /** As somebody else: no field manager of ours. Merges into what is there; fields of ours that it sets are lost to us. */
  put(path: string, object: Json): void;
  /** The same under the name of a field manager, which owns what it says from then on. */
  putAs(manager: string, path: string, object: Json): void;
  remove(path: string): void;
  /** The next matching requests are answered so, until it is called again with undefined. */
  answer(matches: (request: ApiRequest) => boolean, status: number | undefined): void;
  /** As a snapshot of etcd: what is called later brings objects and versions of now back, and tells no watch. */
  snapshot(): () => void;
  /** Ends all watches now. */
  endWatches(end: WatchEnd): void;
}

interface Watcher {
  readonly collection: string;
  readonly selector: string | undefined;
  readonly send: (event: WatchEvent) => void;
  readonly end: (end: WatchEnd) => void;
}

export function createFakeKubeApi(): FakeKubeApi {
  const objects = new Map<string, Json>();
  const watchers = new Set<Watcher>();
  const writes: string[] = [];
  const reads: string[] = [];
  let version = 100;
  let refusal: { readonly matches: (request: ApiRequest) => boolean; readonly status: number } | undefined;

  const store = (path: string, object: Json): Json => {
    version += 1;
    const before = objects.get(path);
    const metadata = { uid: `uid-${version}`, generation: 1, ...recordAt(object, 'metadata') };
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
    objects.set(path, stored);
    notify(path, { type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored }, before);
    return stored;
  };
  const drop = (path: string): void => {
    const object = objects.get(path);
    if (object === undefined) return;
    objects.delete(path);
    version += 1;
    const metadata = { ...recordAt(object, 'metadata'), resourceVersion: String(version) };
    notify(path, { type: 'DELETED', object: { ...object, metadata } });
    const { uid } = metaOf(object);
    const owned = [...objects].filter(([, child]) =>
      listAt(recordAt(child, 'metadata'), 'ownerReferences').some((owner) => stringAt(owner, 'uid') === uid),
    );
    for (const [child] of owned) drop(child);
  };
  const notify = (path: string, event: WatchEvent, before?: Json): void => {
    for (const watcher of watchers) {
      if (!isIn(path, watcher.collection)) continue;
      if (isSelected(event.object, watcher.selector)) watcher.send(structuredClone(event));
      // to a watch with a selector, an object that no longer matches is gone
      else if (isSelected(before, watcher.selector))
        watcher.send({ type: 'DELETED', object: structuredClone(event.object) });
    }
  };
  const applyStatus = (path: string, request: ApiRequest): ApiResult => {
    const existing = objects.get(path);
    if (existing === undefined) return refused(request, 404, 'NotFound');
    const wanted = { ...existing, status: recordAt(request.body, 'status') };
    return same(wanted, existing) ?? ok(store(path, wanted));
  };
  /** A JSON patch that replaces parts of the metadata; the version among them is compared. */
  const replaceMetadata = (request: ApiRequest): ApiResult | undefined => {
    const existing = objects.get(request.path);
    if (existing === undefined || !Array.isArray(request.body)) return undefined;
    const replaced = request.body.map((op) => [
      (stringAt(op, 'path') ?? '').replace('/metadata/', ''),
      isRecord(op) ? op['value'] : undefined,
    ]);
    const { resourceVersion, ...parts } = Object.fromEntries(replaced) as Json;
    if (resourceVersion !== metaOf(existing).resourceVersion) return refused(request, 409, 'Conflict');
    return ok(store(request.path, { ...existing, metadata: { ...recordAt(existing, 'metadata'), ...parts } }));
  };
  /** Of an object or its status. Whose the fields become is not told. */
  const merge = (request: ApiRequest): ApiResult | undefined => {
    const { path, body } = request;
    const isOfStatus = path.endsWith('/status');
    const target = isOfStatus ? path.slice(0, -'/status'.length) : path;
    const existing = objects.get(target);
    if (existing === undefined) return undefined;
    if (!isRecord(body)) return refused(request, 400, 'BadRequest');
    if (isOtherObject(existing, body) || isOtherVersion(existing, body)) return refused(request, 409, 'Conflict');
    // An object stays one.
    const wanted = mergePatched(existing, isOfStatus ? { status: body['status'] } : body) as Json;
    return same(wanted, existing) ?? ok(store(target, wanted));
  };
  const apply = (request: ApiRequest): ApiResult => {
    const { path, body, query = {} } = request;
    if (path.endsWith('/status')) return applyStatus(path.slice(0, -'/status'.length), request);
    if (!isRecord(body)) return refused(request, 400, 'BadRequest');
    const existing = objects.get(path);
    if (
      isOtherObject(existing, body) ||
      isOtherVersion(existing, body) ||
      (query['force'] !== 'true' && disagrees(existing, body))
    )
      return refused(request, 409, 'Conflict');
    const wanted = applied(existing ?? {}, body, query['fieldManager']);
    return (
      (existing === undefined ? undefined : same(wanted, existing)) ?? ok(store(path, nextGeneration(wanted, existing)))
    );
  };
  const patches: Partial<
    Record<NonNullable<ApiRequest['contentType']>, (request: ApiRequest) => ApiResult | undefined>
  > = {
    'application/apply-patch+yaml': apply,
    'application/json-patch+json': replaceMetadata,
    'application/merge-patch+json': merge,
  };

  return {
    writes,
    reads,
    get: (path) => structuredClone(objects.get(path)),
    list: (collection) =>
      [...objects].filter(([at]) => isIn(at, collection)).map(([, object]) => structuredClone(object)),
    put(path, object) {
      const existing = objects.get(path) ?? {};
      store(path, disown(laidOver(existing, object), object));
    },
    putAs(manager, path, object) {
      const disowned = disown(laidOver(objects.get(path) ?? {}, object), object);
      const metadata = recordAt(disowned, 'metadata');
      const fieldsV1 = fieldsOf(withoutIdentity(object));
      const entry = { manager, operation: 'Update', apiVersion: disowned['apiVersion'], fieldsV1 };
      store(path, {
        ...disowned,
        metadata: { ...metadata, managedFields: [...listAt(metadata, 'managedFields'), entry] },
      });
    },
    remove: drop,
    answer(matches, status) {
      refusal = status === undefined ? undefined : { matches, status };
    },
    snapshot() {
      const kept = { objects: new Map(objects), version };
      return () => {
        objects.clear();
        for (const [path, object] of kept.objects) objects.set(path, object);
        ({ version } = kept);
      };
    },
    endWatches(end) {
      for (const watcher of [...watchers]) watcher.end(end);
    },
    request(request) {
      (request.method === 'GET' ? reads : writes).push(`${request.method} ${request.path}`);
      if (refusal?.matches(request) === true)
        return Promise.resolve(refused(request, refusal.status, `HTTP${refusal.status}`));
      return Promise.resolve(piecewise(request, structuredClone(serve(request))));
    },
    watch(request, onEvent) {
      return follow(request, onEvent);
    },
  };

  function serve(request: ApiRequest): ApiResult {
    const { path } = request;
    const existing = objects.get(path);
    const object = isRecord(request.body) ? request.body : {};
    const serving = {
      GET: () =>
        (existing === undefined ? undefined : ok(existing)) ?? (isCollection(path) ? ok(list(request)) : undefined),
      PATCH: () => {
        const patch = patches[request.contentType ?? 'application/json'];
        return patch === undefined ? refused(request, 415, 'UnsupportedMediaType') : patch(request);
      },
      DELETE: () => {
        drop(path);
        return existing === undefined ? undefined : ok({ kind: 'Status', status: 'Success' });
      },
      PUT: () => {
        if (existing === undefined) return undefined;
        const isCurrent = metaOf(existing).resourceVersion === metaOf(object).resourceVersion;
        return isCurrent ? ok(store(path, object)) : refused(request, 409, 'Conflict');
      },
      POST: () => {
        const target = `${path}/${metaOf(object).name}`;
        return objects.has(target) ? refused(request, 409, 'AlreadyExists') : ok(store(target, object));
      },
    } satisfies Record<ApiRequest['method'], () => ApiResult | undefined>;
    return serving[request.method]() ?? refused(request, 404, 'NotFound');
  }

  function list({ path, query = {} }: ApiRequest): Json {
    const all = [...objects].filter(
      ([at, object]) =>
        isIn(at, path) && isSelected(object, query['labelSelector']) && isNamed(object, query['fieldSelector']),
    );
    const from = Number(query['continue'] ?? 0);
    const limit = Number(query['limit'] ?? all.length);
    const items = all.slice(from, from + limit).map(([, object]) => object);
    const next = from + limit < all.length ? { continue: String(from + limit) } : {};
    return { kind: 'List', metadata: { resourceVersion: String(version), ...next }, items };
  }

  function follow(request: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<WatchEnd> {
    return new Promise((resolve) => {
      const end = (how: WatchEnd): void => {
        watchers.delete(watcher);
        request.signal.removeEventListener('abort', onAbort);
        resolve(how);
      };
      const onAbort = (): void => {
        end({ why: 'aborted' });
      };
      const watcher = { collection: request.path, selector: request.query?.['labelSelector'], send: onEvent, end };
      if (request.signal.aborted) {
        resolve({ why: 'aborted' });
        return;
      }
      request.signal.addEventListener('abort', onAbort);
      watchers.add(watcher);
    });
  }
}

function ok(body: unknown): ApiResult {
  return { ok: true, body };
}

function refused({ method, path }: ApiRequest, status: number, reason: string): ApiResult {
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

/** `/apis/g/v/things` holds `/apis/g/v/namespaces/x/things/name`; so does `/apis/g/v/namespaces/x/things`. */
function isIn(path: string, collection: string): boolean {
  const [, root, plural] = /^(.*)\/namespaces\/[^/]+\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  return collection === `${root ?? ''}/${plural ?? ''}` || path.startsWith(`${collection}/`);
}

function isCollection(path: string): boolean {
  const segments = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  return segments.length === 1 || (segments[0] === 'namespaces' && segments.length === 3);
}

function isSelected(object: unknown, selector: string | undefined): boolean {
  if (selector === undefined) return true;
  const [key = '', value] = selector.split('=');
  return stringAt(recordAt(recordAt(object, 'metadata'), 'labels'), key) === value;
}

/** Of field selectors only that one is understood; every object matches the others. */
function isNamed(object: unknown, selector = ''): boolean {
  const [, name] = /^metadata\.name=(.*)$/.exec(selector) ?? [];
  return name === undefined || metaOf(object).name === name;
}

function laidOver(base: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isRecord(before) && isRecord(value) ? laidOver(before, value) : value;
  }
  return merged;
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

function applied(existing: Json, body: Json, manager: string | undefined): Json {
  const entries = listAt(recordAt(existing, 'metadata'), 'managedFields');
  const isOurs = (entry: unknown): boolean =>
    stringAt(entry, 'manager') === manager && stringAt(entry, 'operation') === 'Apply';
  const fieldsV1 = fieldsOf(withoutIdentity(body));
  const others = entries.filter((entry) => !isOurs(entry));
  const unsaid = [fieldsV1, ...others.map((entry) => recordAt(entry, 'fieldsV1') ?? {})].reduce(
    (left, said) => subtract(left, said),
    recordAt(entries.find(isOurs), 'fieldsV1') ?? {},
  );
  const merged = laidOver(prune(existing, unsaid), body);
  const managedFields = [{ manager, operation: 'Apply', apiVersion: body['apiVersion'], fieldsV1 }, ...others];
  return { ...merged, metadata: { ...recordAt(merged, 'metadata'), managedFields } };
}

/** Without the fields that are named as one piece. */
function prune(object: Json, fields: Json): Json {
  const left = Object.entries(object).flatMap(([key, value]) => {
    const named = fields[`f:${key}`];
    if (!isRecord(named)) return [[key, value] as const];
    if (Object.keys(named).length === 0) return [];
    return [[key, isRecord(value) ? prune(value, named) : value] as const];
  });
  return Object.fromEntries(left);
}

function nextGeneration(wanted: Json, existing: Json | undefined): Json {
  if (existing === undefined) return wanted;
  return { ...wanted, metadata: { ...recordAt(wanted, 'metadata'), generation: metaOf(existing).generation + 1 } };
}

function withoutIdentity(object: Json): Json {
  const { metadata, ...rest } = without(object, ['apiVersion', 'kind']);
  const own = without(isRecord(metadata) ? metadata : {}, ['name', 'namespace', 'uid', 'resourceVersion']);
  return Object.keys(own).length === 0 ? rest : { ...rest, metadata: own };
}

function without(object: Json, fields: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
}

function fieldsOf(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      `f:${key}`,
      isRecord(part) && Object.keys(part).length > 0 ? fieldsOf(part) : {},
    ]),
  );
}

/** Takes what somebody else set away from the owned fields. */
function disown(object: Json, set: Json): Json {
  const metadata = recordAt(object, 'metadata');
  const managedFields = listAt(metadata, 'managedFields').map((entry) => ({
    ...(isRecord(entry) ? entry : {}),
    fieldsV1: subtract(recordAt(entry, 'fieldsV1') ?? {}, fieldsOf(withoutIdentity(set))),
  }));
  return managedFields.length === 0 ? object : { ...object, metadata: { ...metadata, managedFields } };
}

function subtract(fields: Json, taken: Json): Json {
  const left = Object.entries(fields).flatMap(([key, part]) => {
    const lost = taken[key];
    if (!isRecord(lost)) return [[key, part] as const];
    if (Object.keys(lost).length === 0) return [];
    const rest = isRecord(part) ? subtract(part, lost) : {};
    return Object.keys(rest).length === 0 ? [] : [[key, rest] as const];
  });
  return Object.fromEntries(left);
}
