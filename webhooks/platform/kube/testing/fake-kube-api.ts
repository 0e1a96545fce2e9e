import type { ApiRequest, ApiResult, KubeApi, WatchEnd } from '../api.ts';
import { isRecord, listAt, metaOf, recordAt } from '../object.ts';
import { asRead } from './as-read.ts';
import { ObjectStore, type Json } from './object-store.ts';
import { disown, fieldsOf, laidOver, withoutIdentity } from './owned-fields.ts';
import { ok, patches, refused } from './patches.ts';
import { piecewise } from './piecewise.ts';

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
  /** What a list has, as it is kept: for who writes it out and changes nothing. Copies of thousands take longer than all else. */
  read(request: ApiRequest): Json;
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

export function createFakeKubeApi(): FakeKubeApi {
  const store = new ObjectStore();
  const writes: string[] = [];
  const reads: string[] = [];
  let refusal: { readonly matches: (request: ApiRequest) => boolean; readonly status: number } | undefined;

  return {
    writes,
    reads,
    get: (path) => structuredClone(store.get(path)),
    list: (collection) => store.allIn(collection).map((object) => structuredClone(object)),
    read(request) {
      reads.push(`${request.method} ${request.path}`);
      return store.list(request);
    },
    put(path, object) {
      store.put(path, disown(laidOver(store.get(path) ?? {}, object), object));
    },
    putAs(manager, path, object) {
      const disowned = disown(laidOver(store.get(path) ?? {}, object), object);
      const metadata = recordAt(disowned, 'metadata');
      const fieldsV1 = fieldsOf(withoutIdentity(object));
      const entry = { manager, operation: 'Update', apiVersion: disowned['apiVersion'], fieldsV1 };
      const managedFields = [...listAt(metadata, 'managedFields'), entry];
      store.put(path, { ...disowned, metadata: { ...metadata, managedFields } });
    },
    remove(path) {
      store.drop(path);
    },
    answer(matches, status) {
      refusal = status === undefined ? undefined : { matches, status };
    },
    snapshot: () => store.snapshot(),
    endWatches(end) {
      store.endWatches(end);
    },
    request(request) {
      (request.method === 'GET' ? reads : writes).push(`${request.method} ${request.path}`);
      if (refusal?.matches(request) === true)
        return Promise.resolve(refused(request, refusal.status, `HTTP${refusal.status}`));
      const answer = piecewise(request, structuredClone(serve(store, request)));
      return Promise.resolve(answer.ok ? { ok: true, body: asRead(answer.body, request.reading) } : answer);
    },
    watch: (request, onEvent) =>
      store.follow(request, ({ type, object }) => {
        const isThere = type === 'ADDED' || type === 'MODIFIED';
        onEvent({ type, object: asRead(object, { ...request.reading, ...(isThere ? {} : { isKnown: undefined }) }) });
      }),
  };
}

function serve(store: ObjectStore, request: ApiRequest): ApiResult {
  const { path } = request;
  const existing = store.get(path);
  const object = isRecord(request.body) ? request.body : {};
  const serving = {
    GET: () =>
      (existing === undefined ? undefined : ok(existing)) ?? (isCollection(path) ? ok(store.list(request)) : undefined),
    PATCH: () => {
      const patch = patches[request.contentType ?? 'application/json'];
      return patch === undefined ? refused(request, 415, 'UnsupportedMediaType') : patch(store, request);
    },
    DELETE: () => {
      store.drop(path);
      return existing === undefined ? undefined : ok({ kind: 'Status', status: 'Success' });
    },
    PUT: () => {
      if (existing === undefined) return undefined;
      const isCurrent = metaOf(existing).resourceVersion === metaOf(object).resourceVersion;
      return isCurrent ? ok(store.put(path, object)) : refused(request, 409, 'Conflict');
    },
    POST: () => {
      const target = `${path}/${metaOf(object).name}`;
      return store.get(target) === undefined ? ok(store.put(target, object)) : refused(request, 409, 'AlreadyExists');
    },
  } satisfies Record<ApiRequest['method'], () => ApiResult | undefined>;
  return serving[request.method]() ?? refused(request, 404, 'NotFound');
}

function isCollection(path: string): boolean {
  const segments = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  return segments.length === 1 || (segments[0] === 'namespaces' && segments.length === 3);
}
