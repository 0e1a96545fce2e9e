import type { ApiRequest, WatchEnd, WatchEvent, WatchRequest } from '../api.ts';
import { listAt, metaOf, recordAt, stringAt } from '../object.ts';

export type Json = Readonly<Record<string, unknown>>;

interface Watcher {
  readonly collection: string;
  readonly selector: string | undefined;
  readonly send: (event: WatchEvent) => void;
  readonly end: (end: WatchEnd) => void;
}

/** Objects by their paths, with versions and uids; who watches is told. */
export class ObjectStore {
  readonly #objects = new Map<string, Json>();
  readonly #watchers = new Set<Watcher>();
  #version = 100;

  get(path: string): Json | undefined {
    return this.#objects.get(path);
  }

  put(path: string, object: Json): Json {
    this.#version += 1;
    const before = this.#objects.get(path);
    const metadata = { uid: `uid-${this.#version}`, generation: 1, ...recordAt(object, 'metadata') };
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(path, stored);
    this.#notify(path, { type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored }, before);
    return stored;
  }

  /** With all that it owns. */
  drop(path: string): void {
    const object = this.#objects.get(path);
    if (object === undefined) return;
    this.#objects.delete(path);
    this.#version += 1;
    const metadata = { ...recordAt(object, 'metadata'), resourceVersion: String(this.#version) };
    this.#notify(path, { type: 'DELETED', object: { ...object, metadata } });
    const { uid } = metaOf(object);
    const owned = [...this.#objects].filter(([, child]) =>
      listAt(recordAt(child, 'metadata'), 'ownerReferences').some((owner) => stringAt(owner, 'uid') === uid),
    );
    for (const [child] of owned) this.drop(child);
  }

  allIn(collection: string): readonly Json[] {
    return [...this.#objects].filter(([at]) => isIn(at, collection)).map(([, object]) => object);
  }

  /** What a list of the API has, page by page. */
  list({ path, query = {} }: ApiRequest): Json {
    const all = this.allIn(path).filter(
      (object) => isSelected(object, query['labelSelector']) && isNamed(object, query['fieldSelector']),
    );
    const from = Number(query['continue'] ?? 0);
    const limit = Number(query['limit'] ?? all.length);
    const next = from + limit < all.length ? { continue: String(from + limit) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    return { kind: 'List', metadata, items: all.slice(from, from + limit) };
  }

  follow(request: WatchRequest, onEvent: (event: WatchEvent) => void): Promise<WatchEnd> {
    return new Promise((resolve) => {
      const end = (how: WatchEnd): void => {
        this.#watchers.delete(watcher);
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
      this.#watchers.add(watcher);
    });
  }

  endWatches(end: WatchEnd): void {
    for (const watcher of [...this.#watchers]) watcher.end(end);
  }

  snapshot(): () => void {
    const kept = { objects: new Map(this.#objects), version: this.#version };
    return () => {
      this.#objects.clear();
      for (const [path, object] of kept.objects) this.#objects.set(path, object);
      this.#version = kept.version;
    };
  }

  #notify(path: string, event: WatchEvent, before?: Json): void {
    for (const watcher of this.#watchers) {
      if (!isIn(path, watcher.collection)) continue;
      if (isSelected(event.object, watcher.selector)) watcher.send(structuredClone(event));
      // to a watch with a selector, an object that no longer matches is gone
      else if (isSelected(before, watcher.selector))
        watcher.send({ type: 'DELETED', object: structuredClone(event.object) });
    }
  }
}

/** `/apis/g/v/things` holds `/apis/g/v/namespaces/x/things/name`; so does `/apis/g/v/namespaces/x/things`. */
function isIn(path: string, collection: string): boolean {
  const [, root, plural] = /^(.*)\/namespaces\/[^/]+\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  return collection === `${root ?? ''}/${plural ?? ''}` || path.startsWith(`${collection}/`);
}

function isSelected(object: unknown, selector: string | undefined): boolean {
  if (selector === undefined) return true;
  const labels = recordAt(recordAt(object, 'metadata'), 'labels');
  return selector.split(',').every((wanted) => {
    const [key = '', value] = wanted.split('=');
    const found = stringAt(labels, key);
    // A key alone is for every object that has one.
    return value === undefined ? found !== undefined : found === value;
  });
}

/** Of field selectors only that one is understood; every object matches the others. */
function isNamed(object: unknown, selector = ''): boolean {
  const [, name] = /^metadata\.name=(.*)$/.exec(selector) ?? [];
  return name === undefined || metaOf(object).name === name;
}
