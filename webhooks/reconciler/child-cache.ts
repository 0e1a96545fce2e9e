import { isDeepStrictEqual } from 'node:util';

import { API, isOfKind } from '../core/mcpserver/api.ts';
import type { OwnerKind } from '../core/mcpserver/api.ts';
import type { DeploymentStatus, ObservedChild } from '../core/plan/observed.ts';
import { digest } from '../platform/digest.ts';
import type { Keys } from '../platform/kube/list-watch.ts';
import { keyOf, metaOf, recordAt, splitKey } from '../platform/kube/object.ts';
import { isOlder } from '../platform/kube/resource-version.ts';
import { FairStore, weighText } from './fair-store.ts';
import { KeptOnce } from './kept-once.ts';
import { controllerOf, observeChild, observeDeployment } from './observe.ts';
import { Unclaimed } from './unclaimed.ts';

/** Whether a cache learned something from an event. */
export type Change = 'changed' | 'known';

export interface CachedChild {
  /** Without its owned fields, but from {@link ChildCache.wholeOf}. */
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

export interface KnownServers {
  /** By its key. */
  readonly exists: (server: string) => boolean;
  /** Told of each child that is kept, again when its server is gone, and with nothing of each that is not any more. */
  readonly onKept?: (key: string, child?: ObservedChild) => void;
  /** Every name that children have of a server of that name; absent: any. */
  readonly childNames?: (server: string) => readonly string[];
}

/**
 * What is known about the existing objects of one expanded kind, as little of each as decisions need: a thousand
 * servers have three thousand of them. An object is found by the server whose name it has, by the one that controls it,
 * and by the one for which it was looked at.
 *
 * Answers to our own writes go in as well, and an event about an older version than the known one is ignored, so the
 * next decision never sees the world before its own last write.
 */
export class ChildCache {
  /** By the key of the child. */
  readonly #entries = new Map<string, Entry>();
  /** Children by servers whose names they do not have, and only those. */
  readonly #others = new Map<string, Set<string>>();
  /** Keys of entries whose versions say nothing any more. */
  readonly #doubted = new Set<string>();
  /** What was told to be gone, until the next list: the answer to a write of ours may come later, and speak of before. */
  readonly #gone = new Map<string, Gone>();
  /** Equal servers have equal owned fields, up to the owner's uid: each text is kept once. */
  readonly #texts: FairStore<string>;
  readonly #prints = new KeptOnce<string>(100, Object.is);
  readonly #kind: string;
  readonly #owner: OwnerKind;
  readonly #unclaimed = new Unclaimed(maxUnclaimed);
  /** Of {@link #others}, those that have none of the names of the server's children. */
  readonly #strangers = new Map<string, Unclaimed>();
  readonly #servers: KnownServers;

