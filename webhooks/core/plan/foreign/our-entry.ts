import { FIELD_MANAGER } from '../../mcpserver/names.ts';
import { isRecord } from '../../mcpserver/record.ts';
import type { Fields } from '../../mcpserver/record.ts';
import { listIn, textIn } from '../../resources/raw-fields.ts';
import { fieldsAt } from './pod-view.ts';

/**
 * Whether an entry of `metadata.managedFields` is about the object itself, in the version of the API in which the object is.
 * Those of a subresource are left out: status and scale cannot reach a place of ours that an apply would not win back. Those
 * of another version, too: nothing but the version that we apply is served by the clusters we know, and its fields could not
 * be compared.
 */
export function isOfObject(entry: Fields, object: unknown): boolean {
  return textIn(entry, 'subresource') === '' && textIn(entry, 'apiVersion') === textIn(object, 'apiVersion');
}

/** Our applies only: we write children in no other way, so an Update under our name is somebody else's. */
export function isOurs(entry: Fields): boolean {
  return textIn(entry, 'manager') === FIELD_MANAGER && textIn(entry, 'operation') === 'Apply';
}

/** `fieldsV1` of what we have applied of a child, whoever asks; undefined: nothing of it is ours. */
export function ourFields(child: unknown): Fields | undefined {
  const entry = listIn(fieldsAt(child, 'metadata'), 'managedFields').find(
    (one) => isOurs(one) && isOfObject(one, child),
  );
  const fields = entry?.['fieldsV1'];
  return isRecord(fields) ? fields : undefined;
}
