import { printable, shortenEnd } from '../engine/text.ts';
import type { Condition, MCPServerStatus } from '../mcpserver/types.gen.ts';

/** Longest message of one condition, in characters; the API allows 32,768, nobody reads that. */
const maxMessageLength = 4096;

/** What a condition says now. */
export type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface ConditionContext {
  readonly previous: MCPServerStatus | undefined;
  readonly generation: number | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** The condition as it is written: its time moves only when its status does, not for a new reason or message. */
export function nextCondition({ type, status, reason, message }: Said, context: ConditionContext): Condition {
  const before = context.previous?.conditions?.find((condition) => condition.type === type);
  return {
    type,
    status,
    ...(context.generation === undefined ? {} : { observedGeneration: context.generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : context.now,
    reason,
    message: shortenEnd(printable(message), maxMessageLength),
  };
}
