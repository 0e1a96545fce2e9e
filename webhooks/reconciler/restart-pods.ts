import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { PlannedRollout } from '../core/plan/plan-rollout.ts';
import { deployment as deploymentKind } from '../core/resources/deployment.ts';
import { restartedFor } from '../core/rollout/restart.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { childPath } from './refresh-child.ts';
import type { World } from './world.ts';

/** As `kubectl rollout restart` writes it: what is not ours in a template stays. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';
const RESTART_FIELD_MANAGER = 'mcp-lifecycle-restart';

export interface Restart {
  readonly isRestarted: boolean;
  /** It has to be tried again before status forgets why. */
  readonly unread?: ApiError;
}

/**
 * Has pods started anew that may run with a configuration that is taken back, before status forgets it. The time is that of the
 * state, so whoever does it once more changes nothing. Where it is refused for good, that is left to people.
 */
export async function restartPods(
  key: string,
  server: MCPServer,
  rollout: PlannedRollout | undefined,
  { api, children, signal }: Pick<World, 'api' | 'children'> & { readonly signal: AbortSignal },
): Promise<Restart> {
  const state = server.status?.extensions?.rollout;
  const at = rollout === undefined ? undefined : restartedFor({ ...rollout, state });
  if (rollout === undefined || at === undefined) return { isRestarted: false };
  const patched = await api.request({
    method: 'PATCH',
    path: childPath({ owner: key, of: deploymentKind, name: rollout.deployment.metadata.name }),
    query: { fieldManager: RESTART_FIELD_MANAGER },
    contentType: 'application/merge-patch+json',
    body: { spec: { template: { metadata: { annotations: { [RESTARTED_AT]: at } } } } },
    signal,
  });
  if (!patched.ok) return { isRestarted: false, ...(patched.error.retry ? { unread: patched.error } : {}) };
  children.get(deploymentKind.kind)?.put(patched.body);
  return { isRestarted: true };
}
