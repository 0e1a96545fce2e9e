import type { CompositeKind, ExpandedServer, ObservedServer, Problem } from '../../core/composites/composite-kind.ts';
import { canonicalJson } from '../../core/engine/canonical-json.ts';
import { renderLine } from '../../core/engine/render.ts';
import { toSchemaFinding } from '../../core/engine/schema-finding.ts';
import { API } from '../../core/mcpserver/api.ts';
import { isRecord, ownValue } from '../../core/mcpserver/record.ts';
import { childIdOf, type Action } from '../../core/plan/action.ts';
import type { NextEvent } from '../../core/plan/events.ts';
import { plan } from '../../core/plan/plan.ts';
import type { KubernetesObject } from '../../core/resources/expanded-kind.ts';
import type { Clock } from '../../platform/clock.ts';
import { digest } from '../../platform/digest.ts';
import { applyStatus } from '../../platform/kube/apply.ts';
import type { ApiError, ApiResult, KubeApi } from '../../platform/kube/api.ts';
import type { EventRecorder } from '../../platform/kube/events.ts';
import { listAt, metaOf, recordAt, splitKey, stringAt } from '../../platform/kube/object.ts';
import { readObject } from '../../platform/kube/read-object.ts';
import { ChildCache } from '../child-cache.ts';
import { execute, type Executed } from '../execute.ts';
import { observeChild } from '../observe.ts';
import type { WorkResult } from '../queue.ts';
import type { Repairs } from './repairs.ts';
import { isTold, STATUS, type Setbacks } from '../setbacks.ts';

export interface CompositeWorld {
  readonly of: CompositeKind;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly setbacks: Setbacks;
  readonly repairs: Repairs;
}

/** How soon is looked again at what no watch tells of, in milliseconds: somebody has the name, or the API server refuses. */
const lookAgainMs = 60_000;

interface Composite {
  readonly key: string;
  readonly raw: unknown;
  readonly world: CompositeWorld;
  readonly signal: AbortSignal;
}

/** One round for one object: its MCPServers as they should be, its status as they are. */
export async function reconcileComposite(key: string, world: CompositeWorld, signal: AbortSignal): Promise<WorkResult> {
  const { of, api } = world;
  const { namespace, name } = splitKey(key);
  const read = await readObject(api, { ...of, namespace, name }, signal);
  if (!read.ok) return retryAfter(read.error);
  if (read.body === undefined || metaOf(read.body).isDeleting) return { type: 'done' };
  return bringAbout({ key, raw: withType(read.body, of), world, signal });
}

async function bringAbout(composite: Composite): Promise<WorkResult> {
  const { raw, world } = composite;
  const { violations, servers } = world.of.expand(raw);
  const [first] = violations;
  const before = await readServers(composite, servers);
  if (!before.ok) return retryAfter(before.error);
  if (first !== undefined) {
    const message = violations.map((one) => renderLine(toSchemaFinding(one, 'deny'))).join('; ');
    return tell(composite, before.found, { reason: first.reason, message });
  }
  const { executed, pauseMs } = await apply(composite, servers, before.found);
  const failed = executed.filter(({ result }) => result === 'failed');
  const passing = failed.find(({ error, isNews }) => isNews === true || error?.retry === true);
  const problem = problemOf(composite, failed);
  // The first few times status says nothing: the world was not as we believed, or could not be reached.
  if (passing !== undefined && problem === undefined) return retryOf(passing);
  const after = executed.some(({ result }) => result === 'done') ? await readServers(composite, servers) : before;
  if (!after.ok) return retryAfter(after.error);
  const told = await tell(composite, after.found, problem);
  if (passing !== undefined) return retryOf(passing);
  if (told.type !== 'done') return told;
  const waits = [...(failed.length > 0 ? [lookAgainMs] : []), ...(pauseMs > 0 ? [pauseMs] : [])];
  return waits.length === 0 ? told : { type: 'again', afterMs: Math.min(...waits) };
}

type Servers = { readonly ok: true; readonly found: readonly unknown[] } | Extract<ApiResult, { ok: false }>;

/** As they are, whoever made them. */
async function readServers({ key, world, signal }: Composite, servers: readonly ExpandedServer[]): Promise<Servers> {
  const { namespace } = splitKey(key);
  const found: unknown[] = [];
  for (const { manifest } of servers) {
    const name = stringAt(recordAt(manifest, 'metadata'), 'name') ?? '';
    const read = await readObject(world.api, { ...API, namespace, name }, signal);
    if (!read.ok) return read;
    if (read.body !== undefined) found.push(withType(read.body, API));
  }
  return { ok: true, found };
}

async function apply(
  { key, raw, world, signal }: Composite,
  servers: readonly ExpandedServer[],
  found: readonly unknown[],
): Promise<Applied> {
  const { of, api, repairs } = world;
  const { name, namespace, uid, generation } = metaOf(raw);
  const planned = plan({
    owner: { of, name, uid },
    childKinds: [of.servers],
    desired: servers.map(({ manifest }) => toDesired(manifest, namespace)),
    observed: found.flatMap((server) => observeChild(server) ?? []),
    digest,
  });
  const pauseMs = planned.some(isRepair) ? repairs.pauseMs(key, generation) : 0;
  const actions = pauseMs > 0 ? planned.filter((action) => !isRepair(action)) : planned;
  if (actions.length === 0) return { executed: [], pauseMs };
  const cache = new ChildCache(API.kind, undefined, of);
  for (const server of found) cache.put(server, undefined, key);
  const executed = await execute(key, actions, { api, children: new Map([[API.kind, cache]]), signal });
  const repaired = executed.filter(({ action, result }) => result === 'done' && isRepair(action));
  if (repaired.length > 0) repairs.note(key, generation);
  for (const { action } of repaired) tellRepair({ raw, world }, action);
  return { executed, pauseMs };
}

