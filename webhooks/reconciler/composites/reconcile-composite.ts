import type { CompositeKind, ExpandedServer, ObservedServer, Problem } from '../../core/composites/composite-kind.ts';
import { canonicalJson } from '../../core/engine/canonical-json.ts';
import { renderLine } from '../../core/engine/render.ts';
import { severalLines } from '../../core/engine/text.ts';
import { toSchemaFinding } from '../../core/engine/schema-finding.ts';
import { keptStatus } from '../../core/composites/pool-status.ts';
import { isSettled } from '../../core/composites/why-unsettled.ts';
import { API } from '../../core/mcpserver/api.ts';
import { isLabelValue } from '../../core/mcpserver/kubernetes-names.ts';
import { APPLIED_HASH_ANNOTATION, EXPANDED_BY_LABEL } from '../../core/mcpserver/names.ts';
import { isRecord, ownValue } from '../../core/mcpserver/record.ts';
import { childIdOf, childOf, type Action } from '../../core/plan/action.ts';
import type { NextEvent } from '../../core/plan/events.ts';
import type { ObservedChild } from '../../core/plan/observed.ts';
import { plan } from '../../core/plan/plan.ts';
import type { KubernetesObject } from '../../core/resources/expanded-kind.ts';
import type { Clock } from '../../platform/clock.ts';
import { digest } from '../../platform/digest.ts';
import { applyStatus } from '../../platform/kube/apply.ts';
import {
  LONGEST_OBJECT_BYTES,
  objectPath,
  type ApiError,
  type ApiResult,
  type KubeApi,
} from '../../platform/kube/api.ts';
import type { EventRecorder } from '../../platform/kube/events.ts';
import { listAt, metaOf, recordAt, splitKey, stringAt } from '../../platform/kube/object.ts';
import { readObject } from '../../platform/kube/read-object.ts';
import { ChildCache } from '../child-cache.ts';
import { execute, failedBy, type Executed } from '../execute.ts';
import { observeChild } from '../observe.ts';
import type { WorkResult } from '../queue.ts';
import { handOverPods, takesPodsAway } from './hand-over-pods.ts';
import { bringPodsBack, podsTaken, type PodsRepair } from './pods-of-waiting.ts';
import type { Repairs } from './repairs.ts';
import { isTold, STATUS, type Setbacks } from '../setbacks.ts';

export interface CompositeWorld {
  readonly of: CompositeKind;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly setbacks: Setbacks;
  readonly repairs: Repairs;
  /** Told what the condition Ready of an object is, at the end of each round. */
  readonly onReady?: (key: string, ready: string) => void;
}

/** How soon is looked again at what no watch tells of, in milliseconds: somebody has the name, or the API server refuses. */
const lookAgainMs = 60_000;

/** Characters of the message of a condition: what does not fit says nothing that what is before it does not. */
const maxMessage = 4_096;

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
  const before = await lookAt(composite, servers);
  if (!before.ok) return retryAfter(before.error);
  if (first !== undefined) {
    const message = violations.map((one) => renderLine(toSchemaFinding(one, 'deny'))).join('; ');
    return tell(composite, { servers, found: before.found, waiting: [] }, { reason: first.reason, message });
  }
  const { executed, pauseMs, waiting } = await apply(composite, servers, before.found);
  const failed = executed.filter(({ result }) => result === 'failed');
  const passing = failed.find(({ error, isNews }) => isNews === true || error?.retry === true);
  const problem = problemOf(composite, failed, before.found);
  // The first few times status says nothing: the world was not as we believed, or could not be reached.
  if (passing !== undefined && problem === undefined) return retryOf(passing);
  const after = await lookAgain(composite, servers, { found: before.found, executed });
  if (!after.ok) return retryAfter(after.error);
  const told = await tell(composite, { servers, found: after.found, waiting }, problem);
  if (passing !== undefined) return retryOf(passing);
  if (told.type !== 'done') return told;
  const waits = [...(failed.length > 0 ? [lookAgainMs] : []), ...(pauseMs > 0 ? [pauseMs] : [])];
  return waits.length === 0 ? told : { type: 'again', afterMs: Math.min(...waits) };
}

