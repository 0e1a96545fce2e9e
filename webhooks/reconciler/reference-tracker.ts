import type { ReferencedKind } from '../core/engine/facts.ts';
import { digest } from '../platform/digest.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { createLargeReads } from '../platform/kube/large-reads.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf, splitKey } from '../platform/kube/object.ts';
import { factKey, gatherReferences } from '../platform/kube/references.ts';
import type { GatheredReferences, Reference } from '../platform/kube/references.ts';
import { CaBundlePool } from './ca-bundle-pool.ts';

/** For all references of one server together, in milliseconds. */
const deadlineMs = 10_000;

/**
 * Knows which servers name which ConfigMaps and Secrets, so that a change of one wakes exactly those, and remembers
 * what was read until then, so that a reconcile without news costs no request. Of foreign objects nothing is kept.
 */
export class ReferenceTracker {
  readonly #servers = new Map<string, Tracked>();
  readonly #caBundles = new CaBundlePool();
  readonly #largeReads = createLargeReads();
  /** `Kind/namespace/name` to the servers that name it. */
  readonly #users = new Map<string, Set<string>>();
  /** Kinds (`Kind/namespace` in one namespace) whose changes we are told about; of the others nothing is remembered. */
  readonly #watched = new Set<string>();

  /** What the references of this server are; reads only what is not known. */
  async gather(
    key: string,
    references: readonly Reference[],
    world: { readonly api: KubeApi; readonly signal: AbortSignal },
  ): Promise<GatheredReferences> {
    const tracked = this.#track(key, references);
    if (tracked.gathered !== undefined) return tracked.gathered;
    const { age } = tracked;
    const { namespace } = splitKey(key);
    const largeReads = this.#largeReads;
    const gathered = this.#withSharedBundle(
      await gatherReferences(world.api, { namespace, references, deadlineMs, signal: world.signal, largeReads }),
    );
    const isWatched = references.every(
      ({ kind }) => this.#watched.has(kind) || this.#watched.has(`${kind}/${namespace}`),
    );
    // News that came while we read belongs to nobody's answer: then the key is queued already and reads again.
    if (isWatched && gathered.transient === undefined && tracked.age === age) tracked.gathered = gathered;
    return gathered;
  }

  forget(key: string): void {
    const tracked = this.#servers.get(key);
    this.#servers.delete(key);
    for (const user of tracked?.objects ?? []) this.#removeUser(user, key);
  }

  /** The watch of this kind, in one namespace or in every one, has seen a whole list. */
  markWatched(kind: ReferencedKind, namespace: string | undefined): void {
    this.#watched.add(namespace === undefined ? kind : `${kind}/${namespace}`);
  }

  /** An object exists in this version; returns the servers for which that is news. */
  noteExisting(kind: ReferencedKind, raw: unknown): readonly string[] {
    const { name, namespace, resourceVersion } = metaOf(raw);
    return this.#note({ kind, namespace, name }, resourceVersion);
  }

  /** An object is gone; returns the servers for which that is news. */
  noteMissing(kind: ReferencedKind, raw: unknown): readonly string[] {
    const { name, namespace } = metaOf(raw);
    return this.#note({ kind, namespace, name }, 'missing');
  }

  /** Only these objects of the kind exist (`namespace/name`); returns the servers for which that is news. */
  noteOnly(kind: ReferencedKind, keys: Keys): readonly string[] {
    const objects = [...this.#users.keys()].filter((object) => object.startsWith(`${kind}/`));
    const gone = objects.map((object) => object.slice(kind.length + 1)).filter((key) => !keys.has(key));
    return gone.flatMap((key) => this.#note({ kind, ...splitKey(key) }, 'missing'));
  }

  /** Versions of the kind went back, so those that were read tell nothing; returns the servers for which that is news. */
  noteRewritten(kind: ReferencedKind): readonly string[] {
    const objects = [...this.#users.keys()].filter((object) => object.startsWith(`${kind}/`));
    return objects.flatMap((object) => this.#note({ kind, ...splitKey(object.slice(kind.length + 1)) }, ''));
  }

  #withSharedBundle(gathered: GatheredReferences): GatheredReferences {
    const { caBundle } = gathered;
    return caBundle === undefined ? gathered : { ...gathered, caBundle: this.#caBundles.share(caBundle) };
  }

  #note(object: Reference & { readonly namespace: string }, version: string): readonly string[] {
    const news: string[] = [];
    for (const key of this.#users.get(objectKey(object)) ?? []) {
      const tracked = this.#servers.get(key);
      if (tracked === undefined || tracked.gathered?.versions.get(factKey(object)) === version) continue;
      tracked.age += 1;
      delete tracked.gathered;
      news.push(key);
    }
    return news;
  }

  #track(key: string, references: readonly Reference[]): Tracked {
    const { namespace } = splitKey(key);
    const objects = [...new Set(references.map((reference) => objectKey({ ...reference, namespace })))].sort();
    const asked = askedOf(references);
    const known = this.#servers.get(key);
    // The same objects may be read for something else now: other keys, or certificates.
    if (known?.asked === asked) return known;
    this.forget(key);
    const tracked: Tracked = { objects, asked, age: 0 };
    this.#servers.set(key, tracked);
    for (const object of objects) {
      const users = this.#users.get(object) ?? new Set();
      users.add(key);
      this.#users.set(object, users);
    }
    return tracked;
  }

  #removeUser(object: string, key: string): void {
    const users = this.#users.get(object);
    users?.delete(key);
    if (users?.size === 0) this.#users.delete(object);
  }
}

interface Tracked {
  readonly objects: readonly string[];
  /** Everything that is asked of them, as a digest. */
  readonly asked: string;
  /** Grows with each piece of news. */
  age: number;
  gathered?: GatheredReferences;
}

function objectKey({ kind, namespace, name }: Reference & { readonly namespace: string }): string {
  return `${kind}/${keyOf({ namespace, name })}`;
}

function askedOf(references: readonly Reference[]): string {
  const asked = references.map(({ kind, name, usage, keys = [] }) =>
    JSON.stringify([kind, name, usage === 'tls-ca', ...keys.map(({ key }) => key)]),
  );
  return digest(asked.sort().join());
}
