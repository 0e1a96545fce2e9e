import { replicaFailureOf } from '../core/plan/availability.ts';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import { objectPath, type ApiError } from '../platform/kube/api.ts';
import { recordAt, stringAt } from '../platform/kube/object.ts';
import { conditionsOf, REVISION_ANNOTATION } from './observe.ts';
import type { World } from './world.ts';

/** A Deployment of which what it says of pods that cannot be created is about its newest template. */
export interface OfNewest {
  readonly deployment: DeploymentStatus;
  /** What it said was about pods of a former one, which go on being tried until they are scaled down. */
  readonly isFormerFailure: boolean;
  /** Nobody knows yet whose it was: no verdict follows from it. */
  readonly unread?: ApiError;
}

/** Where the Deployment controller names the ReplicaSet of the newest template: in each of the messages of Progressing. */
const namedReplicaSet = /(?:ReplicaSet|replica set) "([a-z0-9.-]{1,253})"/;

/**
 * The Deployment tells a failure of any of its ReplicaSets, and for a while that of one that is on its way out. So the newest
 * one is read, as long as pods cannot be created; where it cannot be found, or we may not read it, the Deployment is believed.
 * That an answer failed says nothing of the kind.
 */
export async function ofNewestTemplate(
  deployment: DeploymentStatus,
  namespace: string,
  { api }: Pick<World, 'api'>,
  signal: AbortSignal,
): Promise<OfNewest> {
  const believed = { deployment, isFormerFailure: false };
  const name = newestReplicaSet(deployment);
  if (name === undefined) return believed;
  const path = objectPath({ apiVersion: 'apps/v1', plural: 'replicasets', namespace, name });
  const read = await api.request({ method: 'GET', path, signal });
  if (!read.ok) return read.error.retry ? { ...believed, unread: read.error } : believed;
  if (revisionOf(read.body) !== deployment.revision) return believed;
  const failure = conditionsOf(recordAt(read.body, 'status')).find(isFailure);
  const others = deployment.conditions.filter((condition) => !isFailure(condition));
  return {
    deployment: { ...deployment, conditions: failure === undefined ? others : [...others, failure] },
    isFormerFailure: failure === undefined,
  };
}

/** Undefined where no pod fails to be created, or there is no former template that could be meant. */
function newestReplicaSet(deployment: DeploymentStatus): string | undefined {
  const { revision = '1', conditions, generation, observedGeneration } = deployment;
  if (revision === '1' || observedGeneration < generation || replicaFailureOf(deployment) === undefined)
    return undefined;
  const { message = '' } = conditions.find(({ type }) => type === 'Progressing') ?? {};
  return namedReplicaSet.exec(message)?.[1];
}

function isFailure({ type, status }: DeploymentStatus['conditions'][number]): boolean {
  return type === 'ReplicaFailure' && status === 'True';
}

function revisionOf(replicaSet: unknown): string | undefined {
  return stringAt(recordAt(recordAt(replicaSet, 'metadata'), 'annotations'), REVISION_ANNOTATION);
}
