import type { ApiError } from '../platform/kube/api.ts';
import type { Executed } from './execute.ts';
import type { WorkResult } from './queue.ts';
import { isTold } from './setbacks.ts';
import type { Setback } from './setbacks.ts';
import type { World } from './world.ts';

/** A round of writes of which some may have failed although trying again can help. */
export type Round =
  /** The first few times status says nothing: the world was not as we believed, or could not be reached. */
  | { readonly told: undefined; readonly comeBack: WorkResult }
  /** What status is made from, and when to try again; `comeBack` absent: nothing failed so. */
  | { readonly told: readonly Executed[]; readonly comeBack?: WorkResult };

/**
 * Counts the writes of children that fail again and again (somebody's webhook is down, a quota cannot be read), and lets
 * status say so once it lasts: the owner of the server does not read our log. It goes on being tried.
 */
export function tellSetbacks(key: string, executed: readonly Executed[], world: World): Round {
  for (const { action, error } of executed) {
    if (error !== undefined) world.metrics.observeFailedWrite(action.of.kind, error);
  }
  const noted = noteSetbacks(key, executed, world);
  const [transient] = executed.flatMap(({ error }) => (error?.retry === true ? [error] : []));
  if (transient === undefined) return { told: executed };
  const comeBack = retryAfter(transient);
  if (![...noted].some(([kind, setback]) => isTold(kind, setback))) return { told: undefined, comeBack };
  return { told: executed.map((one) => inKeptWords(one, noted.get(one.action.of.kind))), comeBack };
}

/** Those of this round, by kind; the others are over. */
function noteSetbacks(key: string, executed: readonly Executed[], world: World): ReadonlyMap<string, Setback> {
  const { clock, expandedKinds, setbacks } = world;
  const noted = new Map<string, Setback>();
  for (const { kind } of expandedKinds) {
    const failed = executed.find(({ action, error }) => action.of.kind === kind && error?.retry === true);
    if (failed?.error === undefined) setbacks.end(kind, key);
    else noted.set(kind, setbacks.note(kind, key, { error: failed.error, nowMs: clock.monotonicMs() }));
  }
  return noted;
}

function inKeptWords(one: Executed, setback: Setback | undefined): Executed {
  if (one.result === 'done' || !one.retry || setback === undefined) return one;
  return { ...one, message: `${setback.words}; it is tried again` };
}

export function retryAfter({ message, retryAfterMs }: ApiError): WorkResult {
  return { type: 'retry', why: message, ...(retryAfterMs === undefined ? {} : { notBeforeMs: retryAfterMs }) };
}
