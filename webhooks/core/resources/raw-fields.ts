import { isRecord } from '../mcpserver/record.ts';
import type { Fields } from '../mcpserver/record.ts';

/*
 * Fields of an object that somebody else wrote: whatever has not the type that is asked for is not there.
 */

export function fieldsIn(of: unknown, field: string): Fields | undefined {
  const value = isRecord(of) ? of[field] : undefined;
  return isRecord(value) ? value : undefined;
}

export function listIn(of: unknown, field: string): readonly Fields[] {
  const value = isRecord(of) ? of[field] : undefined;
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function textIn(of: unknown, field: string): string {
  const value = isRecord(of) ? of[field] : undefined;
  return typeof value === 'string' ? value : '';
}

export function numberIn(of: unknown, field: string): number | undefined {
  const value = isRecord(of) ? of[field] : undefined;
  return typeof value === 'number' ? value : undefined;
}
