import { Ajv } from 'ajv';

/** What a JSON schema has against a value. */
export function problemsOf(schema: object, value: unknown): readonly string[] {
  // Formats are hints, and the schemas of others are written for other versions of the standard.
  const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true });
  const validate = ajv.compile(schema);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

/** Fields may come at any time, and the schema says of each that is there what it is. */
export function closed(schema: unknown): object {
  const text = JSON.stringify(schema, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && 'required' in value
      ? { ...value, additionalProperties: false }
      : value,
  );
  return JSON.parse(text) as object;
}
