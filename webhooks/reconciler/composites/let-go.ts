import { API } from '../../core/mcpserver/api.ts';
import { isOurs, ourFields } from '../../core/plan/foreign/our-entry.ts';
import {
  APPLIED_HASH_ANNOTATION,
  EXPANDED_BY_LABEL,
  EXPANDED_FROM_LABEL,
  FIELD_MANAGER,
} from '../../core/mcpserver/names.ts';
import { isRecord } from '../../core/mcpserver/record.ts';
import { objectPath } from '../../platform/kube/api.ts';
import { listAt, metaOf, recordAt, splitKey, stringAt } from '../../platform/kube/object.ts';
import { readObject } from '../../platform/kube/read-object.ts';
import { controllerOf } from '../observe.ts';
import type { WorkResult } from '../queue.ts';
import { regarding } from '../world.ts';
import { PODS_FIELD_MANAGER } from './pods-of-waiting.ts';
import type { CompositeWorld } from './reconcile-composite.ts';

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
 * written, so nobody who has our label in a manifest of his own is fought. What is refused is told, and tried again with the
 * next news of it.
 */
export async function letGo(
  key: string,
  { api, events }: Pick<CompositeWorld, 'api' | 'events'>,
  signal: AbortSignal,
): Promise<WorkResult> {
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
  if (written.ok || written.error.status === 404) return { type: 'done' };
  const { message, retry } = written.error;
  if (retry) return { type: 'retry', why: message };
  events.record({
    regarding: regarding(metaOf(server)),
    type: 'Warning',
    reason: 'FieldsNotReleased',
    action: 'Release',
    note: `What this server was made of is deleted, and what mcp-lifecycle has written of it cannot be given up: ${message}. Until that succeeds, what somebody takes out of a manifest of it stays; it is tried again when it changes.`,
  });
  return { type: 'done' };
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
