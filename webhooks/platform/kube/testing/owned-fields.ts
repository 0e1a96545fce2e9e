import { isRecord, listAt, recordAt, stringAt } from '../object.ts';
import type { Json } from './object-store.ts';

export function laidOver(base: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isRecord(before) && isRecord(value) ? laidOver(before, value) : value;
  }
  return merged;
}

export function applied(existing: Json, body: Json, manager: string | undefined): Json {
  const entries = listAt(recordAt(existing, 'metadata'), 'managedFields');
  const isOurs = (entry: unknown): boolean =>
    stringAt(entry, 'manager') === manager && stringAt(entry, 'operation') === 'Apply';
  const fieldsV1 = fieldsOf(withoutIdentity(body));
  const others = entries.filter((entry) => !isOurs(entry));
  const unsaid = [fieldsV1, ...others.map((entry) => recordAt(entry, 'fieldsV1') ?? {})].reduce(
    (left, said) => subtract(left, said),
    recordAt(entries.find(isOurs), 'fieldsV1') ?? {},
  );
  const merged = laidOver(prune(existing, unsaid), body);
  const managedFields = [{ manager, operation: 'Apply', apiVersion: body['apiVersion'], fieldsV1 }, ...others];
  return { ...merged, metadata: { ...recordAt(merged, 'metadata'), managedFields } };
}

/** Without the fields that are named as one piece. */
function prune(object: Json, fields: Json): Json {
  const left = Object.entries(object).flatMap(([key, value]) => {
    const named = fields[`f:${key}`];
    if (!isRecord(named)) return [[key, value] as const];
    if (Object.keys(named).length === 0) return [];
    return [[key, isRecord(value) ? prune(value, named) : value] as const];
  });
  return Object.fromEntries(left);
}

export function withoutIdentity(object: Json): Json {
  const { metadata, ...rest } = without(object, ['apiVersion', 'kind']);
  const own = without(isRecord(metadata) ? metadata : {}, ['name', 'namespace', 'uid', 'resourceVersion']);
  return Object.keys(own).length === 0 ? rest : { ...rest, metadata: own };
}

function without(object: Json, fields: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
}

export function fieldsOf(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      `f:${key}`,
      isRecord(part) && Object.keys(part).length > 0 ? fieldsOf(part) : {},
    ]),
  );
}

/** Takes what somebody else set away from the owned fields. */
export function disown(object: Json, set: Json): Json {
  const metadata = recordAt(object, 'metadata');
  const managedFields = listAt(metadata, 'managedFields').map((entry) => ({
    ...(isRecord(entry) ? entry : {}),
    fieldsV1: subtract(recordAt(entry, 'fieldsV1') ?? {}, fieldsOf(withoutIdentity(set))),
  }));
  return managedFields.length === 0 ? object : { ...object, metadata: { ...metadata, managedFields } };
}

function subtract(fields: Json, taken: Json): Json {
  const left = Object.entries(fields).flatMap(([key, part]) => {
    const lost = taken[key];
    if (!isRecord(lost)) return [[key, part] as const];
    if (Object.keys(lost).length === 0) return [];
    const rest = isRecord(part) ? subtract(part, lost) : {};
    return Object.keys(rest).length === 0 ? [] : [[key, rest] as const];
  });
  return Object.fromEntries(left);
}
