import { isDnsLabel, isLabelValue, isQualifiedName, isSubdomain } from './kubernetes-names.ts';
import type { FieldPath, Violation } from './violation.ts';
import { utf8Length } from './utf8-length.ts';
import { isRecord, type Fields } from './record.ts';

/**
 * What the API server says about the metadata of any object, for those who have no API server to ask.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function checkObjectMeta(metadata: unknown): readonly Violation[] {
  if (!isRecord(metadata)) return [];
  return [
    ...checkText(metadata, 'name', isSubdomain, subdomainRule),
    ...checkText(metadata, 'generateName', isSubdomainPrefix, subdomainRule),
    ...checkText(metadata, 'namespace', isNamespace, 'at most 63 lower case letters, digits and hyphens'),
    ...checkLabels(metadata['labels']),
    ...checkAnnotations(metadata['annotations']),
    ...checkFinalizers(metadata['finalizers']),
    ...checkOwners(metadata['ownerReferences']),
    ...typedFields.flatMap(([field, type]) => checkType(metadata[field], type, [field])),
  ];
}

const subdomainRule = 'at most 253 lower case letters, digits, hyphens and dots, a letter or digit first and last';
/** What is appended is letters and digits, so the prefix may end in a hyphen. */
function isSubdomainPrefix(prefix: string): boolean {
  return prefix === '' || isSubdomain(/[a-z0-9]-$/.test(prefix) ? `${prefix.slice(0, -1)}x` : prefix);
}

function isNamespace(name: string): boolean {
  return name === '' || isDnsLabel(name);
}

function checkText(
  metadata: Fields,
  field: string,
  isFine: (text: string) => boolean,
  rule: string,
): readonly Violation[] {
  const text = metadata[field];
  // Other types are the schema's business; an absent name too.
  if (typeof text !== 'string' || (field === 'name' && text === '') || isFine(text)) return [];
  return [violation([field], `must be ${rule}`, `found '${text}'`, 'Change the name.')];
}

const keyRule = 'the key must be name or domain/name';
const keyRemedy = 'Use letters, digits, hyphens, underscores and dots, at most 63, a letter or digit first and last.';

function checkLabels(labels: unknown): readonly Violation[] {
  return textsOf(labels).flatMap(([key, value]) => [
    ...(isQualifiedName(key) ? [] : [violation(['labels', key], keyRule, `found '${key}'`, keyRemedy)]),
    ...(isLabelValue(value)
      ? []
      : [violation(['labels', key], 'the value is not usable as a label', `found '${value}'`, keyRemedy)]),
  ]);
}

/** Of all annotations together, keys and values, in bytes. */
const maxAnnotationBytes = 256 * 1024;

function checkAnnotations(annotations: unknown): readonly Violation[] {
  const texts = textsOf(annotations);
  const bytes = texts.reduce((sum, [key, value]) => sum + utf8Length(key) + utf8Length(value), 0);
  const wrongKeys = texts
    // Upper case domains are only forgiven here.
    .filter(([key]) => !isQualifiedName(key.toLowerCase()))
    .map(([key]) => violation(['annotations', key], keyRule, `found '${key}'`, keyRemedy));
  if (bytes <= maxAnnotationBytes) return wrongKeys;
  const headline = `must be at most ${maxAnnotationBytes} bytes together`;
  return [...wrongKeys, violation(['annotations'], headline, `found ${bytes} bytes`, 'Keep large data elsewhere.')];
}

function checkFinalizers(finalizers: unknown): readonly Violation[] {
  if (finalizers === undefined) return [];
  if (!Array.isArray(finalizers)) return [wrongType(['finalizers'], 'a list of texts')];
  return finalizers.flatMap((finalizer: unknown, index) => {
    if (typeof finalizer !== 'string') return [wrongType(['finalizers', index], 'text')];
    if (isQualifiedName(finalizer)) return [];
    return [violation(['finalizers', index], 'must be name or domain/name', `found '${finalizer}'`, keyRemedy)];
  });
}

/** Fields of metadata that the schema says nothing about. */
const typedFields = [
  ['selfLink', 'text'],
  ['creationTimestamp', 'a time'],
  ['deletionTimestamp', 'a time'],
  ['deletionGracePeriodSeconds', 'a whole number'],
  ['managedFields', 'a list of fields with names'],
] as const;

const isOfType = {
  text: (value) => typeof value === 'string',
  'a time': (value) => typeof value === 'string' && time.test(value) && !Number.isNaN(Date.parse(value)),
  'a whole number': Number.isInteger,
  'true or false': (value) => typeof value === 'boolean',
  'a list of fields with names': (value) =>
    Array.isArray(value) && value.every((item) => item === null || isRecord(item)),
} as const satisfies Readonly<Record<string, (value: unknown) => boolean>>;

/** RFC 3339, as in 2001-02-03T04:05:06Z. */
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function checkType(value: unknown, type: keyof typeof isOfType, path: FieldPath): readonly Violation[] {
  return value === undefined || value === null || isOfType[type](value) ? [] : [wrongType(path, type)];
}

const ownerFields = ['apiVersion', 'kind', 'name', 'uid'] as const;

function checkOwners(owners: unknown): readonly Violation[] {
  if (owners === undefined) return [];
  if (!Array.isArray(owners)) return [wrongType(['ownerReferences'], 'a list')];
  // The API server drops an entry that is there twice.
  const controllers = new Set(
    owners
      .filter((owner: unknown) => isRecord(owner) && owner['controller'] === true)
      .map((owner: unknown) => JSON.stringify(owner)),
  );
  const several = violation(
    ['ownerReferences'],
    'only one owner can be the controller',
    `found ${controllers.size}`,
    'Set controller on one.',
  );
  return [
    ...owners.flatMap((owner: unknown, index) => checkOwner(owner, ['ownerReferences', index])),
    ...(controllers.size > 1 ? [several] : []),
  ];
}

function checkOwner(owner: unknown, path: FieldPath): readonly Violation[] {
  if (!isRecord(owner)) return [wrongType(path, 'fields with names')];
  return [
    ...ownerFields.flatMap((field) => checkOwnerField(owner[field], [...path, field])),
    ...ownerFlags.flatMap((field) => checkType(owner[field], 'true or false', [...path, field])),
  ];
}

const ownerFlags = ['controller', 'blockOwnerDeletion'] as const;

function checkOwnerField(value: unknown, path: FieldPath): readonly Violation[] {
  const isMissing = value === undefined || value === null || value === '';
  return isMissing
    ? [violation(path, 'required value', 'found nothing', 'Set this field.')]
    : checkType(value, 'text', path);
}

function wrongType(path: FieldPath, wanted: string): Violation {
  return violation(path, `must be ${wanted}`, 'found another type', `Write ${wanted}.`);
}

function violation(path: FieldPath, headline: string, detail: string, remedy: string): Violation {
  return { path: ['metadata', ...path], headline, detail, remedy };
}

/** Entries that are texts; the schema speaks about the others. */
function textsOf(map: unknown): readonly (readonly [string, string])[] {
  return isRecord(map)
    ? Object.entries(map).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []))
    : [];
}
