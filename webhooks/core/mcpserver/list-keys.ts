import { ownValue } from './record.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { structure } from './structure.gen.ts';
import type { FieldPath, Violation } from './violation.ts';

/** Items of lists that are maps (x-kubernetes-list-type: map) whose key an earlier item has already. */
export function findDuplicateItems(object: unknown): readonly Violation[] {
  return search(object, structure, []);
}

function search(value: unknown, schema: StructuralSchema, path: FieldPath): readonly Violation[] {
  if (Array.isArray(value)) {
    const { items, listMapKeys } = schema;
    const inside = items === undefined ? [] : value.flatMap((item, index) => search(item, items, [...path, index]));
    return listMapKeys === undefined ? inside : [...duplicatesOf(value, listMapKeys, path), ...inside];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]: readonly [string, unknown]) => {
    const { properties = {}, additionalProperties } = schema;
    const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    return known === undefined ? [] : search(child, known, [...path, name]);
  });
}

function duplicatesOf(list: readonly unknown[], keys: readonly string[], path: FieldPath): readonly Violation[] {
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const identity = JSON.stringify(keys.map((key) => ownValue(item, key) ?? null));
    if (!seen.has(identity)) {
      seen.add(identity);
      return [];
    }
    const found = keys.map((key) => `${key}: ${JSON.stringify(ownValue(item, key) ?? null)}`).join(', ');
    return [
      {
        path: [...path, index],
        headline: 'Duplicate value',
        detail: `found ${found} a second time in this list`,
        remedy: `Keep one item, or give this one another ${keys.join(' or ')}.`,
      },
    ];
  });
}
