import { canonicalJson } from '../core/engine/canonical-json.ts';
import { API } from '../core/mcpserver/api.ts';
import type { MCPServer, MCPServerStatus } from '../core/mcpserver/types.gen.ts';
import { isReferenceStatus, REFERENCE_STATUS_MANAGER } from '../core/plan/foreign/claim.ts';
import { reducedStatus } from '../core/plan/reduced-status.ts';
import type { Report } from '../core/plan/report.ts';
import { saysTheSame } from '../core/plan/status.ts';
import { digest } from '../platform/digest.ts';
import type { ApiError, ApiResult, KubeApi } from '../platform/kube/api.ts';
import { applyObject, applyStatus } from '../platform/kube/apply.ts';
import type { StatusWriteRequest } from '../platform/kube/apply.ts';
import { keyOf } from '../platform/kube/object.ts';
import { isTold, STATUS } from './setbacks.ts';
import type { Setback } from './setbacks.ts';
import { takeAnswer } from './take-answer.ts';
import { regarding } from './world.ts';
import type { World } from './world.ts';

/**
 * `gone`: the server was deleted meanwhile, which is somebody else's event. `reduced`: what stands there now
 * says less than is known, because the API server refuses the rest.
 */
export type StatusWrite =
  | { readonly result: 'unchanged' | 'written' | 'reduced' | 'gone' }
  | { readonly result: 'failed'; readonly error: ApiError };

/** A status that the API server refuses, and of which a part stands there instead. */
export interface ReducedStatus {
  /** Digest of the refused status. */
  readonly refused: string;
  readonly refusedAtMs: number;
  readonly why: string;
}

/** How long a refused status is not sent again if it says the same, in milliseconds. */
const refusalHoldsMs = 300_000;

/**
 * Writes the status if it says anything new, and then tells its events. A write that fails again and again is
 * told as an event, and of a status that the API server refuses a part is written.
 */
export async function writeStatus(
  server: MCPServer,
  report: Pick<Report, 'status' | 'events'> & Partial<Pick<Report, 'toolChanges' | 'rolloutEnded'>>,
  world: World,
  signal: AbortSignal,
): Promise<StatusWrite> {
  const { name, namespace = '' } = server.metadata;
  const key = keyOf({ kind: API.kind, namespace, name });
  const { reduced, setbacks } = world;
  const { status: next, events, toolChanges = [], rolloutEnded } = report;
  const attempt = { key, server, next, events, toolChanges, rolloutEnded, world, signal };
  const known = reduced.get(key);
  if (known !== undefined && stillHolds(known, next, world)) return writePart(attempt, known);
  const result = next === server.status ? { result: 'unchanged' as const } : await write(attempt, next);
  if (result.result === 'failed') return afterFailure(attempt, result.error);
  setbacks.end(STATUS, key);
  reduced.delete(key);
  return result;
}

interface Attempt {
  readonly key: string;
  readonly server: MCPServer;
  readonly next: MCPServerStatus;
  readonly events: Report['events'];
  readonly toolChanges: Report['toolChanges'];
  readonly rolloutEnded: Report['rolloutEnded'];
  readonly world: World;
  readonly signal: AbortSignal;
}

async function write(
  { key, server, events, toolChanges, rolloutEnded, world, signal }: Attempt,
  status: MCPServerStatus,
): Promise<Exclude<StatusWrite, { readonly result: 'reduced' }>> {
  const { name, namespace = '', uid = '', generation = 0 } = server.metadata;
  const isKnown = (answer: unknown): boolean => world.servers.knows(answer);
  const reading = { isKnown, isReadWith: `"${REFERENCE_STATUS_MANAGER}"` };
  const result = await applyOwnStatus({ ...API, name, namespace, uid, status, reading, signal }, world.api);
  if (!result.ok) {
    // A 409 may be that of a server that was replaced, which the next round sees, or of two who wrote at once: nobody tells of that.
    return result.error.status === 404 ? { result: 'gone' } : { result: 'failed', error: result.error };
  }
  takeAnswer({ uid, generation }, result.body, world);
  world.metrics.perServer?.observeEvents(key, events);
  for (const event of events) world.events.record({ regarding: regarding(server.metadata), ...event });
  for (const change of toolChanges) world.metrics.observeToolChange(change.class);
  if (rolloutEnded !== undefined) world.metrics.observeRollout(rolloutEnded);
  return { result: 'written' };
}

/**
 * What the reference operator has written once would stand beside ours for ever: an apply under its name that says nothing
 * gives up all of that. (Who owns a status cannot be written; who owns the object itself can.)
 */
async function applyOwnStatus(write: StatusWriteRequest, api: KubeApi): Promise<ApiResult> {
  const applied = await applyStatus(api, write);
  if (!applied.ok || !isReferenceStatus(applied.body)) return applied;
  const { apiVersion, kind, plural, name, namespace, uid, signal } = write;
  const released = await applyObject(api, {
    object: { apiVersion, kind, metadata: { name, namespace } },
    ...{ plural, fieldManager: REFERENCE_STATUS_MANAGER, expected: { uid }, subresource: 'status', signal },
  });
  // The next write of status tries again.
  return released.ok ? released : applied;
}

async function afterFailure(attempt: Attempt, error: ApiError): Promise<StatusWrite> {
  const { key, next, world } = attempt;
  const nowMs = world.clock.monotonicMs();
  world.metrics.observeFailedWrite(STATUS, error);
  const setback = world.setbacks.note(STATUS, key, { error, nowMs });
  if (!isTold(STATUS, setback)) return { result: 'failed', error };
  if (!isTold(STATUS, { ...setback, failures: setback.failures - 1 })) recordEvent(attempt, setback, error);
  // What failed for another reason than its content fails without that, too.
  if (error.retry) return { result: 'failed', error };
  const refused = { refused: contentOf(next), refusedAtMs: nowMs, why: setback.words };
  const written = await writePart(attempt, refused);
  if (written.result === 'reduced') world.reduced.set(key, refused);
  return written;
}

/** Whether the API server would only refuse the same again. */
function stillHolds({ refused, refusedAtMs }: ReducedStatus, next: MCPServerStatus, { clock }: World): boolean {
  return clock.monotonicMs() - refusedAtMs < refusalHoldsMs && contentOf(next) === refused;
}

async function writePart(attempt: Attempt, { why }: ReducedStatus): Promise<StatusWrite> {
  const { server, next } = attempt;
  const part = reducedStatus(next, why);
  if (server.status !== undefined && saysTheSame(server.status, part)) return { result: 'reduced' };
  const written = await write(attempt, part);
  return written.result === 'written' ? { result: 'reduced' } : written;
}

function recordEvent({ server, world }: Attempt, { words }: Setback, { retry }: ApiError): void {
  const meanwhile = retry ? '' : ', and meanwhile only a part of it is written';
  world.events.record({
    regarding: regarding(server.metadata),
    type: 'Warning',
    reason: 'StatusNotWritten',
    action: 'StatusUpdate',
    note: `The status of this server cannot be written: ${words}. It may be out of date; it is tried again${meanwhile}.`,
  });
}

function contentOf(status: MCPServerStatus): string {
  return digest(canonicalJson(status));
}
