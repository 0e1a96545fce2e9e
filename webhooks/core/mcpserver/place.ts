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
  const path = [...fields].reverse();
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    if (at.isEnd === true) path.length = 0;
    path.push(at.field);
  }
  return path.reverse();
}
