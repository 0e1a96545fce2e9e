import { objectPath, type KubeApi } from '../../../webhooks/platform/kube/api.ts';
import { apiVersion, isTrue, plural, type StoredServer } from './servers.ts';

/** What was seen of the servers of a namespace. */
export interface WrittenServers {
  /** How often each was written that was written at all. */
  readonly times: ReadonlyMap<string, number>;
  /** Those that were not Available, or not Verified, at some moment. */
  readonly lostVerdicts: ReadonlySet<string>;
}

/**
 * Follows the servers of a namespace, by a watch that has seen all `count` of them when this resolves. A watch that ends
 * early is an error: what is written unseen would be counted as not written.
 */
export async function watchWrites(api: KubeApi, namespace: string, count: number): Promise<{ stop(): WrittenServers }> {
  const times = new Map<string, number>();
  const lostVerdicts = new Set<string>();
  const seen = new Set<string>();
  const stop = new AbortController();
  const state: { end?: string } = {};
  const path = objectPath({ apiVersion, plural, namespace });
  const query = { watch: 'true', allowWatchBookmarks: 'true' };
  await new Promise<void>((resolve, reject) => {
    const request = { path, query, idleTimeoutMs: 10 * 60_000, signal: stop.signal };
    const watched = api.watch(request, ({ type, object }) => {
      if (type === 'BOOKMARK') return;
      // Of this collection.
      const server = object as StoredServer;
      const { name } = server.metadata;
      if (type === 'MODIFIED') times.set(name, (times.get(name) ?? 0) + 1);
      if (!isTrue(server, 'Available') || !isTrue(server, 'Verified')) lostVerdicts.add(name);
      seen.add(name);
      if (seen.size === count) resolve();
    });
    watched.then(
      (end) => {
        state.end = JSON.stringify(end);
        reject(new Error(`the watch of ${namespace} ended: ${state.end}`));
      },
      (error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
  return {
    stop() {
      if (state.end !== undefined) throw new Error(`the watch of ${namespace} ended meanwhile: ${state.end}`);
      stop.abort();
      return { times, lostVerdicts };
    },
  };
}
