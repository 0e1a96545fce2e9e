import { isRecord, type Fields } from '../../../../webhooks/core/mcpserver/record.ts';

/** One change to the smallest MCPServer, plain data: what the API server would be sent. */
export interface Mutant {
  /** Says what was changed: `runtime.resources = {"limits":{"cpu":"-1"}}`. */
  readonly title: string;
  readonly name?: string;
  readonly spec: Fields;
}

/** One mutant for each value of one field, `at` being its place below the spec; `beside` stays the same in all. */
export function each(at: string, values: readonly unknown[], beside: Fields = {}): readonly Mutant[] {
  return values.map((value) => ({
    title: shorten(`${at} = ${JSON.stringify(value)}${describe(beside)}`),
    spec: merge(beside, nest(at.split('.'), value)),
  }));
}

/** Data merged deeply; lists are replaced. */
export function merge(base: Fields, patch: Fields): Fields {
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name);
    merged.set(name, isRecord(value) && isRecord(before) ? merge(before, value) : value);
  }
  return Object.fromEntries(merged);
}

function nest(path: readonly string[], value: unknown): Fields {
  const [first = '', ...rest] = path;
  return { [first]: rest.length === 0 ? value : nest(rest, value) };
}

function describe(beside: Fields): string {
  return Object.keys(beside).length === 0 ? '' : ` beside ${JSON.stringify(beside)}`;
}

function shorten(title: string): string {
  return title.length <= 160 ? title : `${title.slice(0, 150)}… (${title.length} characters)`;
}