/**
 * What is kept for a round of an MCPServer that stands: there may be a hundred, each as large as an object can be, so each is
 * read, planned and let go before the next.
 */
interface Standing {
  readonly observed: ObservedServer;
  /** Whose it is, and which version was looked at: what carrying out the action has to know. */
  readonly head: unknown;
  readonly action: Action | undefined;
  /** Whether the action brings what was not applied before: it has its turn. */
  readonly isChange: boolean;
  /** How many pods it has to have where somebody else has made it another number, which waits for no turn. */
  readonly pods?: number | undefined;
  /** The action leaves the number of pods to others, and it was the object's. */
  readonly handsPodsOver: boolean;
}

type Found = { readonly ok: true; readonly found: readonly Standing[] } | Extract<ApiResult, { ok: false }>;

/** The MCPServers as they are, whoever made them, with what has to be done about each. */
async function lookAt(composite: Composite, servers: readonly ExpandedServer[]): Promise<Found> {
  const found: Standing[] = [];
  const names = new Set(servers.map(nameOf));
  for (const name of names) {
    const read = await lookAtOne(composite, servers, name);
    if (!read.ok) return read;
    found.push(...read.found);
  }
  if (composite.world.of.servers.wanted === 'always') return { ok: true, found };
  const others = await lookAtOthers(composite, names);
  return others.ok ? { ok: true, found: [...found, ...others.found] } : others;
}

async function lookAtOne(composite: Composite, servers: readonly ExpandedServer[], name: string): Promise<Found> {
  const { key, world, signal } = composite;
  const { namespace } = splitKey(key);
  const read = await readObject(world.api, { ...API, namespace, name }, signal);
  if (!read.ok) return read;
  if (read.body === undefined) return { ok: true, found: [] };
  const wanted = servers.filter((server) => nameOf(server) === name).slice(0, 1);
  return { ok: true, found: toStanding(composite, withType(read.body, API), wanted) };
}

/** Those whose writes succeeded, as they are after it. */
async function lookAgain(
  composite: Composite,
  servers: readonly ExpandedServer[],
  { found, executed }: { readonly found: readonly Standing[]; readonly executed: readonly Executed[] },
): Promise<Found> {
  const written = new Set(executed.filter(({ result }) => result === 'done').map(({ action }) => childOf(action).name));
  const after = found.filter(({ observed }) => !written.has(observed.name));
  for (const name of new Set(servers.map(nameOf))) {
    if (!written.has(name)) continue;
    const read = await lookAtOne(composite, servers, name);
    if (!read.ok) return read;
    after.push(...read.found);
  }
  return { ok: true, found: after };
}

/** In one answer: each may have annotations of 256 KiB. */
const othersInPage = '10';

/** Those that the object had before, of which no more is read than whose they are. */
async function lookAtOthers(composite: Composite, names: ReadonlySet<string>): Promise<Found> {
  const { key, world, signal } = composite;
  const { namespace, name } = splitKey(key);
  const found: Standing[] = [];
  // No label has such a value, and so no MCPServer.
  if (!isLabelValue(name)) return { ok: true, found };
  let next: string | undefined;
  do {
    const read = await world.api.request({
      method: 'GET',
      path: objectPath({ ...API, namespace }),
      query: {
        labelSelector: `${EXPANDED_BY_LABEL}=${name}`,
        limit: othersInPage,
        ...(next === undefined ? {} : { continue: next }),
      },
      accept: metadataOnly,
      ...{ maxBytes: LONGEST_OBJECT_BYTES, signal },
    });
    if (!read.ok) return read;
    for (const server of listAt(read.body, 'items')) {
      if (!names.has(metaOf(server).name)) found.push(...toStanding(composite, withType(server, API), []));
    }
    next = stringAt(recordAt(read.body, 'metadata'), 'continue');
  } while (next !== undefined && next !== '');
  return { ok: true, found };
}

const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

