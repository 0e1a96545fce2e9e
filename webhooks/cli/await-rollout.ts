import type { ApiError } from '../platform/kube/api.ts';
import type { Clock } from '../platform/clock.ts';
import type { ReadServer } from './rollout-server.ts';
import { renderView, viewRollout } from './rollout-view.ts';
import type { RolloutView } from './rollout-view.ts';

/** Between two looks at the server, in milliseconds: one object is read, and an outcome stays where it is. */
const periodMs = 1_000;

export interface AwaitOptions {
  readonly read: () => Promise<ReadServer>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly timeoutMs: number;
  /** What is new since the last look, as one line. */
  readonly tell: (line: string) => void;
}

export type Awaited =
  /** `isLate`: time is up, and the outcome is not known. */
  | { readonly type: 'seen'; readonly view: RolloutView; readonly isLate: boolean }
  | { readonly type: 'failed'; readonly error: ApiError };

/**
 * Looks at a server until its newest version serves or has failed, or time is up. An API server that does not answer for a while is
 * asked again; what asking again does not change (no such server, no right to read it) ends it.
 */
export async function awaitRollout({ read, clock, timeoutMs, tell }: AwaitOptions): Promise<Awaited> {
  const untilMs = clock.monotonicMs() + timeoutMs;
  let told = '';
  const tellNews = (line: string): void => {
    if (line !== told) tell(line);
    told = line;
  };
  for (;;) {
    const found = await read();
    const isLate = clock.monotonicMs() >= untilMs;
    if (found.type === 'failed') {
      if (!found.error.retry || isLate) return found;
      tellNews(`${found.error.message}: asking again`);
    } else {
      const view = viewRollout(found.server);
      tellNews(renderView(view));
      const isOver = view.outcome === 'Complete' || view.outcome === 'Failed';
      if (isOver || isLate) return { type: 'seen', view, isLate: !isOver };
    }
    await clock.sleep(Math.max(0, Math.min(periodMs, untilMs - clock.monotonicMs())));
  }
}
