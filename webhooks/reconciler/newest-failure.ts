import { replicaFailureOf } from '../core/plan/availability.ts';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import { objectPath, type ApiError } from '../platform/kube/api.ts';
import { listAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { conditionsOf, controllerOf, REVISION_ANNOTATION } from './observe.ts';
import type { World } from './world.ts';

/** A Deployment of which what it says of pods that cannot be created is about its newest template. */
export interface OfNewest {
  readonly deployment: DeploymentStatus;
  /** What it said was about pods of a former one, which go on being tried until they are scaled down. */
  readonly isFormerFailure: boolean;
  /** Nobody knows yet whose it was: no verdict follows from it. */
  readonly unread?: ApiError;
}

/** Which Deployment it is, and the labels that its pods have. */
export interface NamedDeployment {
  readonly namespace: string;
  readonly name: string;
  readonly labelSelector: string;
}

/** A Deployment keeps ten former ones by itself; beyond these nobody is looked for. */
const maxReplicaSets = 100;

/**
 * The Deployment tells a failure of any of its ReplicaSets, and for a while that of one that is on its way out. So the newest
 * one is looked for, as long as pods cannot be created: the one that has the Deployment's revision (which of them its
 * condition Progressing names may be a former one for minutes). Where it cannot be found, or we may not list them, the
 * Deployment is believed. That an answer failed says nothing of the kind.
 */
export async function ofNewestTemplate(
  deployment: DeploymentStatus,
  { namespace, name, labelSelector }: NamedDeployment,
  { api }: Pick<World, 'api'>,
  signal: AbortSignal,
): Promise<OfNewest> {
  const believed = { deployment, isFormerFailure: false };
  if (!mayBeOfFormer(deployment)) return believed;
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'replicasets', namespace });
  const query = { labelSelector, limit: String(maxReplicaSets) };
  const read = await api.request({ method: 'GET', path, query, reading: { ignoresManagedFields: true }, signal });
  if (!read.ok) return read.error.retry ? { ...believed, unread: read.error } : believed;
  const newest = listAt(read.body, 'items').find((replicaSet) => isOf(replicaSet, name, deployment.revision));
  if (newest === undefined) return believed;
  const failure = conditionsOf(recordAt(newest, 'status')).find(isFailure);
  const others = deployment.conditions.filter((condition) => !isFailure(condition));
  return {
    deployment: { ...deployment, conditions: failure === undefined ? others : [...others, failure] },
    isFormerFailure: failure === undefined,
  };
}

/** Not where every pod can be created, and not where there is no former template. */
function mayBeOfFormer(deployment: DeploymentStatus): boolean {
  const { revision = '1', generation, observedGeneration } = deployment;
  return revision !== '1' && observedGeneration >= generation && replicaFailureOf(deployment) !== undefined;
}

function isFailure({ type, status }: DeploymentStatus['conditions'][number]): boolean {
  return type === 'ReplicaFailure' && status === 'True';
}

/** Anybody may give a ReplicaSet our labels: its controller tells. */
function isOf(replicaSet: unknown, deployment: string, revision: string | undefined): boolean {
  const metadata = recordAt(replicaSet, 'metadata');
  const controller = controllerOf(metadata);
  const isOfDeployment = controller?.kind === 'Deployment' && controller.name === deployment;
  return isOfDeployment && stringAt(recordAt(metadata, 'annotations'), REVISION_ANNOTATION) === revision;
}
