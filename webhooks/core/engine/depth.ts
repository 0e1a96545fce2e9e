import { isRecord } from '../mcpserver/record.ts';

/** Deeper than nearly every value, and so few frames that any stack has room for them. */
const usualDepth = 16;

/**
 * Whether lists and maps are nested deeper than this. What is not flat enough to be seen at once is looked at level by
 * level, so that no value is too deep to be looked at.
 */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (isWithin(Math.min(levels, usualDepth), value)) return false;
  let level = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return true;
    const inside: object[] = [];
    for (const nested of level) addNested(inside, nested);
    level = inside;
  }
  return false;
}

/** Builds nothing. */
function isWithin(levels: number, value: unknown): boolean {
  if (!isNested(value)) return true;
  if (levels === 0) return false;
  if (isRecord(value)) {
    for (const key in value) if (isNested(value[key]) && !isWithin(levels - 1, value[key])) return false;
    return true;
  }
  if (Array.isArray(value)) for (const item of value) if (!isWithin(levels - 1, item)) return false;
  return true;
}

function addNested(found: object[], nested: object): void {
  const values: readonly unknown[] = Array.isArray(nested) ? nested : Object.values(nested);
  for (const value of values) if (isNested(value)) found.push(value);
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
