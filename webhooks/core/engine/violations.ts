import { inside, type Place } from '../mcpserver/place.ts';
import type { Violation } from '../mcpserver/violation.ts';

/** Nothing to say: one list for every check of every request, because that is what nearly all of them answer. */
export const none: readonly Violation[] = [];

type Violations = readonly Violation[];

/** The violations of all lists, in their order. Builds nothing where there are none, or all are in one list. */
// eslint-disable-next-line max-params -- as one list of lists they were a tenth of what a request without findings left behind
export function join(a: Violations, b: Violations, c = none, d = none, e = none, f = none, g = none): Violations {
  const few = joinTwo(joinTwo(a, b), joinTwo(c, d));
  return joinTwo(few, joinTwo(joinTwo(e, f), g));
}

function joinTwo(a: Violations, b: Violations): Violations {
  if (b.length === 0) return a;
  return a.length === 0 ? b : a.concat(b);
}

/**
 * What the check says about each item of a list, which may be absent. Builds no list when it says nothing. `isFine` clears
 * nearly every item for less: without a place. It must be false for whatever the check has something to say about.
 */
export function each<Item>(
  list: readonly Item[] | undefined,
  place: Place,
  check: (item: Item, place: Place) => readonly Violation[],
  isFine: (item: Item) => boolean = never,
): readonly Violation[] {
  if (list === undefined) return none;
  let found: Violation[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    if (item !== undefined && !isFine(item)) found = append(found, check(item, inside(place, index)));
  }
  return found ?? none;
}

/** As {@link each}, of a map; its place is that of its key. */
export function eachEntry<Value>(
  map: Readonly<Record<string, Value>> | undefined,
  place: Place,
  check: (key: string, value: Value, place: Place) => readonly Violation[],
  isFine: (key: string, value: Value) => boolean = never,
): readonly Violation[] {
  if (map === undefined) return none;
  let found: Violation[] | undefined;
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value !== undefined && !isFine(key, value)) found = append(found, check(key, value, inside(place, key)));
  }
  return found ?? none;
}

function never(): boolean {
  return false;
}

/** One by one: as arguments of one call, as many as a body has room for would not fit onto the stack. */
function append(found: Violation[] | undefined, more: readonly Violation[]): Violation[] | undefined {
  if (more.length === 0) return found;
  const all = found ?? [];
  for (const violation of more) all.push(violation);
  return all;
}
