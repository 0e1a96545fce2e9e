import type { FieldPath } from './violation.ts';

/**
 * Where a check is on its way through an object. Only a violation needs the path, and nearly no request has one, so the
 * way is remembered by its last step and written out when somebody asks ({@link pathTo}).
 */
export interface Place {
  readonly parent: Place | undefined;
  readonly field: string | number;
  /** No author writes what is inside, so paths end here: it is ours, and there because of this field. */
  readonly isEnd?: true;
}

/** The place of a field of the object itself: `placeOf('spec', 'config', 'env')`. */
export function placeOf(first: string, ...fields: FieldPath): Place {
  return fields.reduce<Place>(inside, { parent: undefined, field: first });
}

/** The place of a field, or of an item, of what is there. */
export function inside(parent: Place, field: string | number): Place {
  return { parent, field };
}

/** The path to the place, or to a field inside it. */
export function pathTo(place: Place, ...fields: FieldPath): FieldPath {
  const path: (string | number)[] = [];
  if (addSteps(path, place)) path.push(...fields);
  return path;
}

/** The steps to the place; whether authors write what is inside. */
function addSteps(path: (string | number)[], { parent, field, isEnd }: Place): boolean {
  if (parent !== undefined && !addSteps(path, parent)) return false;
  path.push(field);
  return isEnd !== true;
}
