import { isRecord, ownValue, type Fields } from '../mcpserver/record.ts';
import { renderPath, type FieldPath } from '../mcpserver/violation.ts';
import type { Authored } from './composite-kind.ts';

/** One field that an MCPServer has elsewhere, with all that is in it. */
export interface Move {
  readonly from: FieldPath;
  readonly to: FieldPath;
  /** What is inside there is nothing that the author wrote. */
  readonly isEnd?: true;
}

/** What the moved fields hold, at their new places; the maps around them are there in any case. */
export function moveFields(object: unknown, moves: readonly Move[]): Fields {
  return moves.reduce<Fields>((moved, { from, to }) => put(moved, to, from.reduce<unknown>(ownValue, object)), {});
}

function put(fields: Fields, [name, ...rest]: FieldPath, value: unknown): Fields {
  if (name === undefined) return fields;
  if (rest.length === 0) return value === undefined ? fields : { ...fields, [name]: value };
  const inside = fields[name];
  return { ...fields, [name]: put(isRecord(inside) ? inside : {}, rest, value) };
}

/** What becomes of the places that are not moved: those of metadata are the same, and what nobody wrote is at `spec`. */
export function authoredBy(moves: readonly Move[]): Authored {
  return {
    path: (path) => authoredPath(path, moves),
    text: (text) => authoredText(text, moves),
  };
}

function authoredPath(path: FieldPath, moves: readonly Move[]): FieldPath {
  const around = moves.find(({ to }) => isWithin(path, to));
  if (around !== undefined)
    return around.isEnd === true ? around.from : [...around.from, ...path.slice(around.to.length)];
  if (path[0] !== 'spec') return path;
  // A map that holds moved fields: where the first of them was written, or would be.
  return (path.length > 1 ? moves.find(({ to }) => isWithin(to, path))?.from : undefined) ?? ['spec'];
}

function isWithin(path: FieldPath, outer: FieldPath): boolean {
  return outer.length <= path.length && outer.every((segment, index) => path[index] === segment);
}

/** Only what reads like the whole name of the field: `spec.config.env`, and not the one that begins with it. */
function authoredText(text: string, moves: readonly Move[]): string {
  return moves.reduce((said, { from, to }) => replaceName(said, renderPath(to), renderPath(from)), text);
}

function replaceName(text: string, name: string, by: string): string {
  if (!text.includes(name)) return text;
  const [first = '', ...others] = text.split(name);
  return others.reduce((said, rest) => `${said}${/^[A-Za-z0-9_-]/.test(rest) ? name : by}${rest}`, first);
}
