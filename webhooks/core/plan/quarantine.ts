import { printable, shortenEnd } from '../engine/text.ts';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import { nextCondition } from './condition.ts';
import type { ConditionContext } from './condition.ts';

/** Reason of the conditions of a server that our own code fails on; the event beside it has the same. */
export const RECONCILE_ERROR = 'ReconcileError';

const maxErrorLength = 500;

/** What cannot be told any more. */
const unknown: readonly string[] = ['Ready', 'Accepted'];

export interface Quarantine extends ConditionContext {
  /** What the error says, for people. */
  readonly error: string;
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
export function quarantinedStatus({ error, ...context }: Quarantine): MCPServerStatus {
  const { previous } = context;
  const before = previous?.conditions ?? [];
  const said = { status: 'Unknown', reason: RECONCILE_ERROR, message: quarantineMessage(error) } as const;
  const isSaid = unknown.every((wanted) =>
    before.some(({ type, status, message }) => type === wanted && status === said.status && message === said.message),
  );
  if (previous !== undefined && isSaid) return previous;
  const told = unknown.map((type) => nextCondition({ type, ...said }, context));
  const others = before.filter(({ type }) => !unknown.includes(type));
  return { ...previous, phase: 'Failed', conditions: [...told, ...others] };
}