function toStanding({ raw, world }: Composite, server: unknown, wanted: readonly ExpandedServer[]): Standing[] {
  const { of } = world;
  const child = observeChild(server);
  if (child === undefined) return [];
  const { namespace } = metaOf(server);
  const [action] = planOf({ raw, world }, wanted, [adopt(child, wanted, raw, of)]);
  const { apiVersion, kind, name, uid, resourceVersion, controller } = child;
  const ownerReferences = controller === undefined ? [] : [controller];
  const observed = toObserved(server);
  return [
    {
      observed: of.isOrdered === true ? { ...observed, status: keptStatus(observed.status) } : observed,
      head: { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, ownerReferences } },
      action,
      isChange: action !== undefined && isChange(action, child),
      pods: action !== undefined && controller?.uid === metaOf(raw).uid ? podsTaken(server, action) : undefined,
      handsPodsOver: action !== undefined && takesPodsAway(server, action),
    },
  ];
}

function planOf(
  { raw, world }: Pick<Composite, 'raw' | 'world'>,
  wanted: readonly ExpandedServer[],
  observed: readonly ObservedChild[],
): readonly Action[] {
  const { of } = world;
  const { name, namespace, uid } = metaOf(raw);
  const desired = wanted.map(({ manifest }) => toDesired(manifest, namespace));
  return plan({ owner: { of, name, uid }, childKinds: [of.servers], desired, observed, digest }).map(withoutDrift);
}

/** Nobody asks how it differs, which may take more to say than the object itself. */
function withoutDrift(action: Action): Action {
  if (action.type !== 'apply') return action;
  const { drift, ...rest } = action;
  return drift === undefined ? action : rest;
}

async function apply(
  { key, raw, world, signal }: Composite,
  servers: readonly ExpandedServer[],
  found: readonly Standing[],
): Promise<Applied> {
  const { of, api, repairs } = world;
  const { generation } = metaOf(raw);
  const standing = new Set(found.map(({ observed }) => observed.name));
  const missing = servers.filter((server) => !standing.has(nameOf(server)));
  const planned = [...planOf({ raw, world }, missing, []), ...found.flatMap(({ action }) => action ?? [])];
  const waiting = of.isOrdered === true ? waitingIn(servers, found) : [];
  const podRepairs = podRepairsOf(found.filter(({ observed }) => waiting.includes(observed.name)));
  const pauseMs = podRepairs.length > 0 || planned.some(isRepair) ? repairs.pauseMs(key, generation) : 0;
  const actions = planned.filter(
    (action) =>
      !(pauseMs > 0 && isRepair(action)) && !(action.type === 'apply' && waiting.includes(childOf(action).name)),
  );
  const executed: Executed[] = [];
  // One after the other: the answer to each is as large as the object.
  for (const action of actions) executed.push(...(await carryOut({ key, raw, world, signal }, action, found)));
  for (const repair of pauseMs > 0 ? [] : podRepairs) executed.push(await bringPodsBack(repair, { api, signal }));
  const repaired = executed.filter(({ action, result }) => result === 'done' && isRepair(action));
  if (repaired.length > 0) repairs.note(key, generation);
  for (const { action } of repaired) tellRepair({ raw, world }, action);
  return { executed, pauseMs, waiting };
}

async function carryOut(
  { key, world, signal }: Composite,
  action: Action,
  found: readonly Standing[],
): Promise<readonly Executed[]> {
  const { of, api } = world;
  const cache = new ChildCache(API.kind, undefined, of);
  const known = found.find(({ observed }) => observed.name === childOf(action).name);
  if (known !== undefined) cache.put(known.head, undefined, key);
  if (known?.handsPodsOver === true) {
    const handed = await handOverPods(metaOf(known.head), { api, signal });
    if (!handed.ok) return [failedBy(action, handed.error)];
  }
  return execute(key, [action], { api, children: new Map([[API.kind, cache]]), signal });
}

/** What does not wait of those that wait: a limit of all pods would not hold meanwhile. */
function podRepairsOf(waiting: readonly Standing[]): readonly PodsRepair[] {
  return waiting.flatMap(({ action, head, pods }) =>
    action?.type === 'apply' && pods !== undefined ? [{ action, head, replicas: pods }] : [],
  );
}

