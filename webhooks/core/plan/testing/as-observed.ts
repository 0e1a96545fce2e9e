import { APPLIED_HASH_ANNOTATION } from '../../mcpserver/names.ts';
import type { KubernetesObject } from '../../resources/expanded-kind.ts';
import type { ObservedChild } from '../observed.ts';
import { isRecord, type Fields } from '../../mcpserver/record.ts';

/** The lists whose elements the API server knows by key, by the name of their field. Other lists are one piece. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  ownerReferences: ['uid'],
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
};

/** Objects that are one piece, by the name of their field or of the list that they are in. */
const atomicFields = new Set([
  ...[
    'selector',
    'podSelector',
    'labelSelector',
    'nodeSelector',
    'ownerReferences',
    'imagePullSecrets',
    'configMapKeyRef',
  ],
]);

/** What is seen of an object right after we applied it, as a real API server lists its fields. */
export function asObserved(applied: KubernetesObject, changes: Partial<ObservedChild> = {}): ObservedChild {
  const controller = applied.metadata.ownerReferences?.find((owner) => owner.controller === true);
  const appliedHash = applied.metadata.annotations?.[APPLIED_HASH_ANNOTATION];
  return {
    apiVersion: applied.apiVersion,
    kind: applied.kind,
    name: applied.metadata.name,
    uid: `uid-of-${applied.kind}`,
    resourceVersion: '1',
    isDeleting: false,
    ...(controller === undefined ? {} : { controller }),
    ...(appliedHash === undefined ? {} : { appliedHash }),
    ownedFields: JSON.stringify(fieldsOf(applied)),
    ...changes,
  };
}

/** Identity is nobody's field. */
function fieldsOf(applied: { readonly metadata: object; readonly [field: string]: unknown }): Fields {
  const metadata = without({ ...applied.metadata }, ['name', 'namespace']);
  return fieldsOfObject({ ...without(applied, ['apiVersion', 'kind']), metadata });
}

function without(object: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function fieldsOfObject(object: Fields): Fields {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [`f:${key}`, fieldsOfValue(key, value)]));
}

function fieldsOfValue(field: string, value: unknown): Fields {
  if (Array.isArray(value)) return fieldsOfList(field, value);
  return isRecord(value) && !atomicFields.has(field) ? fieldsOfObject(value) : {};
}

function fieldsOfList(field: string, list: readonly unknown[]): Fields {
  const elements = list.filter(isRecord);
  const keys = keysOfList(field, list);
  if (keys === undefined) return {};
  return Object.fromEntries(
    elements.map((element) => {
      const named = Object.fromEntries(keys.map((key) => [key, element[key]]));
      return [`k:${JSON.stringify(named)}`, atomicFields.has(field) ? {} : { '.': {}, ...fieldsOfObject(element) }];
    }),
  );
}

/** The fields that tell the elements of a list apart, by the name of its field; undefined when the list is one piece. */
export function keysOfList(field: string, list: readonly unknown[]): readonly string[] | undefined {
  if (field !== 'ports') return listKeys[field];
  const isContainer = list.some((element) => isRecord(element) && 'containerPort' in element);
  return isContainer ? ['containerPort', 'protocol'] : ['port', 'protocol'];
}

/** Whether a field, or an element of the list in it, is one piece to the API server. */
export function isPiece(field: string): boolean {
  return atomicFields.has(field);
}
