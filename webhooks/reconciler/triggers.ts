import type { ReferencedKind } from '../core/engine/facts.ts';
import type { ExpandedKind } from '../core/resources/expanded-kind.ts';
import { objectPath } from '../platform/kube/api.ts';
import { ListWatch } from '../platform/kube/list-watch.ts';
import type { ListWatchOptions, WatchHandlers } from '../platform/kube/list-watch.ts';
import { isRecord, keyOf, metaOf } from '../platform/kube/object.ts';
import { ChildCache } from './child-cache.ts';
import { mcpServers } from './world.ts';
import type { World } from './world.ts';

export interface Triggers {
  /** Without these nothing can be decided: the servers and what they were expanded into. */
  readonly essential: readonly ListWatch[];
  /** Pods, ConfigMaps, Secrets: where one is not allowed, its news is missing and all else works. */
  readonly others: readonly ListWatch[];
}

/** All objects that MCPServer children carry this label, those of the reference operator too. */
const childSelector = 'app=mcp-server';
/** Helm keeps its releases in Secrets, many and large; no server references one. */
const secretSelector = 'type!=helm.sh/release.v1';

/** The watches that fill the caches of the world and say which server has to be looked at. */
export function createTriggers(
  world: World,
  common: Pick<ListWatchOptions, 'api' | 'clock' | 'log' | 'random'>,
  enqueue: (key: string) => void,
): Triggers {
  const enqueueAll = (keys: readonly string[]): void => {
    for (const key of keys) enqueue(key);
  };
  const watch = (name: string, path: string, options: Pick<ListWatchOptions, 'handlers'> & Partial<ListWatchOptions>) =>
    new ListWatch({ ...common, ...options, name, path });
  return {
    essential: [
      watch('mcpservers', objectPath(mcpServers), { handlers: serverHandlers(world, enqueue) }),
      ...world.expandedKinds.map((kind) =>
        watch(kind.plural, objectPath(kind), {
          labelSelector: childSelector,
          handlers: childHandlers(kind, world, enqueue),
        }),
      ),
    ],
    others: [
      watch('pods', '/api/v1/pods', {
        labelSelector: childSelector,
        handlers: {
          onUpsert: (raw) => {
            enqueueAll([world.pods.put(raw) ?? []].flat());
          },
          onDelete: (raw) => {
            enqueueAll([world.pods.remove(raw) ?? []].flat());
          },
          onReplace: (keys) => {
            enqueueAll(world.pods.keepOnly(keys));
          },
        },
      }),
      watch('configmaps', '/api/v1/configmaps', {
        metadataOnly: true,
        handlers: referenceHandlers('ConfigMap', world, enqueueAll),
      }),
      watch('secrets', '/api/v1/secrets', {
        metadataOnly: true,
        fieldSelector: secretSelector,
        handlers: referenceHandlers('Secret', world, enqueueAll),
      }),
    ],
  };
}

function serverHandlers({ servers }: World, enqueue: (key: string) => void): WatchHandlers {
  return {
    onUpsert: (raw) => {
      if (servers.put(raw) === 'changed') enqueue(keyOf(metaOf(raw)));
    },
    onDelete: (raw) => {
      if (servers.remove(raw) === 'changed') enqueue(keyOf(metaOf(raw)));
    },
    onReplace: (keys) => {
      for (const key of servers.keepOnly(keys)) enqueue(key);
    },
  };
}

/** A child is named as its MCPServer, so its key is the server's key, whoever made it. */
function childHandlers(of: ExpandedKind, { children }: World, enqueue: (key: string) => void): WatchHandlers {
  const cache = children.get(of.kind) ?? new ChildCache();
  return {
    onUpsert: (raw) => {
      if (cache.put(withType(raw, of)) === 'changed') enqueue(keyOf(metaOf(raw)));
    },
    onDelete: (raw) => {
      if (cache.remove(raw) === 'changed') enqueue(keyOf(metaOf(raw)));
    },
    onReplace: (keys) => {
      for (const key of cache.keepOnly(keys)) enqueue(key);
    },
  };
}

/** The items of a list come without apiVersion and kind: the list says them once for all. */
function withType(raw: unknown, { apiVersion, kind }: ExpandedKind): unknown {
  return isRecord(raw) ? { ...raw, apiVersion, kind } : raw;
}

function referenceHandlers(
  kind: ReferencedKind,
  { references }: World,
  enqueueAll: (keys: readonly string[]) => void,
): WatchHandlers {
  return {
    onUpsert: (raw) => {
      enqueueAll(references.noteExisting(kind, raw));
    },
    onDelete: (raw) => {
      enqueueAll(references.noteMissing(kind, raw));
    },
    onReplace: (keys) => {
      enqueueAll(references.noteOnly(kind, keys));
      references.markWatched(kind);
    },
  };
}
