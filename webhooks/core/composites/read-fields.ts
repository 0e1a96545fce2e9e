import { ownValue } from '../mcpserver/record.ts';

/** What stands in an object of which nothing is known; undefined or empty for what is of another type. */

export function textValue(object: unknown, name: string): string | undefined {
  const value = ownValue(object, name);
  return typeof value === 'string' ? value : undefined;
}

export function numberValue(object: unknown, name: string): number | undefined {
  const value = ownValue(object, name);
  return typeof value === 'number' ? value : undefined;
}

export function listValue(object: unknown, name: string): readonly unknown[] {
  const value = ownValue(object, name);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
