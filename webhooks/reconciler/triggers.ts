import { API, APP, LABELS } from '../core/mcpserver/api.ts';
import type { ReferencedKind } from '../core/engine/facts.ts';
import type { ExpandedKind } from '../core/resources/expanded-kind.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { objectPath } from '../platform/kube/api.ts';
import { ListWatch } from '../platform/kube/list-watch.ts';
import type { ListWatchOptions, WatchHandlers } from '../platform/kube/list-watch.ts';
import { isRecord, keyOf, metaOf, splitKey } from '../platform/kube/object.ts';
import type { PodCache } from './pod-cache.ts';
import type { WorkQueue } from './queue.ts';
import type { World } from './world.ts';

export interface Triggers {
  readonly watches: readonly ListWatch[];
  /** Runs them until the signal aborts: first those of servers, because of what has no server little is kept. */
  run(signal: AbortSignal): readonly Promise<void>[];
  /** Whether enough is known to decide: the servers, and what they were expanded into; but for optional kinds. */
  isFilled(): boolean;
  /** Whether the pods are known too, as far as we may know them. They are worth a wait, and no more. */
  arePodsKnown(): boolean;
  /** The watches of an optional kind, by namespace, `''` for all of them at once; nobody runs them yet. */
  watchKind(of: ExpandedKind): ReadonlyMap<string, ListWatch>;
}

/** Who is told which server has to be looked at. */
type Wakes = Pick<WorkQueue, 'add' | 'addSoon'>;

export interface TriggerOptions extends Pick<ListWatchOptions, 'api' | 'clock' | 'log' | 'random' | 'onListed'> {
  /** Only these are looked at; empty means every one. */
  readonly namespaces: readonly string[];
}

/** What is followed in one namespace, or in all of them at once. */
interface Scope {
  readonly servers: ListWatch;
  readonly children: readonly ListWatch[];
  readonly pods: ListWatch;
  /** ConfigMaps, Secrets: where one is not allowed, its news is missing and all else works; so it is with pods. */
  readonly others: readonly ListWatch[];
}

/** All objects that MCPServer children carry this label, those of the reference operator too. */
const childSelector = `${LABELS.app}=${APP}`;
/** Helm keeps its releases in Secrets, many and large; no server references one. */
const secretSelector = 'type!=helm.sh/release.v1';

/** The watches that fill the caches of the world and say which server has to be looked at. */
export function createTriggers(world: World, options: TriggerOptions, queue: Wakes): Triggers {
  const { namespaces } = options;
  const places = namespaces.length === 0 ? [undefined] : namespaces;
  // A namespace of several that was deleted takes its rights with it, and must not stop the others.
  const isLost = ({ servers }: Scope): boolean => namespaces.length > 0 && servers.isForbidden && !servers.isSynced;
  const scopes = places.map((namespace) => createScope(world, { ...options, namespace }, queue));
  return {
    watchKind: (of) =>
      new Map(places.map((namespace) => [namespace ?? '', watchOptional(of, world, { ...options, namespace }, queue)])),
    run: (signal) => scopes.flatMap((scope) => runScope(scope, options.clock, signal)),
    watches: scopes.flatMap(({ servers, children, pods, others }) => [servers, ...children, pods, ...others]),
    isFilled: () => scopes.every((scope) => isLost(scope) || isFilled(scope)),
    arePodsKnown: () => scopes.every((scope) => isLost(scope) || scope.pods.isSynced || scope.pods.isForbidden),
  };
}

/** How often we ask whether the servers are known, in milliseconds. */
const syncPollMs = 20;

function runScope(
  { servers, children, pods, others }: Scope,
  clock: TriggerOptions['clock'],
  signal: AbortSignal,
): readonly Promise<void>[] {
  const known = untilSynced(servers, clock, signal);
  const later = [...children, pods, ...others].map(async (watch) => {
    await known;
    await watch.run(signal);
  });
  return [servers.run(signal), ...later];
}

async function untilSynced(servers: ListWatch, clock: TriggerOptions['clock'], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !servers.isSynced) await clock.sleep(syncPollMs, signal);
}

function isFilled({ servers, children }: Scope): boolean {
  return [servers, ...children].every(({ isSynced }) => isSynced);
}

type ScopeOptions = Omit<TriggerOptions, 'namespaces'> & { readonly namespace: string | undefined };
type Selection = Pick<ListWatchOptions, 'handlers'> & Partial<ListWatchOptions>;
type Watched = Pick<ExpandedKind, 'apiVersion' | 'kind' | 'plural'>;

function createWatch(scope: ScopeOptions, { apiVersion, kind, plural }: Watched, selection: Selection): ListWatch {
  const { namespace, ...common } = scope;
  const { handlers } = selection;
  return new ListWatch({
    ...common,
    ...selection,
    kind,
    name: namespace === undefined ? plural : `${namespace}/${plural}`,
    path: objectPath({ apiVersion, plural, ...(namespace === undefined ? {} : { namespace }) }),
    handlers: namespace === undefined ? handlers : withinNamespace(namespace, handlers),
  });
}

/** Once all that exists of the kind is known, every server there is looked at: nobody knows which of them waits for it. */
function watchOptional(of: ExpandedKind, world: World, scope: ScopeOptions, queue: Wakes): ListWatch {
  const { namespace } = scope;
  const handlers = childHandlers(of, world, queue);
  const watch: ListWatch = createWatch(scope, of, {
    ...childSelection(of, world),
    onNotFound: () => {
      world.optional.askSoon();
    },
    handlers: {
      ...handlers,
      onReplace: (keys) => {
        handlers.onReplace(keys);
        if (watch.isSynced) return;
        for (const key of world.servers.keys()) {
          if (namespace === undefined || splitKey(key).namespace === namespace) queue.add(key);
        }
      },
    },
  });
  return watch;
}

