import { isDeepStrictEqual } from 'node:util';

import type { DeploymentStatus, ObservedChild } from '../core/plan/observed.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf } from '../platform/kube/object.ts';
import { isOlder } from '../platform/kube/resource-version.ts';
import { observeChild, observeDeployment } from './observe.ts';

/** Whether a cache learned something from an event. */
export type Change = 'changed' | 'known';

export interface CachedChild {
  readonly child: ObservedChild;
  /** For Deployments. */
  readonly deployment?: DeploymentStatus;
}

/**
 * What is known about the existing objects of one expanded kind, as little of each as decisions need: a thousand
 * servers have three thousand of them.
 *
 * Answers to our own writes go in as well, and an event about an older version than the known one is ignored, so the
 * next decision never sees the world before its own last write.
 */
export class ChildCache {
  readonly #entries = new Map<string, Entry>();
  /** Keys of entries whose versions say nothing any more. */
  readonly #doubted = new Set<string>();
  /** What was told to be gone, until the next list: the answer to a write of ours may come later, and speak of before. */
  readonly #gone = new Map<string, Gone>();
  /** Equal servers have equal owned fields, up to the owner's uid: each text is kept once. */
  readonly #texts: TextPool = createTextPool();

  get size(): number {
    return this.#entries.size;
  }

  /** `key` is `namespace/name`. */
  get(key: string): CachedChild | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { child, deployment, fields } = entry;
    const ownedFields = fields?.replaceAll(ownerMark, child.controller?.uid ?? '');
    return {
      child: ownedFields === undefined ? child : { ...child, ownedFields },
      ...(deployment === undefined ? {} : { deployment }),
    };
  }

  /** What is known stays if its version is after `asOf`; by default, that of the object itself. */
  put(raw: unknown, asOf?: string): Change {
    const observed = observeChild(raw);
    if (observed === undefined) return 'known';
    const key = keyOf(metaOf(raw));
    const known = this.#entries.get(key);
    if (!this.#doubted.delete(key) && !isNewer(observed, known?.child, asOf)) return 'known';
    if (isBeforeEnd(observed, this.#gone.get(key), asOf)) return 'known';
    this.#gone.delete(key);
    const { ownedFields, ...child } = observed;
    const fields = ownedFields === undefined ? undefined : this.#texts.keep(withoutOwner(ownedFields, child));
    const deployment = observeDeployment(raw);
    const entry = {
      child,
      ...(fields === undefined ? {} : { fields }),
      ...(deployment === undefined ? {} : { deployment }),
    };
    this.#entries.set(key, entry);
    return known !== undefined && isSameButForVersion(entry, known) ? 'known' : 'changed';
  }

  /** An event about the end of an object that was replaced meanwhile says nothing about the new one. */
  remove(raw: unknown): Change {
    const { name, namespace, uid, resourceVersion } = metaOf(raw);
    const key = keyOf({ namespace, name });
    if (this.#gone.size >= maxGone) this.#gone.clear();
    this.#gone.set(key, { uid, resourceVersion });
    if (this.#entries.get(key)?.child.uid !== uid) return 'known';
    this.#entries.delete(key);
    this.#doubted.delete(key);
    return 'changed';
  }

  /** Versions went back: whatever comes next of each object counts, whether it looks newer or not. */
  doubtVersions(): void {
    for (const key of this.#entries.keys()) this.#doubted.add(key);
    this.#gone.clear();
  }

  /** It was looked for and is not there. */
  removeKey(key: string): void {
    this.#entries.delete(key);
    this.#doubted.delete(key);
  }

  /** Drops whatever is not among the keys; says which. */
  keepOnly(keys: Keys): readonly string[] {
    const gone = [...this.#entries.keys()].filter((key) => !keys.has(key));
    for (const key of gone) this.removeKey(key);
    this.#gone.clear();
    return gone;
  }
}

/** More are not remembered: in a moment in which so much ends, looking again is cheap beside it. */
const maxGone = 1_000;

interface Gone {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Also of an object that only lost our label: what it is since then has a version that is not older. */
function isBeforeEnd(observed: ObservedChild, gone: Gone | undefined, asOf = observed.resourceVersion): boolean {
  return gone?.uid === observed.uid && isOlder(asOf, gone.resourceVersion);
}

/** Events can come late, and lists too: after the answer to a write of ours that they do not know of. */
function isNewer(observed: ObservedChild, known: ObservedChild | undefined, asOf = observed.resourceVersion): boolean {
  if (known === undefined) return true;
  if (known.resourceVersion === observed.resourceVersion) return false;
  return known.uid !== observed.uid || !isOlder(asOf, known.resourceVersion);
}

/** Controllers write annotations and moments of which no decision takes notice. */
function isSameButForVersion(a: Entry, b: Entry): boolean {
  return isDeepStrictEqual({ ...a, child: { ...a.child, resourceVersion: b.child.resourceVersion } }, b);
}

function withoutOwner(fields: string, { controller }: ObservedChild): string {
  return controller === undefined ? fields : fields.replaceAll(controller.uid, ownerMark);
}

interface Entry {
  readonly child: ObservedChild;
  readonly fields?: string;
  readonly deployment?: DeploymentStatus;
}

/** Stands for the owner's uid in kept texts; no uid looks like it. */
const ownerMark = '\u0001owner\u0001';

interface TextPool {
  keep(text: string): string;
}

/** Texts that are used no more are dropped with all others when there are too many: they come back as they are met. */
function createTextPool(maxTexts = 2_000): TextPool {
  const texts = new Map<string, string>();
  return {
    keep(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      if (texts.size >= maxTexts) texts.clear();
      texts.set(text, text);
      return text;
    },
  };
}
