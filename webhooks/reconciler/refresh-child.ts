import type { ChildKind } from '../core/resources/expanded-kind.ts';
import { LONGEST_OBJECT_BYTES, objectPath } from '../platform/kube/api.ts';
import type { ApiResult, KubeApi } from '../platform/kube/api.ts';
import { keyOf, splitKey } from '../platform/kube/object.ts';
import type { ChildCache } from './child-cache.ts';

/** Where children are read and written. */
export interface ChildWorld {
  readonly api: KubeApi;
  /** By kind. */
  readonly children: ReadonlyMap<string, ChildCache>;
  readonly signal: AbortSignal;
  /** Told how long an action about an object of the kind took. */
  readonly onExecuted?: ((kind: string, seconds: number) => void) | undefined;
}

/**
 * How long a request about an object of an optional kind may take, in milliseconds: whoever answers for that kind (a
 * webhook of another project, its conversion) may hang, and the status of the server waits meanwhile.
 */
const optionalTimeoutMs = 3_000;

/** The API as it is asked about objects of the kind. */
export function apiFor({ requirement }: ChildKind, api: KubeApi): KubeApi {
  if (requirement === 'required') return api;
  return {
    request: (request) => api.request({ timeoutMs: optionalTimeoutMs, ...request }),
    watch: api.watch.bind(api),
  };
}

/** A child, existing or not, of the owner that has the key. */
export interface ChildRef {
  readonly owner: string;
  readonly of: ChildKind;
  readonly name: string;
}

/** Reads the object itself, past its watch, into the cache. */
export async function refreshChild(child: ChildRef, world: ChildWorld): Promise<ApiResult> {
  const { signal } = world;
  const { owner, of, name } = child;
  const api = apiFor(of, world.api);
  const cache = world.children.get(of.kind);
  const path = childPath(child);
  const key = keyOf({ kind: of.kind, namespace: splitKey(owner).namespace, name });
  const result = await api.request({ method: 'GET', path, maxBytes: LONGEST_OBJECT_BYTES, signal });
  if (result.ok) {
    // what is cached may be a newer version of an object that was replaced since: only the answer counts now
    cache?.removeKey(key);
    cache?.put(result.body, undefined, owner);
  } else if (result.error.status === 404) cache?.removeKey(key);
  return result;
}

export function childPath({ owner, of, name }: ChildRef): string {
  const { namespace } = splitKey(owner);
  return objectPath({ apiVersion: of.apiVersion, plural: of.plural, namespace, name });
}
