import type { Action } from '../../core/plan/action.ts';
import { nodeAt } from '../../core/plan/foreign/field-tree.ts';
import { ourFields } from '../../core/plan/foreign/our-entry.ts';
import { API } from '../../core/mcpserver/api.ts';
import { FIELD_MANAGER } from '../../core/mcpserver/names.ts';
import { isRecord } from '../../core/mcpserver/record.ts';
import { objectPath, type ApiResult, type KubeApi } from '../../platform/kube/api.ts';
import { writeManagedFields } from '../../platform/kube/apply.ts';
import { listAt, metaOf, recordAt } from '../../platform/kube/object.ts';
import { readObject } from '../../platform/kube/read-object.ts';
import { PODS_FIELD_MANAGER, podsPlace, replicasOf } from './pods-of-waiting.ts';

/** Whether an apply would take the number of pods away, which an autoscaler is about to say: meanwhile there would be one. */
export function takesPodsAway(server: unknown, action: Action): boolean {
  return (
    action.type === 'apply' &&
    replicasOf(action.object) === undefined &&
    nodeAt(ourFields(server), podsPlace) !== undefined
  );
}

/**
 * Makes the number of pods, as it is, somebody else's before that.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export async function handOverPods(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { api, signal }: { readonly api: KubeApi; readonly signal: AbortSignal },
): Promise<ApiResult> {
  const read = await readObject(api, { ...API, namespace, name }, signal);
  if (!read.ok || !isRecord(read.body)) return read;
  const { apiVersion } = API;
  const managedFields = [
    ...listAt(recordAt(read.body, 'metadata'), 'managedFields'),
    {
      ...{ manager: PODS_FIELD_MANAGER, operation: 'Update', apiVersion, fieldsType: 'FieldsV1' },
      fieldsV1: { 'f:spec': { 'f:runtime': { 'f:replicas': {} } } },
    },
  ];
  return writeManagedFields(api, {
    path: objectPath({ ...API, namespace, name }),
    fieldManager: FIELD_MANAGER,
    resourceVersion: metaOf(read.body).resourceVersion,
    ...{ managedFields, signal },
  });
}
