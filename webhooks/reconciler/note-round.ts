import { childOf, isSameChild } from '../core/plan/action.ts';
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
  for (const { action, error } of executed) {
    if (error !== undefined) world.metrics.observeFailedWrite(action.of.kind, error);
  }
  const noted = noteSetbacks(key, round, world);
  const told = [
    ...executed.map((one) => inKeptWords(one, noted.get(one.action.of.kind))),
    ...putOff.flatMap(({ action }) => stillFailed(action, noted.get(action.of.kind), executed)),
  ];
  const transient = executed.filter(({ error }) => error?.retry === true);
  const [first] = transient.filter((one) => !isLeftForLater(one, noted)).flatMap(({ error }) => error ?? []);
  if (first === undefined) return { told };
  const comeBack = retryAfter(first);
  const isHeldUp = transient.some(({ action }) => action.of.requirement === 'required');
  const required = world.expandedKinds.filter(({ requirement }) => requirement === 'required');
  return !isHeldUp || required.some(({ kind }) => isToldOf(kind, noted.get(kind)))
    ? { told: told.filter((one) => !isPassing(one, noted)), comeBack }
    : { told: undefined, comeBack };
}

/** By kind: those of this round, and those that nobody tried to end in it. The others are over. */
function noteSetbacks(key: string, { executed, putOff }: Round, world: World): ReadonlyMap<string, Setback> {
  const { clock, expandedKinds, setbacks } = world;
  const noted = new Map<string, Setback>();
  for (const { kind } of expandedKinds) {
    const ofKind = executed.filter(({ action }) => action.of.kind === kind);
    // Of several objects the one that fails counts.
    const tried = ofKind.find(({ error }) => error !== undefined) ?? ofKind[0];
    const isPutOff = tried === undefined && putOff.some(({ action }) => action.of.kind === kind);
    const setback =
      tried?.error === undefined
        ? setbacks.of(kind, key)
        : setbacks.note(kind, key, { error: tried.error, nowMs: clock.monotonicMs() });
    if (tried?.error === undefined && !isPutOff) setbacks.end(kind, key);
    else if (setback !== undefined) noted.set(kind, setback);
  }
  return noted;
}

/** Of an optional kind, which holds nothing up: what may be over in a moment is not told, and all else is. */
function isPassing(one: Executed, noted: ReadonlyMap<string, Setback>): boolean {
  const { kind, requirement } = one.action.of;
  return requirement !== 'required' && one.error?.retry === true && !isToldOf(kind, noted.get(kind));
}

/** Of an optional kind, and known to last: it is looked at as seldom as a refusal, for each try may take its time-out. */
function isLeftForLater({ action }: Executed, noted: ReadonlyMap<string, Setback>): boolean {
  const { kind, requirement } = action.of;
  return requirement !== 'required' && isToldOf(kind, noted.get(kind));
}

function isToldOf(kind: string, setback: Setback | undefined): boolean {
  return setback !== undefined && isTold(kind, setback);
}

function inKeptWords(one: Executed, setback: Setback | undefined): Executed {
  if (one.result === 'done' || !one.retry || setback === undefined) return one;
  return { ...one, message: wordsOf(setback) };
}

function stillFailed(action: Action, setback: Setback | undefined, executed: readonly Executed[]): readonly Executed[] {
  if (setback === undefined || !isTold(action.of.kind, setback)) return [];
  if (executed.some((one) => isSameChild(childOf(one.action), childOf(action)))) return [];
  return [{ action, result: 'failed', message: wordsOf(setback), retry: setback.retry }];
}

function wordsOf({ words, retry }: Setback): string {
  return retry ? `${words}; it is tried again` : words;
}

export function retryAfter({ message, retryAfterMs }: ApiError): WorkResult {
  return { type: 'retry', why: message, ...(retryAfterMs === undefined ? {} : { notBeforeMs: retryAfterMs }) };
}
