/**
 * What waits for its turn, by group: the groups take turns, whatever the number of those that wait in each, and within a
 * group who came first is first. An item waits once, however often it is added.
 */
export class Turns<T> {
  /** In the order of their turns. */
  readonly #groups = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(group: string, item: T): void {
    const items = this.#groups.get(group) ?? new Set<T>();
    if (items.has(item)) return;
    this.#groups.set(group, items.add(item));
    this.#size += 1;
  }

  delete(group: string, item: T): void {
    const items = this.#groups.get(group);
    if (items?.delete(item) !== true) return;
    this.#size -= 1;
    if (items.size === 0) this.#groups.delete(group);
  }

  /** Takes out whose turn it is, among the groups that `may` have one now. */
  take(may: (group: string) => boolean = () => true): { readonly group: string; readonly item: T } | undefined {
    for (const [group, items] of this.#groups) {
      if (!may(group)) continue;
      const [item] = items;
      if (item === undefined) continue;
      this.delete(group, item);
      // To the end, whether or not somebody waits there still.
      if (items.size > 0) {
        this.#groups.delete(group);
        this.#groups.set(group, items);
      }
      return { group, item };
    }
    return undefined;
  }

  /** Takes out who has waited longest in the group in which most wait. */
  takeFromLargest(): T | undefined {
    let largest: readonly [string, Set<T>] | undefined;
    for (const entry of this.#groups) if (entry[1].size > (largest?.[1].size ?? 0)) largest = entry;
    if (largest === undefined) return undefined;
    const [group, items] = largest;
    const [item] = items;
    if (item !== undefined) this.delete(group, item);
    return item;
  }
}
