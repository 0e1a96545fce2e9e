import { printable, shortenEnd } from '../engine/text.ts';
import type { Condition, MCPServerStatus } from '../mcpserver/types.gen.ts';

/** Reason of the conditions of a server that our own code fails on; the event beside it has the same. */
export const RECONCILE_ERROR = 'ReconcileError';

const maxErrorLength = 500;

export interface Quarantine {
  readonly previous: MCPServerStatus | undefined;
  readonly generation: number | undefined;
  /** What the error says, for people. */
  readonly error: string;
  /** RFC 3339. */
  readonly now: string;
}

/** What the owner of a server that cannot be reconciled is told, in status and as an event. */
export function quarantineMessage(error: string): string {
  const what = shortenEnd(printable(error), maxErrorLength);
  return `This server cannot be reconciled: ${what}. What runs for it stays as it is; it is tried again from time to time.`;
}

/**
 * The status of a server on which our own code fails: nothing is known any more about whether it is accepted and ready,
 * and all else that status says stays. The same object as `previous` when it says so already.
 */
export function quarantinedStatus({ previous, generation, error, now }: Quarantine): MCPServerStatus {
  const message = quarantineMessage(error);
  const before = previous?.conditions ?? [];
  const isSaid = ['Ready', 'Accepted'].every((type) =>
    before.some(
      (condition) => condition.type === type && condition.message === message && condition.status === 'Unknown',
    ),
  );
  if (previous !== undefined && isSaid) return previous;
  const told = ['Ready', 'Accepted'].map((type): Condition => {
    const known = before.find((condition) => condition.type === type);
    return {
      type,
      status: 'Unknown',
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: known?.status === 'Unknown' ? known.lastTransitionTime : now,
      reason: RECONCILE_ERROR,
      message,
    };
  });
  const others = before.filter(({ type }) => type !== 'Ready' && type !== 'Accepted');
  return { ...previous, phase: 'Failed', conditions: [...told, ...others] };
}
