import type { ReferencedKind } from '../core/engine/facts.ts';
import { digest } from '../platform/digest.ts';
import type { KubeApi } from '../platform/kube/api.ts';
import { createLargeReads } from '../platform/kube/large-reads.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf, splitKey } from '../platform/kube/object.ts';
import { factKey, gatherReferences } from '../platform/kube/references.ts';
import type { GatheredReferences, ReferencedObject } from '../platform/kube/references.ts';
import type { CaBundle } from '../platform/tls/ca-certificates.ts';
import { FairStore } from './fair-store.ts';
import type { KeptCaBundle } from '../platform/mcp/tls-trust.ts';

/** For all references of one server together, in milliseconds. */
const deadlineMs = 10_000;

/**
 * What is remembered of references, in bytes: one server can name 1,250 objects, of which 1.3 MB are kept; one that
 * people write has a hundredth.
 */
const limits = { largest: 512 * 1024, inAll: 2 * 1024 * 1024 };

/** CA bundles, in bytes: the longest one is 256 KiB, and a thousand servers with a certificate each have 1.5 MB. */
const bundleLimits = { largest: 512 * 1024, inAll: 1.5 * 1024 * 1024 };

/** What is remembered: the certificates are kept apart, and equal ones once. */
export type KnownReferences = Omit<GatheredReferences, 'caBundle'> & { readonly caBundle?: KeptCaBundle };

/** Of a server that names no object, as most do: the same for all of them. */
const nothing: KnownReferences = {
  facts: { lookUp: () => ({ state: 'unknown', reason: 'not looked up' }) },
  versions: new Map(),
};

/**
 * Knows which servers name which ConfigMaps and Secrets, so that a change of one wakes exactly those, and remembers
 * what was read until then, so that a reconcile without news costs no request. What there is no room for is read in each
 * round. Of foreign objects nothing is kept. A ConfigMap of a gateway, which most servers of a namespace name, is read for one of
 * them; what pods use is read for each, because a Deployment that is made of an older version would be rolled out twice.
 */
export class ReferenceTracker {
  /** By namespace, and there by key. */
  readonly #namespaces = new Map<string, Map<string, Tracked>>();
  readonly #remembered = new FairStore<KnownReferences>(limits);
  /** By namespace and what is asked, where no pod uses what was found: who asked last. */
  readonly #askedBy = new Map<string, string>();
  /** An organisation's bundle is copied to every namespace, and kept once. */
  readonly #caBundles = new FairStore<CaBundle>(bundleLimits);
  readonly #onMissedBundle: (key: string) => void;
  readonly #largeReads = createLargeReads();
  /** Kinds (`Kind/namespace` in one namespace) whose changes we are told about; of the others nothing is remembered. */
  readonly #watched = new Set<string>();

  /** `onMissedBundle`: there was no room for the CA bundle of this server when it was asked for; there may be now. */
  constructor(onMissedBundle: (key: string) => void) {
    this.#onMissedBundle = onMissedBundle;
  }

  /** What the references of this server are; reads only what is not known. */
  async gather(
    key: string,
    references: readonly ReferencedObject[],
    world: { readonly api: KubeApi; readonly signal: AbortSignal },
  ): Promise<KnownReferences> {
    if (references.length === 0) {
      this.forget(key);
      return nothing;
    }
    const tracked = this.#track(key, references);
    const known = this.#remembered.get(key);
    if (known !== undefined && this.#hasBundleOf(key, known)) return known;
    const { age } = tracked;
    const { namespace } = splitKey(key);
    const read = this.#remembered.get(this.#askedBy.get(placeOf(key, tracked)) ?? '');
    if (read !== undefined) {
      this.#remember(key, read, { references, tracked });
      return read;
    }
    const largeReads = this.#largeReads;
    const gathered = this.#keepBundle(
      key,
      await gatherReferences(world.api, { namespace, references, deadlineMs, signal: world.signal, largeReads }),
    );
    const isWatched = references.every(
      ({ kind }) => this.#watched.has(kind) || this.#watched.has(`${kind}/${namespace}`),
    );
    // News that came while we read belongs to nobody's answer: then the key is queued already and reads again.
    if (isWatched && gathered.transient === undefined && tracked.age === age)
      this.#remember(key, gathered, { references, tracked });
    return gathered;
  }

