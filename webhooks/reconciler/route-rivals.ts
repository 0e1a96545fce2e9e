import { API, isOfKind } from '../core/mcpserver/api.ts';
import type { RouteRival } from '../core/plan/gateway-registered.ts';
import type { ObservedChild } from '../core/plan/observed.ts';
import { keyOf, splitKey } from '../platform/kube/object.ts';

/** A route, and the server that controls it. */
interface Holder {
  readonly namespace: string;
  readonly server: string;
  /** From `takenBy`. */
  readonly takes: readonly string[];
}

/** What each of several routes is told, by their keys. */
type Told = ReadonlyMap<string, RouteRival>;

/** By namespace, the keys of routes that take the same. */
type Place = ReadonlyMap<string, ReadonlySet<string>>;

/** Routes of one namespace that take the same and are told by name; nobody looks through more, which anybody may make. */
const maxNamed = 32;

export interface RivalsOptions {
  /** The uid of a server that exists, by its key. */
  readonly uidOf: (server: string) => string | undefined;
  readonly lookAgain: (server: string) => void;
}

/**
 * Servers whose routes take the same host and path at the same Gateway, which no gateway tells anybody, or the same of Ingresses. Kept up with the cache of
 * routes, so that nobody has to look through all of them; whoever is to be told something else than before is looked at again.
 */
export class RouteRivals {
  /** By the key of the route, or the Ingress. */
  readonly #holders = new Map<string, Holder>();
  /** By what they take. */
  readonly #places = new Map<string, Map<string, Set<string>>>();
  readonly #options: RivalsOptions;

  constructor(options: RivalsOptions) {
    this.#options = options;
  }

  /** What is known of a route now; without `child` it is gone. */
  note(route: string, child?: ObservedChild): void {
    const before = this.#holders.get(route);
    const after = this.#holderOf(route, child);
    if (isSame(before, after)) return;
    const { namespace } = splitKey(route);
    const texts = [...new Set([...takesOf(before), ...takesOf(after)])];
    const told = texts.map((text) => this.#tellNear(text, namespace));
    for (const text of takesOf(before)) this.#leave(text, namespace, route);
    for (const text of takesOf(after)) this.#enter(text, namespace, route);
    if (after === undefined) this.#holders.delete(route);
    else this.#holders.set(route, after);
    for (const [index, text] of texts.entries()) {
      this.#wake(told[index] ?? new Map(), this.#tellNear(text, namespace), route);
    }
  }

  /** The first of those that take the same as a route, in its own namespace if there is one. */
  of(route: string): RouteRival | undefined {
    const { namespace } = splitKey(route);
    const told = takesOf(this.#holders.get(route)).map((text) => {
      const place = this.#places.get(text) ?? new Map<string, Set<string>>();
      return isCrowded(place.get(namespace)) ? 'several' : this.#tellAll(place, namespace).get(route);
    });
    const isNamed = (rival: RouteRival | undefined): boolean => typeof rival === 'object';
    return told.find(isNamed) ?? told.find((rival) => rival === 'several') ?? told.find((rival) => rival !== undefined);
  }

  /** Undefined for a route that takes nothing, or that is no server's: anybody may write that it is one's. */
  #holderOf(route: string, child: ObservedChild | undefined): Holder | undefined {
    const { controller, registration } = child ?? {};
    if (registration?.takes === undefined || controller === undefined || !isOfKind(controller, API)) return undefined;
    const { namespace } = splitKey(route);
    const server = keyOf({ kind: API.kind, namespace, name: controller.name });
    if (this.#options.uidOf(server) !== controller.uid) return undefined;
    return { namespace, server: controller.name, takes: registration.takes };
  }

  #enter(text: string, namespace: string, route: string): void {
    const place = this.#places.get(text) ?? new Map<string, Set<string>>();
    this.#places.set(text, place.set(namespace, (place.get(namespace) ?? new Set()).add(route)));
  }

  #leave(text: string, namespace: string, route: string): void {
    const place = this.#places.get(text);
    const routes = place?.get(namespace);
    routes?.delete(route);
    if (routes?.size === 0) place?.delete(namespace);
    if (place?.size === 0) this.#places.delete(text);
  }

  /** Told to whom a route of the namespace makes a difference: with two other namespaces nobody there learns of a third. */
  #tellNear(text: string, namespace: string): Told {
    const place: Place = this.#places.get(text) ?? new Map();
    const others = place.size - (place.has(namespace) ? 1 : 0);
    const near = others === 1 ? new Set([namespace, ...place.keys()]) : [namespace];
    return new Map([...near].flatMap((one) => [...this.#tellAll(place, one)]));
  }

  /** Told to the routes of one namespace; nothing where they are too many, which all are told alike. */
  #tellAll(place: Place, namespace: string): Told {
    const routes = place.get(namespace) ?? new Set();
    const told = new Map<string, RouteRival>();
    if (isCrowded(routes)) return told;
    const holders = [...routes].flatMap((route) => {
      const holder = this.#holders.get(route);
      return holder === undefined ? [] : [{ route, server: holder.server }];
    });
    const names = holders.map(({ server }) => server).sort();
    for (const { route, server } of holders) {
      const name = names.find((other) => other !== server);
      if (name !== undefined) told.set(route, { name });
      else if (place.size > 1) told.set(route, 'elsewhere');
    }
    return told;
  }

  /** But for the route that changed: whoever changed it looks at it. */
  #wake(before: Told, after: Told, changed: string): void {
    for (const route of new Set([...before.keys(), ...after.keys()])) {
      const holder = this.#holders.get(route);
      if (route === changed || holder === undefined || isSameRival(before.get(route), after.get(route))) continue;
      this.#options.lookAgain(keyOf({ kind: API.kind, namespace: holder.namespace, name: holder.server }));
    }
  }
}

function isCrowded(routes: ReadonlySet<string> | undefined): boolean {
  return (routes?.size ?? 0) > maxNamed;
}

function takesOf(holder: Holder | undefined): readonly string[] {
  return holder?.takes ?? [];
}

function isSame(a: Holder | undefined, b: Holder | undefined): boolean {
  return a?.server === b?.server && takesOf(a).join('\n') === takesOf(b).join('\n');
}

function isSameRival(a: RouteRival | undefined, b: RouteRival | undefined): boolean {
  return typeof a === 'object' && typeof b === 'object' ? a.name === b.name : a === b;
}
