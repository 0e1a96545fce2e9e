import { childIdOf } from '../core/plan/action.ts';
import type { Action } from '../core/plan/action.ts';
import type { PutOff } from '../core/plan/foreign/standing.ts';
import type { ApiError } from '../platform/kube/api.ts';
import type { Executed } from './execute.ts';
import type { WorkResult } from './queue.ts';
import { isTold } from './setbacks.ts';
import type { Setback } from './setbacks.ts';
import type { World } from './world.ts';

/** What one round did, and what it left for later. */
export interface Round {
  readonly executed: readonly Executed[];
  readonly putOff: readonly PutOff[];
}

/** A round of writes of which some may have failed although trying again can help. */
export type NotedRound =
  /** The first few times status says nothing: the world was not as we believed, or could not be reached. */
  | { readonly told: undefined; readonly comeBack: WorkResult }
  /** What status is made from, and when to try again; `comeBack` absent: nothing failed so. */
  | { readonly told: readonly Executed[]; readonly comeBack?: WorkResult };

/**
 * Counts the writes of children that fail again and again (somebody's webhook is down, a quota cannot be read), and lets
 * status say so once it lasts: the owner of the server does not read our log. It goes on being tried. What is put off
 * says nothing new: a write that failed last has failed until it succeeds.
 */
export function noteRound(key: string, round: Round, world: World): NotedRound {
  const { executed, putOff } = round;
  for (const { action, error, result } of executed) {
    if (result === 'failed') world.metrics.perServer?.observeFailure(key, action.of.kind);
    if (error !== undefined) world.metrics.observeFailedWrite(action.of.kind, error);
  }
  const noted = noteSetbacks(key, round, world);
  const told = [
    ...executed.map((one) => inKeptWords(one, noted)),
    ...putOff.flatMap(({ action }) => stillFailed(action, noted, executed)),
  ];
  const transient = executed.filter(({ error }) => error?.retry === true);
  const [first] = transient.filter((one) => !isLeftForLater(one, noted)).flatMap(({ error }) => error ?? []);
  if (first === undefined) return { told };
  const comeBack = retryAfter(first);
  const isHeldUp = transient.some(({ action }) => action.of.requirement === 'required');
  const isToldOfRequired = [...executed, ...putOff].some(
    ({ action }) => action.of.requirement === 'required' && isToldOf(action, noted),
  );
  return !isHeldUp || isToldOfRequired
    ? { told: told.filter((one) => !isPassing(one, noted)), comeBack }
    : { told: undefined, comeBack };
}

/** By the id of the child. */
type Noted = ReadonlyMap<string, Setback>;

/** Those of this round, and those that nobody tried to end in it. The others are over. */
function noteSetbacks(key: string, { executed, putOff }: Round, { clock, setbacks }: World): Noted {
  const nowMs = clock.monotonicMs();
  const noted = new Map<string, Setback>();
  const tried = new Set<string>();
  for (const { action, error } of executed) {
    const child = childIdOf(action);
    tried.add(child);
    if (error !== undefined) noted.set(child, setbacks.note(child, key, { error, nowMs }));
  }
  for (const child of putOff.map(({ action }) => childIdOf(action))) {
    const setback = setbacks.of(child, key);
    if (setback !== undefined && !tried.has(child)) noted.set(child, setback);
  }
  setbacks.keepChildren(key, noted);
  return noted;
}

/** Of an optional kind, which holds nothing up: what may be over in a moment is not told, and all else is. */
function isPassing({ action, error }: Executed, noted: Noted): boolean {
  return action.of.requirement !== 'required' && error?.retry === true && !isToldOf(action, noted);
}

/** Of an optional kind, and known to last: it is looked at as seldom as a refusal, for each try may take its time-out. */
function isLeftForLater({ action }: Executed, noted: Noted): boolean {
  return action.of.requirement !== 'required' && isToldOf(action, noted);
}

function isToldOf(action: Action, noted: Noted): boolean {
  const child = childIdOf(action);
  const setback = noted.get(child);
  return setback !== undefined && isTold(child, setback);
}

function inKeptWords(one: Executed, noted: Noted): Executed {
  const setback = noted.get(childIdOf(one.action));
  if (one.result === 'done' || !one.retry || setback === undefined) return one;
  return { ...one, ...saidOf(setback) };
}

function stillFailed(action: Action, noted: Noted, executed: readonly Executed[]): readonly Executed[] {
  const child = childIdOf(action);
  const setback = noted.get(child);
  if (setback === undefined || !isTold(child, setback)) return [];
  if (executed.some((one) => childIdOf(one.action) === child)) return [];
  return [{ action, result: 'failed', retry: setback.retry, ...saidOf(setback) }];
}

function saidOf({ words, cause, retry }: Setback): { readonly message: string; readonly cause: string } {
  return { message: retry ? `${words}; it is tried again` : words, cause };
}

export function retryAfter({ message, retryAfterMs }: ApiError): WorkResult {
  return { type: 'retry', why: message, ...(retryAfterMs === undefined ? {} : { notBeforeMs: retryAfterMs }) };
}
