import type { ReferencedKind } from '../engine/facts.ts';

/** An object of which nobody can tell whether it is there. */
export interface UncheckedReference {
  readonly kind: ReferencedKind;
  readonly name: string;
  /** As {@link ReferenceState} has it: shown, never compared. */
  readonly reason: string;
  /** Tells this reason from another one. */
  readonly cause: string | undefined;
}

/** Whether its owner was told just that already. */
export function isSameUnchecked(one: UncheckedReference, other: UncheckedReference): boolean {
  return one.kind === other.kind && one.name === other.name && one.cause === other.cause;
}
