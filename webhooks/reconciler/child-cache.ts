import { isDeepStrictEqual } from 'node:util';

import { API } from '../core/mcpserver/api.ts';
import type { DeploymentStatus, ObservedChild } from '../core/plan/observed.ts';
import { digest } from '../platform/digest.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf, splitKey } from '../platform/kube/object.ts';
import { isOlder } from '../platform/kube/resource-version.ts';
import { KeptTexts } from './kept-texts.ts';
import { observeChild, observeDeployment } from './observe.ts';

/** Whether a cache learned something from an event. */
export type Change = 'changed' | 'known';

export interface CachedChild {
  readonly child: ObservedChild;
  /** For Deployments. */
  readonly deployment?: DeploymentStatus;
  /** The child has owned fields that are not kept: whoever compares them reads it (gather.ts). */
  readonly isCut?: true;
}

/**
 * Owned fields that are kept, in bytes: what anybody writes as our field manager is as long as an object can be, and
 * what we apply for a server has a hundred bytes for each variable. Equal servers have equal ones, so a thousand of
 * people's own servers need a part of this.
 */
export const childTextLimits = { largest: 64 * 1024, inAll: 1.5 * 1024 * 1024 };

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
  readonly #texts: KeptTexts;
  readonly #kind: string;

  /** `texts` of all kinds together, each under its `kind`. */
  constructor(kind = '', texts = new KeptTexts(childTextLimits)) {
    this.#kind = kind;
    this.#texts = texts;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `key` is that of the server whose name the child has. */
  get(key: string): CachedChild | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { child, deployment, fields } = entry;
    const ownedFields = this.#texts.get(this.#childKey(key))?.replaceAll(ownerMark, child.controller?.uid ?? '');
    return {
      child: ownedFields === undefined ? child : { ...child, ownedFields },
      ...(deployment === undefined ? {} : { deployment }),
      ...(fields !== undefined && ownedFields === undefined ? { isCut: true } : {}),
    };
  }

  /** What is known stays if its version is after `asOf`; by default, that of the object itself. */
  put(raw: unknown, asOf?: string): Change {
    const observed = observeChild(raw);
    if (observed === undefined) return 'known';
    const key = keyOf({ kind: API.kind, ...metaOf(raw) });
    const known = this.#entries.get(key);
    if (!this.#doubted.delete(key) && !isNewer(observed, known?.child, asOf)) return 'known';
    if (isBeforeEnd(observed, this.#gone.get(key), asOf)) return 'known';
    this.#gone.delete(key);
    const { ownedFields, ...child } = observed;
    const fields = ownedFields === undefined ? undefined : withoutOwner(ownedFields, child);
    if (fields === undefined) this.#texts.drop(this.#childKey(key));
    else this.#texts.put(this.#childKey(key), fields);
    const deployment = observeDeployment(raw);
    const entry = {
      child,
      ...(fields === undefined ? {} : { fields: digest(fields) }),
      ...(deployment === undefined ? {} : { deployment }),
    };
    this.#entries.set(key, entry);
    return known !== undefined && isSameButForVersion(entry, known) ? 'known' : 'changed';
  }

  /** An event about the end of an object that was replaced meanwhile says nothing about the new one. */
  remove(raw: unknown): Change {
    const { name, namespace, uid, resourceVersion } = metaOf(raw);
    const key = keyOf({ kind: API.kind, namespace, name });
    if (this.#gone.size >= maxGone) this.#gone.clear();
    this.#gone.set(key, { uid, resourceVersion });
    if (this.#entries.get(key)?.child.uid !== uid) return 'known';
    this.removeKey(key);
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
    this.#texts.drop(this.#childKey(key));
  }

  /** Drops whatever is not among the keys, which are those of children; says of which servers. */
  keepOnly(keys: Keys): readonly string[] {
    const gone = [...this.#entries.keys()].filter((key) => !keys.has(this.#childKey(key)));
    for (const key of gone) this.removeKey(key);
    this.#gone.clear();
    return gone;
  }

  #childKey(key: string): string {
    return keyOf({ ...splitKey(key), kind: this.#kind });
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
  /** Of the owned fields, as a digest. */
  readonly fields?: string;
  readonly deployment?: DeploymentStatus;
}

/** Stands for the owner's uid in kept texts; no uid looks like it. */
const ownerMark = '\u0001owner\u0001';