/** One that nobody owns, and that the object asks for, is treated as its own: the apply makes it so. */
function adopt(
  child: ObservedChild,
  servers: readonly ExpandedServer[],
  raw: unknown,
  { apiVersion, kind }: CompositeKind,
): ObservedChild {
  const isAskedFor = servers.some((server) => server.isAdopted === true && nameOf(server) === child.name);
  if (!isAskedFor || child.controller !== undefined) return child;
  const { name, uid } = metaOf(raw);
  return { ...child, controller: { apiVersion, kind, name, uid, controller: true } };
}

/**
 * What a new spec of the object does to an MCPServer that stands. What is missing or was changed by others waits for nobody,
 * unless it would be brought to what it never had: somebody may have taken away the digest of what it has. Nor does what a
 * former object of that name owned, because the garbage collector deletes it unless it is adopted at once.
 */
function isChange(action: Action, { appliedHash }: ObservedChild): boolean {
  if (action.type !== 'apply') return false;
  const isNew = appliedHash !== action.object.metadata.annotations?.[APPLIED_HASH_ANNOTATION];
  return action.cause === 'changed' || (action.cause === 'drift' && isNew);
}

/**
 * The servers whose change waits: all that come after one that is not ready as it is now, and after the first that
 * changes in this round.
 */
function waitingIn(servers: readonly ExpandedServer[], found: readonly Standing[]): readonly string[] {
  const byName = new Map(found.map((standing) => [standing.observed.name, standing]));
  const waiting: string[] = [];
  let isHeld = false;
  for (const name of servers.map(nameOf)) {
    const standing = byName.get(name);
    if (standing?.isChange === true && isHeld) waiting.push(name);
    isHeld ||= standing === undefined || standing.isChange || !isSettled(standing.observed);
  }
  return waiting;
}

interface Applied {
  /** Names of those whose change waits for one before them. */
  readonly waiting: readonly string[];
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
function problemOf(
  { key, world }: Composite,
  failed: readonly Executed[],
  found: readonly Standing[],
): Problem | undefined {
  const { clock, of, setbacks } = world;
  const nowMs = clock.monotonicMs();
  const told = failed.flatMap((one) => {
    const what = childIdOf(one.action);
    if (one.result !== 'failed') return [];
    if (one.error === undefined) return [{ reason: 'NotOurs', message: sayForeign(of, one, found) }];
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

function sayForeign(
  of: CompositeKind,
  { action, message }: Executed & { readonly message: string },
  found: readonly Standing[],
): string {
  const { name } = childOf(action);
  const head = found.find(({ observed }) => observed.name === name)?.head;
  const isUnowned = head !== undefined && listAt(recordAt(head, 'metadata'), 'ownerReferences').length === 0;
  return (isUnowned ? of.saysUnowned?.(name) : undefined) ?? message;
}

/** Writes the status if it says anything new; a problem that was not there before is an event, too. */
async function tell(
  { key, raw, world, signal }: Composite,
  { servers: expanded, found, waiting }: Report,
  whole?: Problem,
): Promise<WorkResult> {
  const problem = whole === undefined ? undefined : { ...whole, message: severalLines(whole.message, maxMessage) };
  const { of, api, clock, setbacks } = world;
  const { name, namespace, uid, generation } = metaOf(raw);
  const previous = recordAt(raw, 'status');
  const servers = found.filter(({ head }) => isOwnedBy(head, uid)).map(({ observed }) => observed);
  const wanted = expanded.map(nameOf);
  const now = clock.now().toISOString();
  const status = of.nextStatus({ generation, previous, problem, servers, wanted, waiting, now });
  world.onReady?.(key, readyIn(status));
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

interface Report {
  readonly servers: readonly ExpandedServer[];
  readonly found: readonly Standing[];
  readonly waiting: readonly string[];
}

function nameOf({ manifest }: ExpandedServer): string {
  return stringAt(recordAt(manifest, 'metadata'), 'name') ?? '';
}

function isOwnedBy(server: unknown, uid: string): boolean {
  return observeChild(server)?.controller?.uid === uid;
}

function toObserved(server: unknown): ObservedServer {
  const { name, generation } = metaOf(server);
  return { name, generation, status: recordAt(server, 'status') };
}

function readyIn(status: unknown): string {
  const ready = listAt(status, 'conditions').find((condition) => ownValue(condition, 'type') === 'Ready');
  return stringAt(ready, 'status') ?? 'Unknown';
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
