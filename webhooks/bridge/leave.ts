import type { Clock } from '../platform/clock.ts';
import type { Keeper } from './keeper.ts';
import type { Sessions } from './sessions.ts';

export interface LeaveOptions {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly sessions: Sessions;
  /** How long everything is served as before, because not everybody has learnt yet that the pod is going, in milliseconds. */
  readonly tailMs: number;
  /** When what is still under way is given up, in milliseconds. */
  readonly graceMs: number;
}

/** Between looks whether something is under way, in milliseconds. */
const lookMs = 100;

/**
 * The shim was told to end, and waits for its processes. Each is let go when nothing is under way in it: sessions at
 * once, since their clients begin new ones elsewhere; the process that all share after the tail, because their next
 * request may still come to us. An abort leaves everything as it is: the shim is gone, and what there is then is another one's.
 */
export async function leave(
  { clock, keeper, sessions, tailMs, graceMs }: LeaveOptions,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = clock.monotonicMs();
  const elapsed = (): number => clock.monotonicMs() - startedAt;
  while (!signal.aborted && elapsed() < graceMs) {
    const left = elapsed() < tailMs ? sessions.count : sessions.endQuiet('the server is ending');
    if (left === 0 && elapsed() >= tailMs && callsOf(keeper) === 0) break;
    await clock.sleep(lookMs, signal);
  }
  if (signal.aborted) return;
  sessions.endAll('the server is ending');
  keeper.closeShared();
}

function callsOf({ serving }: Keeper): number {
  if (serving.type === 'modern') return serving.requests.calls;
  return serving.type === 'shared' ? serving.process.requests.calls : 0;
}
