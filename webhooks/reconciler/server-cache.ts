import { API } from '../core/mcpserver/api.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import type { ObjectMeta } from '../platform/kube/object.ts';
import { isRecord, keyOf, listAt, metaOf, numberAt, recordAt, splitKey, stringAt } from '../platform/kube/object.ts';
import { isOlder } from '../platform/kube/resource-version.ts';
import type { Change } from './child-cache.ts';
import { largeBytes, ServerTexts } from './server-texts.ts';

/** One condition of one server, for metrics. */
export interface ConditionInfo {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** How many items of each kind one server lists, as far as status says. */
export type Offers = Readonly<Record<string, number>>;

/**
 * The MCPServers, each as one text (a fraction of the memory of the parsed object), without what nobody reads here:
 * managed fields and kubectl's copy of the manifest. Large ones, and more than there is room for, are known without
 * their text, of the namespace that has the most: whoever needs it reads it (read-server.ts).
 */
export class ServerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #texts = new ServerTexts();
  /** Keys of entries whose versions say nothing any more. */
  readonly #doubted = new Set<string>();
  /** Most servers are in one of a few states: each list of conditions is kept once. */
  readonly #states = new Map<string, readonly ConditionInfo[]>();
  /** Two of different namespaces, if that was seen. */
  #apart: readonly [string, string] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Cheap while two that tell so are still there. */
  isOfSeveralNamespaces(): boolean {
    if (this.#apart?.every((key) => this.#entries.has(key)) === true) return true;
    this.#apart = undefined;
    const [first = ''] = this.#entries.keys();
    const { namespace } = splitKey(first);
    for (const key of this.#entries.keys()) {
      if (splitKey(key).namespace === namespace) continue;
      this.#apart = [first, key];
      return true;
    }
    return false;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Empty for a server that is not there. */
  uidOf(key: string): string {
    return this.#entries.get(key)?.uid ?? '';
  }

  /** Which object it is and what it wants, as far as is known. */
  identityOf(key: string): Pick<ObjectMeta, 'uid' | 'generation'> | undefined {
    return this.#entries.get(key);
  }

  /** As {@link ChildCache.knows}. */
  knows(raw: unknown): boolean {
    const { namespace, name, uid, resourceVersion } = metaOf(raw);
    const key = keyOf({ kind: API.kind, namespace, name });
    const known = this.#entries.get(key);
    return known?.uid === uid && known.resourceVersion === resourceVersion && !this.#doubted.has(key);
  }

  /** Whether an object of that key is another one than the known one, or wants something else. */
  isNews(key: string, raw: unknown): boolean {
    const known = this.#entries.get(key);
    const { uid, generation } = metaOf(raw);
    return known?.uid !== uid || known.generation !== generation;
  }

  /** A fresh copy, as unknown as what came from the wire; undefined also of a server whose text is not kept. */
  get(key: string): unknown {
    const json = this.#texts.get(key);
    return json === undefined ? undefined : JSON.parse(json);
  }

  /** Whether to work on the server takes memory that few can have at a time. */
  isLarge(key: string): boolean {
    return (this.#entries.get(key)?.bytes ?? 0) > largeBytes;
  }

  *conditions(): Iterable<readonly [key: string, conditions: readonly ConditionInfo[]]> {
    for (const [key, entry] of this.#entries) yield [key, entry.conditions];
  }

  /** Those with a condition that is True for this reason. */
  *thatSay(wanted: string, why: string): Iterable<string> {
    for (const [key, { conditions }] of this.#entries) {
      const says = conditions.some(
        ({ type, status, reason }) => type === wanted && status === 'True' && reason === why,
      );
      if (says) yield key;
    }
  }

  *offers(): Iterable<readonly [key: string, offers: Offers]> {
    for (const [key, { offers }] of this.#entries) {
      if (offers !== undefined) yield [key, offers];
    }
  }

  /** As {@link ChildCache.put}. */
  put(raw: unknown, asOf?: string): Change {
    const { name, namespace, resourceVersion, uid, generation } = metaOf(raw);
    const key = keyOf({ kind: API.kind, namespace, name });
    const known = this.#doubted.delete(key) ? undefined : this.#entries.get(key);
    if (known?.resourceVersion === resourceVersion) return 'known';
    if (known?.uid === uid && isOlder(asOf ?? resourceVersion, known.resourceVersion)) return 'known';
    const offers = offersOf(raw);
    const json = JSON.stringify(lean(raw));
    const bytes = Buffer.byteLength(json);
    this.#texts.put(key, json, bytes);
    this.#entries.set(key, {
      uid,
      resourceVersion,
      generation,
      bytes,
      conditions: this.#shared(conditionsOf(raw)),
      offers,
    });
    return 'changed';
  }

  #shared(conditions: readonly ConditionInfo[]): readonly ConditionInfo[] {
    const text = JSON.stringify(conditions);
    const known = this.#states.get(text) ?? conditions;
    if (this.#states.size > 1_000) this.#states.clear();
    this.#states.set(text, known);
    return known;
  }

  /** As {@link ChildCache.remove}: the end of a replaced object says nothing about the new one. */
  remove(raw: unknown): Change {
    const { name, namespace, uid } = metaOf(raw);
    const key = keyOf({ kind: API.kind, namespace, name });
    if (this.#entries.get(key)?.uid !== uid) return 'known';
    this.#drop(key);
    return 'changed';
  }

  /** As {@link ChildCache.doubtVersions}. */
  doubtVersions(): void {
    for (const key of this.#entries.keys()) this.#doubted.add(key);
  }

  keepOnly(keys: Keys): readonly string[] {
    const gone = [...this.#entries.keys()].filter((key) => !keys.has(key));
    for (const key of gone) this.#drop(key);
    return gone;
  }

  #drop(key: string): void {
    this.#texts.drop(key);
    this.#entries.delete(key);
    this.#doubted.delete(key);
  }
}

interface Entry {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Of the text, kept or not. */
  readonly bytes: number;
  readonly conditions: readonly ConditionInfo[];
  readonly offers: Offers | undefined;
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function lean(raw: unknown): unknown {
  if (!isRecord(raw)) return raw;
  const metadata = without(recordAt(raw, 'metadata'), 'managedFields');
  const annotations = without(recordAt(metadata, 'annotations'), lastApplied);
  return { ...raw, metadata: { ...metadata, annotations } };
}

function without(object: Readonly<Record<string, unknown>> = {}, field: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== field));
}

function conditionsOf(raw: unknown): readonly ConditionInfo[] {
  return listAt(recordAt(raw, 'status'), 'conditions').map((condition) => ({
    type: stringAt(condition, 'type') ?? '',
    status: stringAt(condition, 'status') ?? '',
    reason: stringAt(condition, 'reason') ?? '',
  }));
}

function offersOf(raw: unknown): Offers | undefined {
  const counts = recordAt(recordAt(recordAt(raw, 'status'), 'extensions'), 'verification');
  if (counts === undefined) return undefined;
  const known = (['tool', 'resource', 'prompt'] as const).flatMap((kind) => {
    const count = numberAt(counts, `${kind}Count`);
    return count === undefined ? [] : [[kind, count] as const];
  });
  return Object.fromEntries(known);
}
