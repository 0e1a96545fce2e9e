/** An object of JSON, whatever its fields are. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value has fields: neither a list nor null. What came from outside is unknown until asked. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under a name or at an index; undefined where nothing does. What JavaScript puts into every object is not there. */
export function ownValue(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null && hasOwn(value, name) ? value[name] : undefined;
}

function hasOwn<Name extends string | number>(value: object, name: Name): value is Readonly<Record<Name, unknown>> {
  return Object.hasOwn(value, name);
}