  #remember(key: string, value: KnownReferences, { references, tracked }: Asking): void {
    this.#remembered.put(key, { value, bytes: bytesOf(value, references) });
    const isForOthers = references.every(({ usage }) => usage === 'gateway');
    // Who comes after what was missing is there must see it, whatever the watch has told.
    const isWhole = ![...value.versions.values()].includes('missing');
    if (isForOthers && isWhole) this.#askedBy.set(placeOf(key, tracked), key);
  }

  forget(key: string): void {
    const { namespace } = splitKey(key);
    const servers = this.#namespaces.get(namespace);
    const tracked = servers?.get(key);
    const place = tracked && placeOf(key, tracked);
    if (place !== undefined && this.#askedBy.get(place) === key) this.#askedBy.delete(place);
    servers?.delete(key);
    if (servers?.size === 0) this.#namespaces.delete(namespace);
    this.#remembered.drop(key);
    this.#caBundles.drop(key);
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

  /** Only these objects of the kind exist; returns the servers for which that is news. */
  noteOnly(kind: ReferencedKind, keys: Keys): readonly string[] {
    return this.#whichName(kind)
      .filter(([key]) => {
        const known = this.#remembered.get(key);
        return known === undefined || hasLost(known, kind, splitKey(key).namespace, keys);
      })
      .map((server) => this.#isNews(server));
  }

  /** Versions of the kind went back, so those that were read tell nothing; returns the servers for which that is news. */
  noteRewritten(kind: ReferencedKind): readonly string[] {
    return this.#whichName(kind).map((server) => this.#isNews(server));
  }

  #keepBundle(key: string, { caBundle, ...gathered }: GatheredReferences): KnownReferences {
    if (caBundle === undefined) {
      // What cannot be read now is what it was.
      if (gathered.transient === undefined) this.#caBundles.drop(key);
      return gathered;
    }
    const { certificates, digest: id } = caBundle;
    const bytes = certificates.reduce((sum, certificate) => sum + certificate.length + bytesOfCertificate, 0);
    this.#caBundles.put(key, { value: caBundle, id, bytes });
    const get = (): CaBundle | undefined => {
      const bundle = this.#caBundles.get(key);
      if (bundle === undefined) this.#onMissedBundle(key);
      return bundle;
    };
    return { ...gathered, caBundle: { digest: id, get } };
  }

  #hasBundleOf(key: string, { caBundle }: KnownReferences): boolean {
    return caBundle === undefined || this.#caBundles.get(key) !== undefined;
  }

  #note(object: ReferencedObject & { readonly namespace: string }, version: string): readonly string[] {
    const name = factKey(object);
    const mark = markOf(name);
    const news: string[] = [];
    for (const [key, tracked] of this.#namespaces.get(object.namespace) ?? []) {
      if (!tracked.marks.has(mark) || this.#remembered.get(key)?.versions.get(name) === version) continue;
      news.push(this.#isNews([key, tracked]));
    }
    return news;
  }

  #whichName(kind: ReferencedKind): readonly Server[] {
    return [...this.#namespaces.values()].flatMap((servers) => [...servers].filter(([, { kinds }]) => kinds.has(kind)));
  }

  #isNews([key, tracked]: Server): string {
    tracked.age += 1;
    this.#remembered.drop(key);
    return key;
  }

  #track(key: string, references: readonly ReferencedObject[]): Tracked {
    const { namespace } = splitKey(key);
    const asked = askedOf(references);
    const known = this.#namespaces.get(namespace)?.get(key);
    // The same objects may be read for something else now: other keys, or certificates.
    if (known?.asked === asked) return known;
    this.forget(key);
    const marks = new Marks(references.map((reference) => markOf(factKey(reference))));
    const tracked: Tracked = { marks, kinds: new Set(references.map(({ kind }) => kind)), asked, age: 0 };
    const servers = this.#namespaces.get(namespace) ?? new Map<string, Tracked>();
    this.#namespaces.set(namespace, servers.set(key, tracked));
    return tracked;
  }
}

interface Asking {
  readonly references: readonly ReferencedObject[];
  readonly tracked: Tracked;
}

/** Whose answers are the same. */
function placeOf(key: string, { asked }: Tracked): string {
  return `${splitKey(key).namespace}/${asked}`;
}

type Server = readonly [key: string, tracked: Tracked];

interface Tracked {
  /** Of the objects that it names. */
  readonly marks: Marks;
  readonly kinds: ReadonlySet<ReferencedKind>;
  /** Everything that is asked of them, as a digest. */
  readonly asked: string;
  /** Grows with each piece of news. */
  age: number;
}

/** Numbers of four bytes each, whatever was named. */
class Marks {
  readonly #sorted: Uint32Array;

  constructor(marks: readonly number[]) {
    this.#sorted = Uint32Array.from(new Set(marks)).sort();
  }

  has(mark: number): boolean {
    let from = 0;
    let to = this.#sorted.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#sorted[middle] ?? mark) < mark) from = middle + 1;
      else to = middle;
    }
    return this.#sorted[from] === mark;
  }
}

/** FNV-1a of 32 bits: two names with the same mark, one in millions, cost a look and nothing else. */
function markOf(name: string): number {
  let mark = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) mark = Math.imul(mark ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return mark;
}

/** Whether an object of the kind that was found is not there any more. */
function hasLost(known: KnownReferences, kind: ReferencedKind, namespace: string, keys: Keys): boolean {
  const prefix = `${kind}/`;
  return [...known.versions].some(
    ([object, version]) =>
      object.startsWith(prefix) &&
      version !== 'missing' &&
      !keys.has(keyOf({ kind, namespace, name: object.slice(prefix.length) })),
  );
}

/** What is kept of one certificate besides its text, in bytes. */
const bytesOfCertificate = 32;

/** What is kept of one object besides names, in bytes: entries of two maps, a state, a version. */
const bytesOfObject = 300;
/** And for the set of its keys, and each of them. */
const bytesOfKey = 60;

/** About what an answer takes in memory. */
function bytesOf({ facts, versions }: KnownReferences, references: readonly ReferencedObject[]): number {
  let bytes = 500;
  const objects = new Map(references.map((reference) => [factKey(reference), reference]));
  for (const [object, { kind, name }] of objects) {
    bytes += bytesOfObject + (versions.has(object) ? 3 : 2) * object.length;
    const state = facts.lookUp(kind, name);
    for (const key of state.state === 'found' ? state.keys : []) bytes += bytesOfKey + key.length;
    const settings = state.state === 'found' ? state.settings : undefined;
    for (const [key, value] of settings ?? []) bytes += bytesOfKey + key.length + value.length;
  }
  return bytes;
}

function askedOf(references: readonly ReferencedObject[]): string {
  const asked = references.map(({ kind, name, usage, keys = [] }) =>
    JSON.stringify([kind, name, usage === 'tls-ca', usage === 'gateway', ...keys.map(({ key }) => key)]),
  );
  return digest(asked.sort().join());
}
