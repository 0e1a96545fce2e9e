import { isRecord } from '../mcpserver/record.ts';

/**
 * JSON in the one form that RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785) has for a value: members by the UTF-16 units of their names,
 * numbers and texts as ECMAScript writes them. Not `canonicalJson`, which is not standard: names that are numbers come first there, and digests
 * that are stored already are made from it. For values that JSON.parse has made, of a depth that was bounded before.
 */
export function toJcs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toJcs).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${toJcs(value[name])}`);
  return `{${members.join(',')}}`;
}

/** Whether a text of {@link toJcs} has a half of a character, which RFC 8785 forbids: JSON.stringify escapes it, and no other one. */
export function hasLoneSurrogate(jcs: string): boolean {
  return loneSurrogate.test(jcs);
}

const loneSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
