import type { StructuralSchema } from './structural-schema.ts';
import { statusStructure } from './status-structure.gen.ts';
import { structure } from './structure.gen.ts';
import type { FieldPath } from './violation.ts';
import { isRecord, type Fields } from './record.ts';

export interface AsStored {
  /** What admission would see: a copy, its unknown fields, nulls and status gone, schema defaults set. */
  readonly object: unknown;
  /** What the API server drops with a warning, and kubectl refuses unless it is told not to. */
  readonly unknownFields: readonly FieldPath[];
}

/** What a kind has besides apiVersion, kind and metadata. */
export interface StoredSchemas {
  readonly structure: StructuralSchema;
  readonly statusStructure: StructuralSchema;
}

const ofMCPServer: StoredSchemas = { structure, statusStructure };

/**
 * An MCPServer, or another object of ours, as the API server would hand it to admission when it is created: it knows its own status better, drops
 * fields that the schema does not know and nulls, and sets the schema's defaults.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting-and-nullable
 */
export function toStored(raw: unknown, schemas: StoredSchemas = ofMCPServer): AsStored {
  if (!isRecord(raw)) return { object: raw, unknownFields: [] };
  const unknownFields: FieldPath[] = [];
  const isHead = (name: string): boolean => Object.hasOwn(head, name);
  const body = Object.fromEntries(Object.entries(raw).filter(([name]) => !isHead(name)));
  const kept = Object.entries(raw).flatMap(([name, value]) => {
    const stored = isHead(name) ? head[name]?.(value, unknownFields, schemas) : undefined;
    return stored === undefined ? [] : [[name, stored] as const];
  });
  return {
    object: { ...Object.fromEntries(kept), ...storeFields(body, schemas.structure, [], unknownFields) },
    unknownFields,
  };
}

/** What the schema leaves to the API server. */
const head: Readonly<Record<string, (value: unknown, unknown: FieldPath[], schemas: StoredSchemas) => unknown>> = {
  apiVersion: (value) => value,
  kind: (value) => value,
  metadata: storeMetadata,
  status: (value, unknown, schemas) => {
    store(value, schemas.statusStructure, ['status'], unknown);
    return undefined;
  },
};

function store(value: unknown, schema: StructuralSchema, path: FieldPath, unknown: FieldPath[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item, index) => store(item, items, [...path, index], unknown));
  }
  return isRecord(value) ? storeFields(value, schema, path, unknown) : value;
}

/** In the order of the manifest; defaults come last. By keys: entries would double the time of this. */
function storeFields(fields: Fields, schema: StructuralSchema, path: FieldPath, unknown: FieldPath[]): Fields {
  const { properties = {}, additionalProperties } = schema;
  const stored: [string, unknown][] = [];
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const child = own(properties, name) ?? additionalProperties;
    if (child === undefined && schema.isOpen === true) stored.push([name, value]);
    else if (child === undefined) unknown.push([...path, name]);
    else if (value !== null) stored.push([name, store(value, child, [...path, name], unknown)]);
  }
  addDefaults(fields, properties, path, stored);
  return Object.fromEntries(stored);
}

/** Of what is missing. */
function addDefaults(
  fields: Fields,
  properties: Readonly<Record<string, StructuralSchema>>,
  path: FieldPath,
  stored: [string, unknown][],
): void {
  for (const name of Object.keys(properties)) {
    const child = properties[name];
    const isMissing = child?.default !== undefined && (own(fields, name) ?? null) === null;
    // Defaults have defaults below them.
    if (isMissing) stored.push([name, store(child.default, child, path, [])]);
  }
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
const ownerFields: ReadonlySet<string> = new Set([
  'apiVersion',
  'blockOwnerDeletion',
  'controller',
  'kind',
  'name',
  'uid',
]);

const metadataFields: ReadonlySet<string> = new Set([
  'annotations',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'labels',
  'managedFields',
  'name',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** Metadata has Go types behind it: a null is the empty value of its type. */
function storeMetadata(metadata: unknown, unknown: FieldPath[]): unknown {
  if (!isRecord(metadata)) return metadata;
  const known = keepKnown(metadata, metadataFields, ['metadata'], unknown);
  return Object.fromEntries(
    Object.entries(known)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, storeMetadataField(name, value, unknown)]),
  );
}

function storeMetadataField(name: string, value: unknown, unknown: FieldPath[]): unknown {
  if (name === 'labels' || name === 'annotations') return withoutNullTexts(value);
  if (name !== 'ownerReferences' || !Array.isArray(value)) return value;
  return value.map((owner: unknown, index) =>
    isRecord(owner) ? keepKnown(owner, ownerFields, ['metadata', name, index], unknown) : owner,
  );
}

function keepKnown(fields: Fields, names: ReadonlySet<string>, path: FieldPath, unknown: FieldPath[]): Fields {
  const entries = Object.entries(fields).filter(([name]) => {
    if (!names.has(name)) unknown.push([...path, name]);
    return names.has(name);
  });
  return Object.fromEntries(entries);
}

function withoutNullTexts(value: unknown): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, text ?? ''])) : value;
}

/** A field named `constructor` is not known because of JavaScript. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