interface Applied {
  readonly executed: readonly Executed[];
  /** How long what somebody changed is left as it is; 0: it is brought back. */
  readonly pauseMs: number;
}

function isRepair(action: Action): action is Action & { readonly type: 'apply' } {
  return action.type === 'apply' && action.cause === 'drift';
}

/** Whoever scales or edits an MCPServer should meet the reason why it does not last. */
function tellRepair({ raw, world }: Pick<Composite, 'raw' | 'world'>, action: Action): void {
  const { kind, group } = world.of;
  record(
    { raw, world },
    {
      ...{ type: 'Warning', reason: 'BroughtBack', action: 'Reconcile' },
      note: `${childIdOf(action)} says again what this ${kind}.${group} says: change it here, and not there.`,
    },
  );
}

function record({ raw, world }: Pick<Composite, 'raw' | 'world'>, event: NextEvent): void {
  const { apiVersion, kind } = world.of;
  const { name, namespace, uid } = metaOf(raw);
  world.events.record({ regarding: { apiVersion, kind, namespace, name, uid }, ...event });
}

function toDesired(manifest: ExpandedServer['manifest'], namespace: string): KubernetesObject {
  const metadata = recordAt(manifest, 'metadata');
  const labels = recordAt(metadata, 'labels') as Readonly<Record<string, string>> | undefined;
  return {
    ...manifest,
    apiVersion: API.apiVersion,
    kind: API.kind,
    metadata: { name: stringAt(metadata, 'name') ?? '', namespace, ...(labels === undefined ? {} : { labels }) },
  };
}

/** What its owner has to know of the writes that failed; undefined where they may be over in a moment. */
function problemOf({ key, world }: Composite, failed: readonly Executed[]): Problem | undefined {
  const { clock, of, setbacks } = world;
  const nowMs = clock.monotonicMs();
  const told = failed.flatMap((one) => {
    const what = childIdOf(one.action);
    if (one.result !== 'failed') return [];
    if (one.error === undefined) return [{ reason: 'NotOurs', message: one.message }];
    const setback = setbacks.note(what, key, { error: one.error, nowMs });
    return isTold(what, setback)
      ? [{ reason: of.servers.unavailable.reason, message: `${what} cannot be applied: ${setback.words}` }]
      : [];
  });
  setbacks.keepChildren(key, new Set(failed.map(({ action }) => childIdOf(action))));
  const [first] = told;
  if (first === undefined) return undefined;
  return { reason: first.reason, message: told.map(({ message }) => message).join('; ') };
}

/** Writes the status if it says anything new; a problem that was not there before is an event, too. */
async function tell(
  { key, raw, world, signal }: Composite,
  found: readonly unknown[],
  problem?: Problem,
): Promise<WorkResult> {
  const { of, api, clock, setbacks } = world;
  const { name, namespace, uid, generation } = metaOf(raw);
  const previous = recordAt(raw, 'status');
  const servers = found.filter((server) => isOwnedBy(server, uid)).map(toObserved);
  const status = of.nextStatus({ generation, previous, problem, servers, now: clock.now().toISOString() });
  if (previous !== undefined && canonicalJson(previous) === canonicalJson(status)) {
    setbacks.end(STATUS, key);
    return { type: 'done' };
  }
  const written = await applyStatus(api, { ...of, name, namespace, uid, status, signal });
  if (!written.ok) return written.error.status === 404 ? { type: 'done' } : retryAfter(written.error);
  if (problem !== undefined && !isSaidBy(previous, problem)) {
    const { reason, message: note } = problem;
    record({ raw, world }, { type: 'Warning', reason, action: 'Reconcile', note });
  }
  return { type: 'done' };
}

function isOwnedBy(server: unknown, uid: string): boolean {
  return observeChild(server)?.controller?.uid === uid;
}

function toObserved(server: unknown): ObservedServer {
  const { name, generation } = metaOf(server);
  return { name, generation, status: recordAt(server, 'status') };
}

function isSaidBy(status: unknown, { reason }: Problem): boolean {
  return listAt(status, 'conditions').some(
    (condition) => ownValue(condition, 'type') === 'Ready' && ownValue(condition, 'reason') === reason,
  );
}

/** The items of a list come without apiVersion and kind: the list says them once for all. */
function withType(raw: unknown, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): unknown {
  return isRecord(raw) ? { ...raw, apiVersion, kind } : raw;
}

function retryOf({ action, error }: Executed): WorkResult {
  return error === undefined ? { type: 'retry', why: `${childIdOf(action)} has changed` } : retryAfter(error);
}

function retryAfter({ message, retryAfterMs }: ApiError): WorkResult {
  return { type: 'retry', why: message, ...(retryAfterMs === undefined ? {} : { notBeforeMs: retryAfterMs }) };
}