function createScope(world: World, scope: ScopeOptions, queue: Wakes): Scope {
  const { namespace } = scope;
  const enqueueAll = (keys: readonly string[]): void => {
    for (const key of keys) if (world.servers.has(key)) queue.add(key);
  };
  const watch = (watched: Watched, selection: Selection): ListWatch => createWatch(scope, watched, selection);
  return {
    servers: watch(API, { isKnown: (raw) => world.servers.knows(raw), handlers: serverHandlers(world, queue) }),
    children: expandedKinds
      .filter(({ requirement }) => requirement === 'required')
      .map((kind) => watch(kind, { ...childSelection(kind, world), handlers: childHandlers(kind, world, queue) })),
    pods: watch(
      { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
      { labelSelector: childSelector, handlers: podHandlers(world.pods, enqueueAll) },
    ),
    others: [
      watch(
        { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
        { labelSelector: LABELS.candidateOf, handlers: podHandlers(world.candidatePods, enqueueAll) },
      ),
      watch(
        { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
        {
          metadataOnly: true,
          handlers: referenceHandlers({ kind: 'ConfigMap', namespace }, world, enqueueAll),
        },
      ),
      watch(
        { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' },
        {
          metadataOnly: true,
          fieldSelector: secretSelector,
          handlers: referenceHandlers({ kind: 'Secret', namespace }, world, enqueueAll),
        },
      ),
    ],
  };
}

/** The list of one namespace says nothing about the objects of the others. */
function withinNamespace(namespace: string, handlers: WatchHandlers): WatchHandlers {
  return {
    ...handlers,
    onReplace: (keys) => {
      handlers.onReplace({ has: (key) => keys.has(key) || splitKey(key).namespace !== namespace });
    },
  };
}

function serverHandlers({ servers, pods, candidatePods }: World, queue: Wakes): WatchHandlers {
  return {
    onUpsert: (raw, asOf) => {
      const key = serverKey(raw);
      const isNews = servers.isNews(key, raw);
      if (!servers.has(key)) for (const cache of [pods, candidatePods]) cache.noteServer(key);
      if (servers.put(raw, asOf) === 'known') return;
      if (isNews) queue.add(key);
      // Mostly a status that we wrote, told before the answer came.
      else queue.addSoon(key);
    },
    onDelete: (raw) => {
      if (servers.remove(raw) === 'changed') queue.add(serverKey(raw));
    },
    onReplace: (keys) => {
      for (const key of servers.keepOnly(keys)) queue.add(key);
    },
    onRewritten: () => {
      servers.doubtVersions();
    },
  };
}

/** Whose fields a child has is read; and nothing of a write of ours to which the answer came before. */
function childSelection({ kind }: ExpandedKind, { children }: World): Partial<ListWatchOptions> {
  return {
    labelSelector: childSelector,
    readsManagedFields: true,
    isKnown: (raw) => children.get(kind)?.knows(raw) === true,
  };
}

/**
 * Wakes whom the object concerns, before and after the change: see `ChildCache.of`. Nobody for whom there is no server: it is
 * looked at when it comes, and anybody may write thousands of objects with our labels.
 */
function childHandlers(of: ExpandedKind, { children, servers }: World, queue: Wakes): WatchHandlers {
  const cache = children.get(of.kind);
  if (cache === undefined) throw new Error(`the world keeps no ${of.kind}: nobody would read what is watched`);
  const wake = (keys: readonly string[]): void => {
    for (const key of keys) if (servers.has(key)) queue.addSoon(key);
  };
  return {
    onUpsert: (raw, asOf) => {
      if (cache.knows(raw)) return;
      const concerned = cache.serversOf(raw);
      if (cache.put(withType(raw, of), asOf) === 'changed') wake(concerned);
    },
    onDelete: (raw) => {
      const concerned = cache.serversOf(raw);
      if (cache.remove(raw) === 'changed') wake(concerned);
    },
    onReplace: (keys) => {
      wake(cache.keepOnly(keys));
    },
    onRewritten: () => {
      cache.doubtVersions();
    },
  };
}

function serverKey(raw: unknown): string {
  return keyOf({ kind: API.kind, ...metaOf(raw) });
}

/** The items of a list come without apiVersion and kind: the list says them once for all. */
function withType(raw: unknown, { apiVersion, kind }: ExpandedKind): unknown {
  if (!isRecord(raw) || (raw['apiVersion'] === apiVersion && raw['kind'] === kind)) return raw;
  return { ...raw, apiVersion, kind };
}

function podHandlers(pods: PodCache, enqueueAll: (keys: readonly string[]) => void): WatchHandlers {
  return {
    onUpsert: (raw) => {
      enqueueAll([pods.put(raw) ?? []].flat());
    },
    onDelete: (raw) => {
      enqueueAll([pods.remove(raw) ?? []].flat());
    },
    onReplace: (keys) => {
      enqueueAll(pods.keepOnly(keys));
    },
  };
}

function referenceHandlers(
  { kind, namespace }: { readonly kind: ReferencedKind; readonly namespace: string | undefined },
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
      references.markWatched(kind, namespace);
    },
    onRewritten: () => {
      enqueueAll(references.noteRewritten(kind));
    },
  };
}
