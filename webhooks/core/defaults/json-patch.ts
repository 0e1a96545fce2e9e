import type { FieldPath } from '../mcpserver/violation.ts';
import { toJsonPointer } from '../mcpserver/violation.ts';

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
  return diffAt([], raw, defaulted);
}

function diffAt(path: FieldPath, raw: unknown, wanted: unknown): readonly PatchOperation[] {
  if (raw === wanted) return [];
  if (isRecord(raw) && isRecord(wanted)) {
    return Object.entries(wanted).flatMap(([key, value]) => diffField([...path, key], raw, key, value));
  }
  return JSON.stringify(raw) === JSON.stringify(wanted)
    ? []
    : [{ op: 'replace', path: toJsonPointer(path), value: wanted }];
}

function diffField(
  path: FieldPath,
  raw: Readonly<Record<string, unknown>>,
  key: string,
  wanted: unknown,
): readonly PatchOperation[] {
  if (wanted === undefined) return [];
  return Object.hasOwn(raw, key)
    ? diffAt(path, raw[key], wanted)
    : [{ op: 'add', path: toJsonPointer(path), value: wanted }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
