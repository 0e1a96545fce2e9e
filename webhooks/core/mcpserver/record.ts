/** An object of JSON, whatever its fields are. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value has fields: neither a list nor null. What came from outside is unknown until asked. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same with its optional fields absent instead of undefined, as types and JSON want them. */
type Present<Given> = {
  [Name in keyof Given as undefined extends Given[Name] ? never : Name]: Given[Name];
} & { [Name in keyof Given as undefined extends Given[Name] ? Name : never]?: Exclude<Given[Name], undefined> };

/** Without the fields that are undefined. Copies: not for what every admission does. */
export function present<const Given extends object>(fields: Given): Present<Given>;
export function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What stands under a name or at an index; undefined where nothing does. What JavaScript puts into every object is not there. */
export function ownValue(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null && hasOwn(value, name) ? value[name] : undefined;
}

function hasOwn<Name extends string | number>(value: object, name: Name): value is Readonly<Record<Name, unknown>> {
  return Object.hasOwn(value, name);
}
