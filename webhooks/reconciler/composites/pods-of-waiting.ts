import type { Action } from '../../core/plan/action.ts';
import { childOf } from '../../core/plan/action.ts';
import { ourFields } from '../../core/plan/foreign/our-entry.ts';
import { nodeAt } from '../../core/plan/foreign/field-tree.ts';
import { objectPath, type KubeApi } from '../../platform/kube/api.ts';
import { listAt, metaOf, numberAt, recordAt, stringAt } from '../../platform/kube/object.ts';
import { failedBy, type Executed } from '../execute.ts';

/**
 * Field manager of the number of pods of an MCPServer whose change waits. Under the name of what we apply it would be an
 * apply, which takes away all that it does not say.
 */
export const PODS_FIELD_MANAGER = 'mcp-lifecycle-pods';

/** Where the number of pods is, in the fields of a manager. */
export const podsPlace = ['f:spec', 'f:runtime', 'f:replicas'];

/**
 * The number of pods that an action asks for, where somebody else has made it another one; undefined where nobody has, where a
 * new number is a part of the change, and where an autoscaler has the say until the change comes.
 */
export function podsTaken(server: unknown, action: Action): number | undefined {
  if (action.type !== 'apply' || isAutoscaled(server)) return undefined;
  const wanted = replicasOf(action.object);
  return wanted === undefined || wanted === replicasOf(server) || isOurs(server) ? undefined : wanted;
}

function isAutoscaled(server: unknown): boolean {
  return recordAt(recordAt(recordAt(server, 'spec'), 'extensions'), 'autoscaling') !== undefined;
}

export function replicasOf(server: unknown): number | undefined {
  return numberAt(recordAt(recordAt(server, 'spec'), 'runtime'), 'replicas');
}

function isOurs(server: unknown): boolean {
  const brought = listAt(recordAt(server, 'metadata'), 'managedFields').find(
    (entry) => stringAt(entry, 'manager') === PODS_FIELD_MANAGER,
  );
  return [ourFields(server), recordAt(brought, 'fieldsV1')].some((fields) => nodeAt(fields, podsPlace) !== undefined);
}

export interface PodsRepair {
  /** Which waits; it is carried out in its turn. */
  readonly action: Action & { readonly type: 'apply' };
  /** As it was looked at. */
  readonly head: unknown;
  readonly replicas: number;
}

/** Brings the number of pods back, and nothing else: no other version comes by it. */
export async function bringPodsBack(
  { action, head, replicas }: PodsRepair,
  { api, signal }: { readonly api: KubeApi; readonly signal: AbortSignal },
): Promise<Executed> {
  const { name } = childOf(action);
  const { namespace, uid, resourceVersion } = metaOf(head);
  const { apiVersion, plural } = action.of;
  const written = await api.request({
    ...{ method: 'PATCH', path: objectPath({ apiVersion, plural, namespace, name }) },
    query: { fieldManager: PODS_FIELD_MANAGER },
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion }, spec: { runtime: { replicas } } },
    signal,
  });
  const repair = { ...action, cause: 'drift' as const };
  return written.ok ? { action: repair, result: 'done' } : failedBy(repair, written.error);
}
