import type { Reading } from '../api.ts';
import { isRecord, listAt, metaOf, recordAt } from '../object.ts';

/** What the client hands on of an object, or of a list of them: no more than who reads it has asked for. */
export function asRead(value: unknown, reading: Reading = {}): unknown {
  if (!isRecord(value)) return value;
  if ('items' in value) return { ...value, items: listAt(value, 'items').map((item) => withoutOwners(item, reading)) };
  return knownOf(value, reading) ?? withoutOwners(value, reading);
}

function knownOf(object: unknown, { isKnown, isReadWith }: Reading): unknown {
  const { name, namespace, uid, resourceVersion } = metaOf(object);
  const known = { metadata: { name, namespace, uid, resourceVersion } };
  if (uid === '' || resourceVersion === '' || isKnown?.(known) !== true) return undefined;
  return isReadWith !== undefined && JSON.stringify(object).includes(isReadWith) ? undefined : known;
}

function withoutOwners(object: unknown, { ignoresManagedFields }: Reading): unknown {
  const metadata = recordAt(object, 'metadata');
  if (ignoresManagedFields !== true || !isRecord(object) || metadata?.['managedFields'] === undefined) return object;
  return { ...object, metadata: { ...metadata, managedFields: [] } };
}
