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
  readonly path: string;
  readonly onEvent: (event: WatchEvent) => void;
  readonly end: (end: WatchEnd) => void;
}

/** Objects by their paths, and who watches one of them. */
class Objects {
  readonly #stored = new Map<string, StoredObject>();
  readonly #watchers = new Set<Watcher>();
  #version = 1;

  get(path: string): StoredObject | undefined {
    return this.#stored.get(path);
  }

  put(path: string, object: StoredObject): unknown {
    const type = this.#stored.has(path) ? 'MODIFIED' : 'ADDED';
    object.metadata = { ...object.metadata, resourceVersion: this.#nextVersion() };
    this.#stored.set(path, object);
    this.#notify(path, { type, object: structuredClone(object) });
    return structuredClone(object);
  }

  remove(path: string): void {
    const object = this.#stored.get(path);
    this.#stored.delete(path);
    // The last state of what is gone is told under the version of its end.
    const metadata = { ...object?.metadata, resourceVersion: this.#nextVersion() };
    this.#notify(path, { type: 'DELETED', object: { ...object, metadata } });
  }

  /** Tests put nothing but what a label selector shall find into such a collection. */
  list({ path, query = {} }: ApiRequest): unknown {
    const { fieldSelector } = query;
    const wanted = fieldSelector === undefined ? '' : nameIn(fieldSelector);
    const items = [...this.#stored].flatMap(([at, object]) =>
      at === `${path}/${wanted}` || (wanted === '' && at.startsWith(`${path}/`)) ? [object] : [],
    );
    return { metadata: { resourceVersion: String(this.#version) }, items };
  }

  watch({ path, query, signal }: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<WatchEnd> {
    return new Promise((resolve) => {
      const end = (why: WatchEnd): void => {
        this.#watchers.delete(watcher);
        resolve(why);
      };
      const watcher: Watcher = { path: `${path}/${nameIn(query?.['fieldSelector'] ?? '')}`, onEvent, end };
      this.#watchers.add(watcher);
      const object = this.#stored.get(watcher.path);
      // What happened between the list and the watch is told first.
      if (object !== undefined && Number(metaOf(object).resourceVersion) > Number(query?.['resourceVersion'])) {
        onEvent({ type: 'MODIFIED', object: structuredClone(object) });
      }
      if (signal.aborted) end({ why: 'aborted' });
      signal.addEventListener('abort', () => {
        end({ why: 'aborted' });
      });
    });
  }

  closeWatches(): void {
    for (const watcher of [...this.#watchers]) watcher.end({ why: 'closed' });
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  #notify(path: string, event: WatchEvent): void {
    for (const watcher of this.#watchers) if (watcher.path === path) watcher.onEvent(event);
  }
}

export function createInMemoryApi(): InMemoryApi {
  const objects = new Objects();
  const requests: string[] = [];
  const interruptions: { startsWith: string; interruption: Parameters<InMemoryApi['interrupt']>[1] }[] = [];
  return {
    requests,
    put: (collection, object) => {
      objects.put(`${collection}/${metaOf(object).name}`, structuredClone(object) as StoredObject);
    },
    remove: (collection, name) => {
      objects.remove(`${collection}/${name}`);
    },
    read: (collection, name) => structuredClone(objects.get(`${collection}/${name}`)),
    interrupt: (startsWith, interruption) => {
      interruptions.push({ startsWith, interruption });
    },
    closeWatches: () => {
      objects.closeWatches();
    },
    async request(request) {
      await Promise.resolve();
      const line = `${request.method} ${request.path}`;
      requests.push(line);
      const at = interruptions.findIndex(({ startsWith }) => line.startsWith(startsWith));
      const interruption = at === -1 ? undefined : interruptions.splice(at, 1)[0]?.interruption;
      if (interruption !== undefined && 'error' in interruption) return { ok: false, error: interruption.error };
      interruption?.before();
      return piecewise(request, answer(objects, request));
    },
    watch: (request, onEvent) => objects.watch(request, onEvent),
  };
}

function answer(objects: Objects, request: ApiRequest): ApiResult {
  const { method, path, query = {} } = request;
  const isList = query['fieldSelector'] !== undefined || query['labelSelector'] !== undefined;
  if (method === 'GET' && isList) return ok(objects.list(request));
  const stored = objects.get(path);
  if (stored === undefined) return refused(404, 'NotFound');
  if (method === 'GET') return ok(stored);
  const isJsonPatch = request.contentType === 'application/json-patch+json';
  const outcome = isJsonPatch ? jsonPatch(stored, request.body) : mergePatch(stored, request.body);
  return 'status' in outcome && typeof outcome.status === 'number'
    ? refused(outcome.status, outcome.status === 409 ? 'Conflict' : 'Invalid')
    : ok(objects.put(path, outcome as StoredObject));
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
