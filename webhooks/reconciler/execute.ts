import { FIELD_MANAGER } from '../core/mcpserver/names.ts';
import { childOf } from '../core/plan/action.ts';
import type { ChildKind } from '../core/resources/expanded-kind.ts';
import type { Action, Outcome } from '../core/plan/action.ts';
import { nextManagedFields } from '../core/plan/foreign/claim.ts';
import { causeOf } from '../platform/kube/api-error.ts';
import { applyObject, writeManagedFields } from '../platform/kube/apply.ts';
import type { Expected } from '../platform/kube/apply.ts';
import type { ApiError, ApiResult } from '../platform/kube/api.ts';
import { keyOf, metaOf, splitKey } from '../platform/kube/object.ts';
import { apiFor, childPath, refreshChild } from './refresh-child.ts';
import type { ChildRef, ChildWorld } from './refresh-child.ts';

/** Looks at an object that changes while it is claimed, before the queue's backoff takes over. */
const maxLooks = 4;

/** An outcome with what the reconcile loop needs besides, and users do not. */
export type Executed = Outcome & {
  readonly error?: ApiError;
  /** The foreign object in the way has changed since it was decided, or what was in the way is gone: decide again. */
  readonly isNews?: boolean;
};

/**
 * Carries out all actions of one owner, each whatever became of the others, but for this: where the workload is not there
 * yet it goes first, and where somebody has its name nothing is created beside it. A server that is named as something
 * that runs already leaves no trace. Answers go straight into the caches, so that the next decision sees what we did.
 */
export async function execute(
  key: string,
  actions: readonly Action[],
  world: ChildWorld,
): Promise<readonly Executed[]> {
  const carryOut = (some: readonly Action[]): Promise<readonly Executed[]> =>
    Promise.all(some.map((action) => executeOne(key, action, world)));
  const workload = actions.filter(isNewWorkload);
  if (workload.length === 0) return carryOut(actions);
  const first = await carryOut(workload);
  const others = actions.filter((action) => !workload.includes(action));
  const rest = await carryOut(first.some(isTaken) ? others.filter((action) => !isCreation(action)) : others);
  return [...first, ...rest];
}

/** Of the kind that the others stand around: they serve its pods, or keep them apart. */
function isNewWorkload(action: Action): boolean {
  return action.of.hasPods === true && (action.type === 'conflict' || isCreation(action));
}

function isCreation(action: Action): boolean {
  return action.type === 'apply' && action.uid === undefined;
}

function isTaken(executed: Executed): boolean {
  return executed.result === 'failed' && (executed.action.type === 'conflict' || executed.error?.status === 409);
}

async function executeOne(key: string, action: Action, { onExecuted, ...world }: ChildWorld): Promise<Executed> {
  if (onExecuted === undefined) return executeAction(key, action, world);
  const startedAtMs = performance.now();
  const executed = await executeAction(key, action, world);
  onExecuted(action.of.kind, (performance.now() - startedAtMs) / 1_000);
  return executed;
}

function executeAction(key: string, action: Action, { api, ...known }: ChildWorld): Promise<Executed> {
  const world = { ...known, api: apiFor(action.of, api) };
  switch (action.type) {
    case 'apply':
      return applyChild(key, action, world);
    case 'delete':
      return deleteChild(key, action, world);
    case 'conflict':
      return checkForeign(key, action, world);
  }
}

async function applyChild(key: string, action: Of<'apply'>, world: ChildWorld): Promise<Executed> {
  const { of, uid } = action;
  const result = uid === undefined ? await create(key, action, world) : await update(key, action, uid, world);
  if (!result.ok && isApiGone(of, result.error)) return failedBy(action, { ...result.error, retry: true });
  if (!result.ok)
    return uid === undefined ? failedBy(action, result.error) : failAfterLooking(key, action, result.error, world);
  world.children.get(of.kind)?.put(result.body);
  return { action, result: 'done' };
}

/**
 * Creates a child that no cache knows. An object of that name may exist all the same, seen by no watch because it lacks
 * our label: then nothing is written, and the next decision finds it in the cache and judges whose it is.
 */
async function create(key: string, action: Of<'apply'>, world: ChildWorld): Promise<ApiResult> {
  const created = await apply(action, 'nothing', world);
  if (created.ok || created.error.status !== 409) return created;
  const child = refOf(key, action);
  const looked = await refreshChild(child, world);
  if (looked.ok) return { ok: false, error: existsAlready(child) };
  // Gone again; or an API server refuses to compare a version with nothing, which none is known to do.
  return looked.error.status === 404 ? apply(action, 'nothing-seen', world) : looked;
}

