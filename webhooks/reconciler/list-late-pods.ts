import { podSelectors } from '../core/mcpserver/api.ts';
import { objectPath } from '../platform/kube/api.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { listAt, recordAt, splitKey, stringAt } from '../platform/kube/object.ts';
import type { World } from './world.ts';

/** Pods in one page; and pages that are read of one server: all pods beyond are known at the next list of the watch. */
const limits = { page: 25, pages: 4 };
/** Longest page that is read, in bytes. */
const maxBytes = 2 * 1024 * 1024;

type Caches = Pick<World, 'pods' | 'candidatePods'>;

/** Of which pods each cache is, as its watch selects them. */
const sources: readonly {
  readonly cacheOf: (world: Caches) => World['pods'];
  readonly selectorOf: (server: string) => string;
}[] = [
  { cacheOf: ({ pods }) => pods, selectorOf: podSelectors.serving },
  { cacheOf: ({ candidatePods }) => candidatePods, selectorOf: podSelectors.candidate },
];

/**
 * Lists the pods of a server that has come after them, once, and only where they may have been dropped: see LateServers. Returns
 * what went wrong, if trying again can help; where it cannot, they are known when the watch lists again.
 */
export async function listLatePods(
  key: string,
  world: Caches & Pick<World, 'api'>,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  for (const { cacheOf, selectorOf } of sources) {
    const cache = cacheOf(world);
    if (!cache.isToBeListed(key)) continue;
    const { namespace, name } = splitKey(key);
    const listed = await listPods({ ...world, namespace, labelSelector: selectorOf(name) }, signal);
    if (!listed.ok && listed.error.retry) return listed.error;
    cache.putListed(key, listed.ok ? listed.pods : []);
  }
  return undefined;
}

async function listPods(
  { api, namespace, labelSelector }: Pick<World, 'api'> & Readonly<Record<'namespace' | 'labelSelector', string>>,
  signal: AbortSignal,
): Promise<
  { readonly ok: true; readonly pods: readonly unknown[] } | { readonly ok: false; readonly error: ApiError }
> {
  const path = objectPath({ apiVersion: 'v1', plural: 'pods', namespace });
  const reading = { ignoresManagedFields: true };
  const pods: unknown[] = [];
  let token: string | undefined;
  for (let page = 0; page < limits.pages && token !== ''; page += 1) {
    const query = { labelSelector, limit: String(limits.page), continue: token };
    const answer = await api.request({ method: 'GET', path, query, maxBytes, reading, signal });
    if (!answer.ok) return answer;
    pods.push(...listAt(answer.body, 'items'));
    token = stringAt(recordAt(answer.body, 'metadata'), 'continue') ?? '';
  }
  return { ok: true, pods };
}
