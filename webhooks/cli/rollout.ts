import { groupCommands } from './command-group.ts';
import { rolloutHistory } from './rollout-history.ts';
import { rolloutRetry } from './rollout-retry.ts';
import { rolloutStatus } from './rollout-status.ts';

/** What can be asked of the rollouts of one server, and asked for. */
export const rollout = groupCommands('rollout', {
  status: rolloutStatus,
  history: rolloutHistory,
  retry: rolloutRetry,
});
