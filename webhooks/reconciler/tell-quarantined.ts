import { API } from '../core/mcpserver/api.ts';
import type { MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { quarantinedStatus, quarantineMessage, RECONCILE_ERROR } from '../core/plan/quarantine.ts';
import { applyStatus, mergeStatus } from '../platform/kube/apply.ts';
import type { StatusWriteRequest } from '../platform/kube/apply.ts';
import type { ApiResult, KubeApi } from '../platform/kube/api.ts';
import { metaOf, numberAt, recordAt } from '../platform/kube/object.ts';
import { readServer } from './read-server.ts';
import { takeAnswer } from './take-answer.ts';
import { regarding } from './world.ts';
import type { World } from './world.ts';

/** An error whose message may be shown to the server's owner: it holds nothing of the object's values. */
export class TellableError extends Error {}

/** Why to tell again: nothing is told, or only the event. */
export type Untold = 'unread' | 'unwritten';

/**
 * Tells the owner of a server that our code fails on: an event, and conditions if the API server takes them (the object
 * may be one that no schema allows). The log has the error itself.
 */
export async function tellQuarantined(
  key: string,
  error: unknown,
  { world, signal, hasEvent }: { readonly world: World; readonly signal: AbortSignal; readonly hasEvent: boolean },
): Promise<'told' | Untold> {
  const read = await readServer(key, world, signal);
  if (!read.ok) return 'unread';
  const raw = read.body;
  if (raw === undefined) return 'told';
  const judged = metaOf(raw);
  const { name, namespace, uid } = judged;
  const why = error instanceof TellableError ? error.message : 'an unexpected error, see the log of mcp-lifecycle';
  if (!hasEvent) {
    world.events.record({
      regarding: regarding({ name, namespace, uid }),
      type: 'Warning',
      reason: RECONCILE_ERROR,
      action: 'Reconcile',
      note: quarantineMessage(why),
    });
  }
  const previous = statusOf(raw);
  const generation = numberAt(recordAt(raw, 'metadata'), 'generation');
  const status = quarantinedStatus({ previous, generation, error: why, now: world.clock.now().toISOString() });
  if (status === previous) return 'told';
  const result = await writeAnyhow(world.api, { ...API, name, namespace, uid, status, signal });
  if (result.ok) {
    takeAnswer(judged, result.body, world);
    return 'told';
  }
  world.log.warn('the status of a server in quarantine cannot be written', { key, error: result.error.message });
  return result.error.retry ? 'unwritten' : 'told';
}

/** Whether the object can be applied depends on what is wrong with it, and only the API server knows. */
async function writeAnyhow(api: KubeApi, write: StatusWriteRequest): Promise<ApiResult> {
  const applied = await applyStatus(api, write);
  const isTried = applied.ok || applied.error.status === 404 || applied.error.status === 409;
  return isTried ? applied : mergeStatus(api, write);
}

/** Written by us or by the reference operator, under the schema of the CRD. */
function statusOf(raw: unknown): MCPServerStatus | undefined {
  return recordAt(raw, 'status');
}