  /**
   * `texts` of all kinds together, each under its `kind`. `owner`: whose children they are, here called servers; by
   * default each is taken to exist.
   */
  constructor(
    kind = '',
    texts = new FairStore<string>(childTextLimits),
    owner: OwnerKind = API,
    servers: KnownServers = { exists: () => true },
  ) {
    this.#servers = servers;
    this.#kind = kind;
    this.#texts = texts;
    this.#owner = owner;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whatever exists of the server, or under its name; `server` is its key. */
  of(server: string): readonly CachedChild[] {
    if (this.#entries.size === 0) return [];
    return this.#keysOf(server).flatMap((key) => this.#entries.get(key) ?? []);
  }

  /** The same with the owned fields, each time a copy of some thousand characters. */
  wholeOf(server: string): readonly CachedChild[] {
    if (this.#entries.size === 0) return [];
    return this.#keysOf(server).flatMap((key) => this.#read(key) ?? []);
  }

  #keysOf(server: string): readonly string[] {
    return [this.#childKey(server), ...(this.#others.get(server) ?? [])];
  }

  /** The child that has the name of the server. */
  get(server: string): CachedChild | undefined {
    return this.#entries.get(this.#childKey(server));
  }

  /** The child of that name in the namespace of the server. */
  named(server: string, name: string): CachedChild | undefined {
    return this.#entries.get(this.#childKey(server, name));
  }

  #read(key: string): CachedChild | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { child, deployment, fields } = entry;
    const ownedFields = this.#texts.get(key)?.replaceAll(ownerMark, child.controller?.uid ?? '');
    return {
      child: ownedFields === undefined ? child : { ...child, ownedFields },
      ...(deployment === undefined ? {} : { deployment }),
      ...(fields !== undefined && ownedFields === undefined ? { isCut: true } : {}),
    };
  }

  /** Whether an event tells nothing new: each write of ours comes back as one, after the answer to it. */
  knows(raw: unknown): boolean {
    const { namespace, name, resourceVersion } = metaOf(raw);
    return this.#isSame(keyOf({ kind: this.#kind, namespace, name }), resourceVersion);
  }

  /** The keys of the servers that an object concerns: see {@link of}. */
  serversOf(raw: unknown): readonly string[] {
    const { namespace, name } = metaOf(raw);
    const known = this.#entries.get(keyOf({ kind: this.#kind, namespace, name }));
    const controller = controllerOf(recordAt(raw, 'metadata'));
    return [
      ...new Set([
        keyOf({ kind: this.#owner.kind, namespace, name }),
        ...this.#othersOf(namespace, { controller, lookedAtFor: known?.lookedAtFor }),
        ...(known === undefined ? [] : this.#othersOf(namespace, { controller: known.child.controller })),
      ]),
    ];
  }

  /**
   * What is known stays if its version is after `asOf`; by default, that of the object itself. `lookedAtFor`: the key of
   * the server that wants an object of that name, if it was read for that.
   */
  put(raw: unknown, asOf?: string, lookedAtFor?: string): Change {
    const { namespace, name, resourceVersion } = metaOf(raw);
    const key = keyOf({ kind: this.#kind, namespace, name });
    const known = this.#entries.get(key);
    if (known === undefined && lookedAtFor === undefined && !this.#hasRoomFor(key, raw)) return 'known';
    const observed = this.#isSame(key, resourceVersion) ? undefined : observeChild(raw);
    if (observed === undefined) return 'known';
    if (!this.#isNews(key, observed, asOf)) return 'known';
    this.#gone.delete(key);
    const deployment = observeDeployment(raw);
    const entry: Entry = {
      ...this.#keepFields(key, observed),
      ...this.#lookedAtFor(key, lookedAtFor ?? known?.lookedAtFor),
      ...(deployment === undefined ? {} : { deployment }),
    };
    this.#keep(key, entry, known);
    return known !== undefined && isSameButForVersion(entry, known) ? 'known' : 'changed';
  }

  #isNews(key: string, observed: ObservedChild, asOf: string | undefined): boolean {
    const isDoubted = this.#doubted.delete(key);
    if (!isDoubted && !isNewer(observed, this.#entries.get(key)?.child, asOf)) return false;
    return !isBeforeEnd(observed, this.#gone.get(key), asOf);
  }

  #keep(key: string, entry: Entry, known: Entry | undefined): void {
    this.#unlink(key, known);
    this.#entries.set(key, entry);
    this.#link(key, entry);
    this.#servers.onKept?.(key, entry.child);
    this.#makeRoomFor(key);
  }

  #isSame(key: string, resourceVersion: string): boolean {
    return this.#entries.get(key)?.child.resourceVersion === resourceVersion && !this.#doubted.has(key);
  }

  /** The owned fields are kept apart; of the entry they are a digest. */
  #keepFields(key: string, { ownedFields, ...child }: ObservedChild): Pick<Entry, 'child' | 'fields'> {
    if (ownedFields === undefined) {
      this.#texts.drop(key);
      return { child };
    }
    const fields = withoutOwner(ownedFields, child);
    const known = this.#entries.get(key)?.fields;
    // A controller writes a Deployment several times, and none of our fields.
    if (known !== undefined && this.#texts.get(key) === fields) return { child, fields: known };
    this.#texts.put(key, weighText(fields));
    const print = digest(fields);
    return { child, fields: this.#prints.of(print, print) };
  }

  /** Nothing for the server that finds it by its name. */
  #lookedAtFor(key: string, server: string | undefined): Pick<Entry, 'lookedAtFor'> {
    return server === undefined || this.#childKey(server) === key ? {} : { lookedAtFor: server };
  }

  /** An event about the end of an object that was replaced meanwhile says nothing about the new one. */
  remove(raw: unknown): Change {
    const { name, namespace, uid, resourceVersion } = metaOf(raw);
    const key = keyOf({ kind: this.#kind, namespace, name });
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

  /** Before it is looked into: anybody may write thousands that are nobody's. Whose name is taken reads it when that is seen. */
  #hasRoomFor(key: string, raw: unknown): boolean {
    if (this.#unclaimed.hasRoom((other) => this.#isClaimed(other))) return true;
    const controller = controllerOf(recordAt(raw, 'metadata'));
    const { namespace, name } = splitKey(key);
    const servers = [
      keyOf({ kind: this.#owner.kind, namespace, name }),
      ...this.#othersOf(namespace, controller === undefined ? {} : { controller }),
    ];
    return servers.some((server) => this.#servers.exists(server));
  }

  #makeRoomFor(key: string): void {
    for (const late of this.#unclaimed.add(key, (other) => this.#isClaimed(other))) this.removeKey(late);
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isClaimed(key)) return;
    for (const server of this.#serversOfEntry(key, entry)) this.#thinOut(server, key);
  }

  /** That an object names a server as its controller says nothing: anybody may write it, into thousands. The oldest go. */
  #thinOut(server: string, key: string): void {
    if (this.#isNamedFor(server, key)) return;
    const strangers = this.#strangers.get(server) ?? new Unclaimed(maxStrangers);
    this.#strangers.set(server, strangers);
    const stays = (other: string): boolean => this.#isNamedFor(server, other) || this.#isClaimed(other);
    for (const late of strangers.add(key, stays)) this.removeKey(late);
  }

  #isClaimed(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    return this.#serversOfEntry(key, entry).some(
      (server) => this.#servers.exists(server) && this.#isNamedFor(server, key),
    );
  }

  /** Whether it has a name that a child of the server has. */
  #isNamedFor(server: string, key: string): boolean {
    return this.#servers.childNames?.(splitKey(server).name).includes(splitKey(key).name) ?? true;
  }

  /** The server is gone; its children may stay, and nobody claims them any more. */
  forget(server: string): void {
    for (const key of this.#keysOf(server)) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#servers.onKept?.(key, entry.child);
      this.#makeRoomFor(key);
    }
  }

  /** It was looked for and is not there; the key of the child. */
  removeKey(key: string): void {
    this.#unclaimed.delete(key);
    this.#unlink(key, this.#entries.get(key));
    if (this.#entries.delete(key)) this.#servers.onKept?.(key);
    this.#doubted.delete(key);
    this.#texts.drop(key);
  }

  /** Drops whatever is not among the keys, which are those of children; says of which servers. */
  keepOnly(keys: Keys): readonly string[] {
    const gone = [...this.#entries].filter(([key]) => !keys.has(key));
    for (const [key] of gone) this.removeKey(key);
    this.#gone.clear();
    return [...new Set(gone.flatMap(([key, entry]) => this.#serversOfEntry(key, entry)))];
  }

  #link(key: string, entry: Entry): void {
    for (const server of this.#othersOf(splitKey(key).namespace, { controller: entry.child.controller, ...entry })) {
      if (this.#childKey(server) === key) continue;
      const children = this.#others.get(server) ?? new Set<string>();
      this.#others.set(server, children.add(key));
    }
  }

  #unlink(key: string, entry: Entry | undefined): void {
    if (entry === undefined) return;
    for (const server of this.#serversOfEntry(key, entry)) {
      const children = this.#others.get(server);
      children?.delete(key);
      this.#strangers.get(server)?.delete(key);
      if (children?.size === 0) {
        this.#others.delete(server);
        this.#strangers.delete(server);
      }
    }
  }

  #childKey(server: string, name?: string): string {
    const { namespace, name: serverName } = splitKey(server);
    return keyOf({ kind: this.#kind, namespace, name: name ?? serverName });
  }

  #serversOfEntry(key: string, { child, lookedAtFor }: Entry): readonly string[] {
    const { namespace, name } = splitKey(key);
    const named = keyOf({ kind: this.#owner.kind, namespace, name });
    return [named, ...this.#othersOf(namespace, { controller: child.controller, lookedAtFor })];
  }

  /** The server that controls an object, and the one that wanted it. */
  #othersOf(
    namespace: string,
    {
      controller,
      lookedAtFor,
    }: { readonly controller?: ObservedChild['controller']; readonly lookedAtFor?: string | undefined },
  ): readonly string[] {
    const isServer = controller !== undefined && isOfKind(controller, this.#owner);
    const controls = isServer ? keyOf({ kind: this.#owner.kind, namespace, name: controller.name }) : [];
    return [controls, lookedAtFor ?? []].flat();
  }
}

/** Objects of one kind that are kept though no server is there for them, or none whose children have such names. */
const maxUnclaimed = 1_000;

/** Objects of one kind that one server is said to control, and that have none of the names of its children. */
const maxStrangers = 20;

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
  /** The server that wants an object of that name, and found this one in its way. */
  readonly lookedAtFor?: string;
  /** Of the owned fields, as a digest. */
  readonly fields?: string;
  readonly deployment?: DeploymentStatus;
}

/** Stands for the owner's uid in kept texts; no uid looks like it. */
const ownerMark = '\u0001owner\u0001';
