import { pointerTo } from '../mcpserver/violation.ts';
import { isRecord } from '../mcpserver/record.ts';

/** One operation of a JSON Patch: https://www.rfc-editor.org/rfc/rfc6902 */
export interface PatchOperation {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

/**
 * The smallest patch that brings `defaulted` into `raw`. It only adds and replaces: what `raw` has and `defaulted` has
 * not (a field of a newer version, say) stays. Lists are one value; defaults do not reach into them.
 */
export function diff(raw: unknown, defaulted: unknown): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  collect(operations, '', raw, defaulted);
  return operations;
}

/** Runs for every mutation: what is the same object on both sides costs one comparison, and no text. */
function collect(operations: PatchOperation[], path: string, raw: unknown, wanted: unknown): void {
  if (raw === wanted) return;
  if (!isRecord(raw) || !isRecord(wanted)) {
    if (JSON.stringify(raw) === JSON.stringify(wanted)) return;
    operations.push({ op: 'replace', path, value: wanted });
    return;
  }
  for (const key of Object.keys(wanted)) {
    const value = wanted[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(raw, key)) operations.push({ op: 'add', path: pointerTo(path, key), value });
    else if (raw[key] !== value) collect(operations, pointerTo(path, key), raw[key], value);
  }
}
