import { API } from '../../core/mcpserver/api.ts';
import { isOurs, ourFields } from '../../core/plan/foreign/our-entry.ts';
import {
  APPLIED_HASH_ANNOTATION,
  EXPANDED_BY_LABEL,
  EXPANDED_FROM_LABEL,
  FIELD_MANAGER,
} from '../../core/mcpserver/names.ts';
import { isRecord } from '../../core/mcpserver/record.ts';
import { objectPath, type KubeApi } from '../../platform/kube/api.ts';
import { listAt, metaOf, recordAt, splitKey, stringAt } from '../../platform/kube/object.ts';
import { readObject } from '../../platform/kube/read-object.ts';
import { controllerOf } from '../observe.ts';
import type { WorkResult } from '../queue.ts';
import { PODS_FIELD_MANAGER } from './pods-of-waiting.ts';

/** What is ours in the metadata of an MCPServer that an object became. */
const ownLabels: ReadonlySet<string> = new Set([EXPANDED_FROM_LABEL, EXPANDED_BY_LABEL]);
const ownAnnotations: ReadonlySet<string> = new Set([APPLIED_HASH_ANNOTATION]);

/**
 * An empty list says nothing: the API server keeps what it has.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
const nobody: readonly object[] = [{}];

/**
 * An object was deleted and its MCPServer was left (`--cascade=orphan`): from now on it is whoever's who applies it. As long as
 * our entry stood among those of who owns a field, what he takes out of his manifest would stay. Only where it does is anything
 * written, so nobody who has our label in a manifest of his own is fought.
 */
export async function letGo(key: string, { api }: { readonly api: KubeApi }, signal: AbortSignal): Promise<WorkResult> {
  const { namespace, name } = splitKey(key);
  const read = await readObject(api, { ...API, namespace, name }, signal);
  if (!read.ok) return { type: 'retry', why: read.error.message };
  const server = isRecord(read.body) ? { ...read.body, apiVersion: API.apiVersion, kind: API.kind } : undefined;
  const metadata = recordAt(server, 'metadata');
  if (controllerOf(metadata) !== undefined || ourFields(server) === undefined) return { type: 'done' };
  const path = objectPath({ ...API, namespace, name });
  const managedFields = listAt(metadata, 'managedFields').filter((entry) => !isOfOurs(entry));
  const written = await api.request({
    ...{ method: 'PATCH', path, query: { fieldManager: FIELD_MANAGER }, signal },
    contentType: 'application/json-patch+json',
    body: [
      { op: 'replace', path: '/metadata/managedFields', value: managedFields.length === 0 ? nobody : managedFields },
      ...without(metadata, 'labels', ownLabels),
      ...without(metadata, 'annotations', ownAnnotations),
      { op: 'replace', path: '/metadata/resourceVersion', value: metaOf(server).resourceVersion },
    ],
  });
  return written.ok || written.error.status === 404 ? { type: 'done' } : { type: 'retry', why: written.error.message };
}

function isOfOurs(entry: unknown): boolean {
  return isRecord(entry) && (isOurs(entry) || stringAt(entry, 'manager') === PODS_FIELD_MANAGER);
}

function without(metadata: unknown, field: string, own: ReadonlySet<string>): readonly object[] {
  const found = recordAt(metadata, field);
  if (found === undefined) return [];
  const value = Object.fromEntries(Object.entries(found).filter(([name]) => !own.has(name)));
  return [{ op: 'replace', path: `/metadata/${field}`, value }];
}
