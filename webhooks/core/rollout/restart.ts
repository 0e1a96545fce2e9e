import type { RolloutInput } from './rollout.ts';
import type { RolloutState } from './state.ts';

/**
 * Since when pods that serve may have been started with a configuration that is taken back, RFC 3339: they are of the template
 * that is wanted again and do not serve well, so they are started anew, as after each change of what does not serve well.
 * Undefined: there is nothing of the kind.
 */
export function restartedFor({
  state,
  wanted,
  serving,
}: Pick<RolloutInput, 'state' | 'wanted' | 'serving'>): string | undefined {
  if (state === undefined || serving === undefined || !isOfConfiguration(state) || wanted.replicas === 0)
    return undefined;
  if (serving.isVerified || serving.isUnasked === true) return undefined;
  const { stable, target } = state;
  const isTakenBack = serving.template === wanted.template && target.template !== wanted.template;
  return isTakenBack && stable?.template === wanted.template ? target.since : undefined;
}

/** Whether nothing but what the spec refers to has changed, or what builds its pods: what served was of the same generation. */
export function isOfConfiguration({ stable, target }: RolloutState): boolean {
  return stable?.generation !== undefined && stable.generation === target.generation;
}
