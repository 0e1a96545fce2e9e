import type { ApiError, ApiRequest, ApiResult, KubeApi, WatchEnd, WatchEvent, WatchRequest } from '../../kube/api.ts';
import { ownValue } from '../../../core/mcpserver/record.ts';
import { isRecord, metaOf } from '../../kube/object.ts';
import { mergePatched } from '../../kube/testing/merge-patch.ts';
import { piecewise } from '../../kube/testing/piecewise.ts';

/** A small API server in memory: named objects, resourceVersions, conflicts, watches. For tests. */
export interface InMemoryApi extends KubeApi {
  /** Creates or replaces an object, as somebody else would; watchers hear of it. */
  put(collection: string, object: Readonly<Record<string, unknown>>): void;
  remove(collection: string, name: string): void;
  read(collection: string, name: string): unknown;
  /** Every request that was sent, in order: "PATCH /api/v1/…". */
  readonly requests: readonly string[];
  /** The next request that starts with this text gets this answer instead, or waits for `before` and goes on. */
  interrupt(startsWith: string, interruption: { readonly error: ApiError } | { readonly before: () => void }): void;
  /** Ends every open watch, as a restarted API server does. */
  closeWatches(): void;
}

type StoredObject = Record<string, unknown> & { metadata: Record<string, unknown> };

interface Watcher {
  readonly collection: string;
  readonly name: string;
  readonly onEvent: (event: WatchEvent) => void;
  readonly end: (end: WatchEnd) => void;
}

export function createInMemoryApi(): InMemoryApi {
  const objects = new Map<string, StoredObject>();
  const watchers = new Set<Watcher>();
  const requests: string[] = [];
  const interruptions: { startsWith: string; interruption: Parameters<InMemoryApi['interrupt']>[1] }[] = [];
  let version = 1;

  const store = (path: string, object: StoredObject): unknown => {
    const isNew = !objects.has(path);
    version += 1;
    object.metadata = { ...object.metadata, resourceVersion: String(version) };
    objects.set(path, object);
    notify(path, { type: isNew ? 'ADDED' : 'MODIFIED', object: structuredClone(object) });
    return structuredClone(object);
  };
  const notify = (path: string, event: WatchEvent): void => {
    for (const watcher of watchers) if (path === `${watcher.collection}/${watcher.name}`) watcher.onEvent(event);
  };

  const answer = (request: ApiRequest): ApiResult => {
    const stored = objects.get(request.path);
    if (request.method === 'GET' && request.query?.['fieldSelector'] !== undefined) {
      const found = objects.get(`${request.path}/${nameIn(request.query['fieldSelector'])}`);
      return ok({ metadata: { resourceVersion: String(version) }, items: found === undefined ? [] : [found] });
    }
    if (request.method === 'GET' && request.query?.['labelSelector'] !== undefined) {
      // Tests put nothing but what the selector shall find into such a collection.
      const found = [...objects].filter(([path]) => path.startsWith(`${request.path}/`)).map(([, object]) => object);
      return ok({ metadata: { resourceVersion: String(version) }, items: found });
    }
    if (stored === undefined) return refused(404, 'NotFound');
    if (request.method === 'GET') return ok(stored);
    return patch(stored, request);
  };
  const patch = (stored: StoredObject, request: ApiRequest): ApiResult => {
    const isJsonPatch = request.contentType === 'application/json-patch+json';
    const outcome = isJsonPatch ? jsonPatch(stored, request.body) : mergePatch(stored, request.body);
    return 'status' in outcome && typeof outcome.status === 'number'
      ? refused(outcome.status, outcome.status === 409 ? 'Conflict' : 'Invalid')
      : ok(store(request.path, outcome as StoredObject));
  };

  return {
    requests,
    put: (collection, object) => {
      store(`${collection}/${metaOf(object).name}`, structuredClone(object) as StoredObject);
    },
    remove: (collection, name) => {
      const path = `${collection}/${name}`;
      const object = objects.get(path);
      objects.delete(path);
      // The last state of what is gone is told under the version of its end.
      version += 1;
      const metadata = { ...object?.metadata, resourceVersion: String(version) };
      notify(path, { type: 'DELETED', object: { ...object, metadata } });
    },
    read: (collection, name) => structuredClone(objects.get(`${collection}/${name}`)),
    interrupt: (startsWith, interruption) => {
      interruptions.push({ startsWith, interruption });
    },
    closeWatches: () => {
      for (const watcher of [...watchers]) watcher.end({ why: 'closed' });
    },
    async request(request) {
      await Promise.resolve();
      const line = `${request.method} ${request.path}`;
      requests.push(line);
      const at = interruptions.findIndex(({ startsWith }) => line.startsWith(startsWith));
      const interruption = at === -1 ? undefined : interruptions.splice(at, 1)[0]?.interruption;
      if (interruption !== undefined && 'error' in interruption) return { ok: false, error: interruption.error };
      interruption?.before();
      return piecewise(request, answer(request));
    },
    watch: (request: WatchRequest, onEvent) =>
      new Promise((resolve) => {
        const end = (why: WatchEnd): void => {
          watchers.delete(watcher);
          resolve(why);
        };
        const name = nameIn(request.query?.['fieldSelector'] ?? '');
        const watcher: Watcher = { collection: request.path, name, onEvent, end };
        watchers.add(watcher);
        const object = objects.get(`${request.path}/${name}`);
        // What happened between the list and the watch is told first.
        if (
          object !== undefined &&
          Number(metaOf(object).resourceVersion) > Number(request.query?.['resourceVersion'])
        ) {
          onEvent({ type: 'MODIFIED', object: structuredClone(object) });
        }
        if (request.signal.aborted) end({ why: 'aborted' });
        request.signal.addEventListener('abort', () => {
          end({ why: 'aborted' });
        });
      }),
  };
}

function nameIn(fieldSelector: string): string {
  return fieldSelector.replace('metadata.name=', '');
}

function ok(body: unknown): ApiResult {
  return { ok: true, body: structuredClone(body) };
}

export function refused(status: number, reason: string): ApiResult & { readonly ok: false } {
  return { ok: false, error: { status, reason, message: `refused: ${reason}`, retry: status === 0 || status >= 500 } };
}

/** RFC 7386; a wrong resourceVersion is a 409. */
function mergePatch(stored: StoredObject, body: unknown): StoredObject | { status: number } {
  if (!isRecord(body)) return { status: 400 };
  const wanted = metaOf(body).resourceVersion;
  if (wanted !== '' && wanted !== metaOf(stored).resourceVersion) return { status: 409 };
  // Patching an object with an object gives an object, and nobody removes the metadata.
  return mergePatched(structuredClone(stored), body) as StoredObject;
}

/** RFC 6902: `test` and `add`; a failed test is a 422, as in the API server. */
function jsonPatch(stored: StoredObject, body: unknown): StoredObject | { status: number } {
  const result = structuredClone(stored);
  for (const operation of body as { op: string; path: string; value: unknown }[]) {
    const segments = operation.path.split('/').slice(1);
    const last = segments.pop() ?? '';
    const parent = segments.reduce<unknown>(ownValue, result);
    if (typeof parent !== 'object' || parent === null) return { status: 422 };
    if (operation.op === 'add') Object.assign(parent, { [last]: operation.value });
    else if (ownValue(parent, last) !== operation.value) return { status: 422 };
  }
  return result;
}
