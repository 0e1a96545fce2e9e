/** Whether lists and maps are nested deeper than this. Level by level, so that no value is too deep to be looked at. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let level = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return true;
    const inside: object[] = [];
    for (const nested of level) addNested(inside, nested);
    level = inside;
  }
  return false;
}

function addNested(found: object[], nested: object): void {
  const values: readonly unknown[] = Array.isArray(nested) ? nested : Object.values(nested);
  for (const value of values) if (isNested(value)) found.push(value);
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
