import type { MCPServer } from '../mcpserver/types.gen.ts';
import { writesToClaim } from '../resources/pod/claims.ts';

/** What the spec says of rollouts, with every default. */
export interface RolloutSettings {
  /** Whether a new version may be kept from serving, or put back. If not, the Deployment follows the spec at once. */
  readonly isWatched: boolean;
  /** Whether what has failed stays out until it changes or somebody asks for it, also where nothing new is watched (any more). */
  readonly keepsFailed: boolean;
  readonly verify: 'Candidate' | 'AfterSwitch';
  readonly deadlineMs: number;
}

/** What the spec says, with what it leaves open. */
export function rolloutSettingsOf(server: MCPServer): RolloutSettings {
  const { verify = 'Candidate', deadlineSeconds = 300 } = server.spec.extensions?.rollout ?? {};
  const isWatched = strategyOf(server) === 'RollingUpdate';
  return { isWatched, keepsFailed: true, verify, deadlineMs: deadlineSeconds * 1_000 };
}

/** Two versions that write to the same volume at the same time is for the author to allow. */
export function strategyOf(server: MCPServer): 'RollingUpdate' | 'Recreate' {
  return server.spec.extensions?.rollout?.strategy ?? (writesToClaim(server) ? 'Recreate' : 'RollingUpdate');
}
