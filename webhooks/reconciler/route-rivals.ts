import { API } from '../core/mcpserver/api.ts';
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

/**
 * Servers whose routes take the same host and path at the same Gateway, which no gateway tells anybody. Kept up with the cache of
 * routes, so that nobody has to look through all of them; whoever is to be told something else than before is looked at again.
 */
export class RouteRivals {
  /** By the key of the route. */
  readonly #holders = new Map<string, Holder>();
  /** By what they take, keys of routes. */
  readonly #routes = new Map<string, Set<string>>();
  readonly #lookAgain: (server: string) => void;

  constructor(lookAgain: (server: string) => void) {
    this.#lookAgain = lookAgain;
  }

  /** What is known of a route now; without `child` it is gone. */
  note(route: string, child?: ObservedChild): void {
    const before = this.#holders.get(route);
    const after = holderOf(route, child);
    if (isSame(before, after)) return;
    const told = [...takesOf(before), ...takesOf(after)].map((text) => [text, this.#tellAll(text)] as const);
    for (const text of takesOf(before)) this.#leave(text, route);
    for (const text of takesOf(after)) this.#routes.set(text, (this.#routes.get(text) ?? new Set()).add(route));
    if (after === undefined) this.#holders.delete(route);
    else this.#holders.set(route, after);
    for (const [text, toldBefore] of new Map(told)) this.#wake(toldBefore, this.#tellAll(text), route);
  }

  /** The first of those that take the same as a route, in its own namespace if there is one. */
  of(route: string): RouteRival | undefined {
    const told = takesOf(this.#holders.get(route)).map((text) => this.#tellAll(text).get(route));
    return told.find((rival) => typeof rival === 'object') ?? told.find((rival) => rival !== undefined);
  }

  #leave(text: string, route: string): void {
    const routes = this.#routes.get(text);
    routes?.delete(route);
    if (routes?.size === 0) this.#routes.delete(text);
  }

  #tellAll(text: string): Told {
    const routes = [...(this.#routes.get(text) ?? [])];
    const holders = routes.flatMap((route) => {
      const holder = this.#holders.get(route);
      return holder === undefined ? [] : [{ route, ...holder }];
    });
    const firsts = firstTwoOf(holders);
    const told = new Map<string, RouteRival>();
    for (const { route, namespace, server } of holders) {
      const name = firsts.get(namespace)?.find((first) => first !== server);
      if (name !== undefined) told.set(route, { name });
      else if (firsts.size > 1) told.set(route, 'elsewhere');
    }
    return told;
  }

  /** But for the route that changed: whoever changed it looks at it. */
  #wake(before: Told, after: Told, changed: string): void {
    for (const route of new Set([...before.keys(), ...after.keys()])) {
      const holder = this.#holders.get(route);
      if (route === changed || holder === undefined || isSameRival(before.get(route), after.get(route))) continue;
      this.#lookAgain(keyOf({ kind: API.kind, namespace: holder.namespace, name: holder.server }));
    }
  }
}

/** Undefined for a route that takes nothing, or that is no server's. */
function holderOf(route: string, child: ObservedChild | undefined): Holder | undefined {
  const { controller, registration } = child ?? {};
  if (registration?.takes === undefined || controller?.kind !== API.kind) return undefined;
  return { namespace: splitKey(route).namespace, server: controller.name, takes: registration.takes };
}

/** By namespace, the two servers that come first by their names. */
function firstTwoOf(holders: readonly Holder[]): ReadonlyMap<string, readonly string[]> {
  const firsts = new Map<string, readonly string[]>();
  for (const { namespace, server } of holders) {
    const known = firsts.get(namespace) ?? [];
    if (known[1] !== undefined && server >= known[1]) continue;
    firsts.set(namespace, [...new Set([...known, server])].sort().slice(0, 2));
  }
  return firsts;
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