async function update(key: string, action: Of<'apply'>, uid: string, world: ChildWorld): Promise<ApiResult> {
  if (action.claims !== undefined) {
    const claimed = await claim(key, action, uid, world);
    if (!claimed.ok) return claimed;
  }
  return apply(action, { uid }, world);
}

/**
 * Makes fields of others ours, of the object as it is at this moment: an apply removes what it does not say only from
 * what is ours. No value changes by it.
 */
async function claim(key: string, action: Of<'apply'>, uid: string, world: ChildWorld): Promise<ApiResult> {
  let result = await claimOnce(key, action, uid, world);
  // Controllers write the status of a Deployment that rolls out several times a second.
  for (let looks = 1; !result.ok && result.error.status === 409 && looks < maxLooks; looks += 1)
    result = await claimOnce(key, action, uid, world);
  return result;
}

async function claimOnce(key: string, action: Of<'apply'>, uid: string, world: ChildWorld): Promise<ApiResult> {
  const { api, signal } = world;
  const child = refOf(key, action);
  const path = childPath(child);
  const read = await api.request({ method: 'GET', path, signal });
  if (!read.ok) return read.error.status === 404 ? { ok: false, error: replaced(child) } : read;
  const { resourceVersion, uid: found } = metaOf(read.body);
  if (found !== uid) return { ok: false, error: replaced(child) };
  const managedFields = nextManagedFields(read.body);
  if (managedFields === undefined) return read;
  return writeManagedFields(api, { path, fieldManager: FIELD_MANAGER, resourceVersion, managedFields, signal });
}

function refOf(owner: string, action: Action): ChildRef {
  return { owner, of: action.of, name: childOf(action).name };
}

function replaced({ of, name }: ChildRef): ApiError {
  const message = `${of.kind} ${name} was replaced meanwhile`;
  return { status: 409, reason: 'Conflict', message, retry: true };
}

function existsAlready({ of, name }: ChildRef): ApiError {
  return { status: 409, reason: 'AlreadyExists', message: `${of.kind} ${name} exists already`, retry: true };
}

/** The watch may have told of the object before the answer came: then it need not be read again. */
function apply(
  { object, of }: Of<'apply'>,
  expected: Expected,
  { api, children, signal }: ChildWorld,
): Promise<ApiResult> {
  const isKnown = (answer: unknown): boolean => children.get(of.kind)?.knows(answer) === true;
  const how = { plural: of.plural, fieldManager: FIELD_MANAGER, expected, reading: { isKnown }, signal };
  return applyObject(api, { object, ...how });
}

async function deleteChild(key: string, action: Of<'delete'>, world: ChildWorld): Promise<Executed> {
  const { api, children, signal } = world;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: action.uid } };
  const result = await api.request({ method: 'DELETE', path: childPath(refOf(key, action)), body, signal });
  if (!result.ok && result.error.status !== 404) return failAfterLooking(key, action, result.error, world);
  const { namespace } = splitKey(key);
  children.get(action.of.kind)?.removeKey(keyOf({ kind: action.of.kind, namespace, name: action.name }));
  return { action, result: 'done', ...(action.isForAnother === true ? { isNews: true } : {}) };
}

/** A foreign object may lack our label, and then no watch tells of its end. */
async function checkForeign(key: string, action: Of<'conflict'>, world: ChildWorld): Promise<Executed> {
  const versionOf = (): string | undefined =>
    world.children.get(action.of.kind)?.named(key, action.name)?.child.resourceVersion;
  const before = versionOf();
  await refreshChild(refOf(key, action), world);
  const isNews = versionOf() !== before;
  return { action, result: 'failed', message: action.message, cause: 'NotOurs', retry: false, isNews };
}

/** Nothing of the kind can be found, or made while its definition is on its way out: the next look at the API tells more. */
function isApiGone({ requirement }: ChildKind, { status }: ApiError): boolean {
  return requirement !== 'required' && (status === 404 || status === 405);
}

/** Whether a write was answered as if there were no such kind. */
export function isAboutNoApi({ action, error }: Executed): boolean {
  return error !== undefined && action.type === 'apply' && isApiGone(action.of, error);
}

type Of<Type extends Action['type']> = Action & { readonly type: Type };

/** A 409 says that the object is not what we believed (there although unknown to us, or replaced): look at it. */
async function failAfterLooking(key: string, action: Action, error: ApiError, world: ChildWorld): Promise<Executed> {
  if (error.status === 409) await refreshChild(refOf(key, action), world);
  return failedBy(action, error);
}

export function failedBy(action: Action, error: ApiError): Executed {
  return { action, result: 'failed', message: error.message, cause: causeOf(error), retry: error.retry, error };
}
