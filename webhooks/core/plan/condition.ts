import { printable, shortenEnd } from '../engine/text.ts';
import type { Condition, MCPServerStatus } from '../mcpserver/types.gen.ts';

/** Longest message of one condition, in characters; the API allows 32,768, nobody reads that. */
const maxMessageLength = 4096;

/** Cause of bad news that mostly passes by itself within moments: it is in the condition, and no event. */
export const WAITING = 'waiting';

/** What a condition says, whichever; of the newest generation, if it does not say of which. */
export type Saying = Pick<Condition, 'status' | 'reason' | 'message'> & { readonly generation?: number | undefined };

/** What one condition says now. `cause`: tells it from another of the same reason, in no words. */
export type Said = Saying & Pick<Condition, 'type'> & { readonly cause?: string };

export interface ConditionContext {
  readonly previous: MCPServerStatus | undefined;
  readonly generation: number | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** The condition as it is written: its time moves only when its status does, not for a new reason or message. */
export function nextCondition(said: Said, context: ConditionContext): Condition {
  const { type, status, reason, message, generation = context.generation } = said;
  const before = conditionOf(context.previous, type);
  return {
    type,
    status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : context.now,
    reason,
    message: shortenEnd(printable(message), maxMessageLength),
  };
}

export function conditionOf(status: MCPServerStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** What was said stays, of the generation of which it was said. */
export function sayAgain({ status, reason, message, observedGeneration }: Condition): Saying {
  return { status, reason, message, generation: observedGeneration };
}
