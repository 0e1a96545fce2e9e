import { childName, namespaceOf } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import type { Action } from '../core/plan/action.ts';
import type { ObservedChild } from '../core/plan/observed.ts';
import { ownerOf } from '../core/plan/ownership.ts';
import type { PlannedRollout } from '../core/plan/plan-rollout.ts';
import { plan } from '../core/plan/plan.ts';
import { deployment as deploymentKind } from '../core/resources/deployment.ts';
import type { KubernetesObject } from '../core/resources/expanded-kind.ts';
import { deploymentOfReplicaSet, heldDeployment, standingDeployment } from '../core/rollout/held.ts';
import { standsFailed } from '../core/rollout/rollout.ts';
import { digest } from '../platform/digest.ts';
import { objectPath } from '../platform/kube/api.ts';
import type { ApiError, ApiResult } from '../platform/kube/api.ts';
import type { World } from './world.ts';

/** What has to be done to the Deployment that serves while its template is not the newest. */
export interface Held {
  readonly actions: readonly Action[];
  /** As it is wanted now; undefined: it is left alone. */
  readonly deployment: KubernetesObject | undefined;
  /** The ReplicaSet of what is to be put back does not exist any more. */
  readonly isStableGone: boolean;
  /** Why what is to be done could not be found out: nobody tells when it can be. */
  readonly error?: ApiError;
}

/** Nothing is held: the Deployment is as the spec says. */
export const leftAlone: Held = { actions: [], deployment: undefined, isStableGone: false };

interface Holding extends Pick<World, 'api'> {
  readonly signal: AbortSignal;
}

/**
 * Has all of the Deployment follow the spec but its pod template: that stays as it stands, or is taken from the ReplicaSet that
 * served before, also where what stands is to be put back, and the spec has changed meanwhile. Where that is gone and another template than the newest stands, what stands is what was put back. Two reads
 * while a rollout is held, none otherwise. What cannot be read is left as it is, and the round has to be repeated.
 */
export async function holdTemplate(
  server: MCPServer,
  { deployment, instructions }: Pick<PlannedRollout, 'deployment' | 'instructions'>,
  observed: readonly ObservedChild[],
  holding: Holding,
): Promise<Held> {
  if (instructions.template === 'wanted' || instructions.template === 'to-begin') return leftAlone;
  const { kind, metadata } = deployment;
  const serving = observed.filter((child) => child.kind === kind && child.name === metadata.name);
  const isFailed = standsFailed(server.status?.extensions?.rollout, serving[0]?.templateHash);
  const find = instructions.template === 'put-back' ? findFormer : isFailed ? findBetter : findHeld;
  const found = await find(server, deployment, holding);
  if (found.deployment === undefined) return { actions: [], ...found };
  const desired = [found.deployment];
  const input = { owner: ownerOf(server), childKinds: [deploymentKind], desired, observed: serving, digest };
  return { actions: plan(input), ...found };
}

type Found = Omit<Held, 'actions'>;

/** What served before what stands, as long as that is there. */
async function findBetter(server: MCPServer, wanted: KubernetesObject, holding: Holding): Promise<Found> {
  const former = await findFormer(server, wanted, holding);
  return former.isStableGone ? findHeld(server, wanted, holding) : former;
}

/** With the template as it stands; with that of the ReplicaSet where somebody has changed it. */
async function findHeld(server: MCPServer, wanted: KubernetesObject, holding: Holding): Promise<Found> {
  const live = await read(server, { plural: 'deployments', name: childName(server) }, holding);
  if (!live.ok) return { deployment: undefined, isStableGone: false, error: live.error };
  const deployment = heldDeployment(wanted, live.body, digest);
  if (deployment !== undefined) return { deployment, isStableGone: false };
  const former = await findFormer(server, wanted, holding);
  if (former.deployment !== undefined || former.error !== undefined) return former;
  return { ...former, deployment: standingDeployment(wanted, live.body) };
}

async function findFormer(server: MCPServer, wanted: KubernetesObject, holding: Holding): Promise<Found> {
  const { stable } = server.status?.extensions?.rollout ?? {};
  if (stable === undefined) return { deployment: undefined, isStableGone: false };
  const name = `${childName(server)}-${stable.replicaSet}`;
  const replicaSet = await read(server, { plural: 'replicasets', name }, holding);
  if (replicaSet.ok)
    return { deployment: deploymentOfReplicaSet(wanted, replicaSet.body, stable.template), isStableGone: false };
  const { error } = replicaSet;
  return error.status === 404
    ? { deployment: undefined, isStableGone: true }
    : { deployment: undefined, isStableGone: false, error };
}

function read(
  server: MCPServer,
  { plural, name }: { readonly plural: string; readonly name: string },
  { api, signal }: Holding,
): Promise<ApiResult> {
  const path = objectPath({ apiVersion: 'apps/v1', plural, namespace: namespaceOf(server), name });
  return api.request({ method: 'GET', path, signal });
}
