import { recordAt, numberAt } from '../platform/kube/object.ts';
import type { Action } from '../core/plan/action.ts';
import type { ObservedChild } from '../core/plan/observed.ts';
import type { PlannedRollout } from '../core/plan/plan-rollout.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { standsFailed } from '../core/rollout/rollout.ts';
import { holdTemplate } from './hold-template.ts';
import type { World } from './world.ts';

export interface InQueue {
  readonly key: string;
  readonly server: MCPServer;
  readonly rollout: PlannedRollout;
  readonly observed: readonly ObservedChild[];
}

/**
 * What serves is scaled while a new version waits for its turn: load does not wait; nor does what has failed, where the version
 * before it is still to be put back. Asks for nothing where both are as they are wanted; where what stands cannot be read, whoever waits looks again anyway.
 */
export async function scaleInQueue(
  { key, server, rollout, observed }: InQueue,
  { api, children }: Pick<World, 'api' | 'children'>,
  signal: AbortSignal,
): Promise<readonly Action[]> {
  const wanted = numberAt(recordAt(rollout.deployment, 'spec'), 'replicas');
  const stands = children.get('Deployment')?.get(key)?.deployment?.wantedReplicas;
  const isFailed = standsFailed(server.status?.extensions?.rollout, rollout.serving?.template);
  if (!isFailed && (wanted === undefined || wanted === stands)) return [];
  const instructions = { ...rollout.instructions, template: 'held' } as const;
  const { actions } = await holdTemplate(server, { ...rollout, instructions }, observed, { api, signal });
  return actions;
}
