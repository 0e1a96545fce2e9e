import type { WatchEvent } from '../../../webhooks/platform/kube/api.ts';
import { metaOf } from '../../../webhooks/platform/kube/object.ts';
import type { FakeKubeApi } from '../../../webhooks/platform/kube/testing/fake-kube-api.ts';

/** Events that are kept of one collection: those between a list and the watch that follows it, and many more. */
const maxKept = 5_000;

type Listener = (event: WatchEvent) => void;

/**
 * What happened to the collections that are listed, since the first list: a watch begins at the version of a list, and what
 * came in between is not lost to it, as little as with an API server.
 */
export class Recorded {
  readonly #objects: FakeKubeApi;
  readonly #collections = new Map<string, Collection>();

  constructor(objects: FakeKubeApi) {
    this.#objects = objects;
  }

  /** Before the list is answered. */
  begin(path: string, labelSelector: string | undefined): void {
    const key = keyOf(path, labelSelector);
    if (this.#collections.has(key)) return;
    const collection: Collection = { kept: [], lostUntil: 0, newest: 0, listeners: new Set() };
    this.#collections.set(key, collection);
    const query = labelSelector === undefined ? {} : { labelSelector };
    void this.#objects.watch({ path, query, idleTimeoutMs: 0, signal: new AbortController().signal }, (event) => {
      collection.kept.push(event);
      collection.newest = versionOf(event);
      const lost = collection.kept.length > maxKept ? collection.kept.shift() : undefined;
      if (lost !== undefined) collection.lostUntil = versionOf(lost);
      for (const listener of collection.listeners) listener(event);
    });
  }

  /** Version of the last event; 0: there was none. */
  newestOf(path: string, labelSelector: string | undefined): number {
    return this.#collections.get(keyOf(path, labelSelector))?.newest ?? 0;
  }

  /** Returns how to leave; undefined when it is not known any more what came after that version. */
  follow(path: string, query: Readonly<Record<string, string>>, listener: Listener): (() => void) | undefined {
    const { labelSelector, resourceVersion = '0' } = query;
    this.begin(path, labelSelector);
    const collection = this.#collections.get(keyOf(path, labelSelector));
    if (collection === undefined || collection.lostUntil > Number(resourceVersion)) return undefined;
    for (const event of collection.kept) if (versionOf(event) > Number(resourceVersion)) listener(event);
    collection.listeners.add(listener);
    return () => collection.listeners.delete(listener);
  }
}

interface Collection {
  readonly kept: WatchEvent[];
  /** Newest version of which the event is not kept. */
  lostUntil: number;
  /** Of all events. */
  newest: number;
  readonly listeners: Set<Listener>;
}

function keyOf(path: string, labelSelector = ''): string {
  return `${path}?${labelSelector}`;
}

function versionOf({ object }: WatchEvent): number {
  return Number(metaOf(object).resourceVersion);
}
