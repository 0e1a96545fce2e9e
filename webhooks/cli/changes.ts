import type { FieldPath } from '../core/mcpserver/violation.ts';
import { isRecord } from '../core/mcpserver/record.ts';

/** One field that differs. What goes is not repeated: it may be what somebody should not have written there. */
export type Change =
  | { readonly type: 'added' | 'replaced'; readonly path: FieldPath; readonly value: unknown }
  | { readonly type: 'removed'; readonly path: FieldPath };

/** What leads from one object to another, field by field: maps by their keys, lists item by item where none was added. */
export function changesBetween(before: unknown, after: unknown, path: FieldPath = []): readonly Change[] {
  if (before === after) return [];
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => changesOfField(before, after, path, name));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item: unknown, index) => changesBetween(item, after[index], [...path, index]));
  }
  return [{ type: 'replaced', path, value: after }];
}

type Fields = Readonly<Record<string, unknown>>;

function changesOfField(before: Fields, after: Fields, path: FieldPath, name: string): readonly Change[] {
  const at = [...path, name];
  const [was, is] = [valueOf(before, name), valueOf(after, name)];
  if (is === undefined) return was === undefined ? [] : [{ type: 'removed', path: at }];
  return was === undefined ? leavesOf(is, at) : changesBetween(was, is, at);
}

/** A map that was added is the fields in it. */
function leavesOf(value: unknown, path: FieldPath): readonly Change[] {
  const entries = isRecord(value) ? Object.entries(value).filter(([, inside]) => inside !== undefined) : [];
  if (entries.length === 0) return [{ type: 'added', path, value }];
  return entries.flatMap(([name, inside]) => leavesOf(inside, [...path, name]));
}

function valueOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
