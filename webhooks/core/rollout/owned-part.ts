import { isRecord } from '../mcpserver/record.ts';
import { childOf, keyFieldsOf, partsOf } from '../plan/foreign/field-tree.ts';
import type { FieldTree } from '../plan/foreign/field-tree.ts';

/**
 * The part of a live value that a manager owns, by its `fieldsV1`: what it has applied, if nobody has changed it since. So what
 * runs can be applied again although the spec says something else by now, and no copy of it (of literal variables, too) is
 * kept anywhere.
 */
export function ownedPart(value: unknown, fields: FieldTree): unknown {
  const parts = partsOf(fields);
  if (parts.length === 0) return value;
  if (Array.isArray(value)) return ownedItems(value, fields, parts);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    parts.flatMap((part) => {
      const name = part.slice('f:'.length);
      if (!part.startsWith('f:') || !Object.hasOwn(value, name)) return [];
      return [[name, ownedPart(value[name], treeAt(fields, part))]];
    }),
  );
}

/** In the order in which the list has them. */
function ownedItems(list: readonly unknown[], fields: FieldTree, parts: readonly string[]): readonly unknown[] {
  const names = [...new Set(parts.map((part) => Object.keys(keyFieldsOf(part)).join()))];
  const byKey = new Map(parts.map((part) => [idOfPart(part), part]));
  return list.flatMap((item) => {
    const ids = isRecord(item) ? names.map((name) => idOf(name.split(','), item)) : [JSON.stringify(item)];
    const part = ids.map((id) => byKey.get(id)).find((found) => found !== undefined);
    return part === undefined ? [] : [ownedPart(item, treeAt(fields, part))];
  });
}

function idOfPart(part: string): string {
  if (part.startsWith('v:')) return part.slice('v:'.length);
  const key = keyFieldsOf(part);
  return idOf(Object.keys(key), key);
}

function idOf(names: readonly string[], of: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(names.map((name) => [name, of[name]]));
}

function treeAt(fields: FieldTree, part: string): FieldTree {
  return childOf(fields, part) ?? {};
}
