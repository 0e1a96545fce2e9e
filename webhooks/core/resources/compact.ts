import { isRecord, type Fields } from '../mcpserver/record.ts';

/**
 * Without fields that say nothing: undefined, null, empty lists, empty objects, at every depth.
 *
 * An applied object must not have them: the API server does not store them, so whether it still has what we applied
 * could no longer be told from its list of our fields. Not for objects where an empty object means something
 * (`emptyDir: {}`, `podSelector: {}`).
 */
export function compact(fields: Fields): Fields {
  // As nearly always: then nothing is copied.
  if (isCompact(fields)) return fields;
  return Object.fromEntries(
    Object.entries(fields)
      .map(([key, value]) => [key, compactValue(value)] as const)
      .filter(([, value]) => !isNothing(value)),
  );
}

/** Whether all of it says something, at every depth. */
function isCompact(fields: Fields): boolean {
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (isNothing(value) || !isCompactValue(value)) return false;
  }
  return true;
}

function isCompactValue(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isCompactValue) : !isRecord(value) || isCompact(value);
}

function compactValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compactValue);
  return isRecord(value) ? compact(value) : value;
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}
