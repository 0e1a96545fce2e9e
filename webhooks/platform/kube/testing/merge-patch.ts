import { isRecord } from '../object.ts';

/** What a JSON Merge Patch makes of a value: null removes a field, a list is one value. https://www.rfc-editor.org/rfc/rfc7386 */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatched(result[key], value);
  }
  return result;
}
