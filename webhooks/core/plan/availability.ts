import type { ChildProblem } from './child-problem.ts';
import type { DeploymentStatus } from './observed.ts';
import { renderPodFailure } from './render-pod-failure.ts';
import { generationOf, servedBefore, servedGeneration } from './served-generation.ts';
import type { WorkloadInput } from './status-input.ts';

/** What the verdict comes from; `reason` is the API's word for it, and the same for several of them. */
export type Cause =
  | 'not-checked'
  | 'invalid'
  | 'refused'
  | 'scaled-to-zero'
  | 'silent'
  | 'serves'
  | 'processing-update'
  | 'waiting'
  | 'pod-fails'
  | 'halted';

/** The condition Available, and what it comes from. */
export interface Availability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: 'Available' | 'ScaledToZero' | 'Initializing' | 'ConfigurationInvalid' | ChildProblem['reason'];
  readonly message: string;
  readonly cause: Cause;
  /** That it speaks about: of what serves, or else of the spec as it is now. */
  readonly generation: number | undefined;
}

/**
 * Whether something serves. The order of the questions is part of the reference API: the first that applies decides. Other
 * than there, what served before goes on being available as long as some pod of it is ready: also while its successor is
 * rolled out, or more of it are started.
 */
export function decideAvailability(input: WorkloadInput): Availability {
  const { accepted, problem, server, deployment } = input;
  const generation = generationOf(server);
  if (accepted.state === 'not-checked') {
    return { ...initializing, generation, cause: 'not-checked', message: 'Waiting until references can be checked' };
  }
  if (accepted.state === 'invalid') {
    const message = 'Configuration must be fixed before server can start';
    return { status: 'False', reason: 'ConfigurationInvalid', message, cause: 'invalid', generation };
  }
  if (problem !== undefined) {
    return { status: 'False', reason: problem.reason, message: problem.message, cause: 'refused', generation };
  }
  if (replicasOf(input) === 0) {
    const message = 'Server is ready (scaled to 0 replicas)';
    return { status: 'True', reason: 'ScaledToZero', message, cause: 'scaled-to-zero', generation };
  }
  if (deployment === undefined || isSilent(deployment)) return { ...initializing, generation };
  return serves(input, deployment)
    ? { ...serving(input, deployment), generation: servedGeneration(input) }
    : { ...unavailable(input, deployment), status: 'False', reason: 'DeploymentUnavailable', generation };
}

/** Whether there is something that answers: a server scaled to zero is available, and does not. */
export function isServing({ cause }: Pick<Availability, 'cause'>): boolean {
  return cause === 'serves';
}

/** Whether waiting alone will not make it True. */
export function isStuck({ cause }: Pick<Availability, 'cause'>): boolean {
  return stuck.has(cause);
}

const stuck: ReadonlySet<Cause> = new Set(['invalid', 'refused', 'pod-fails', 'halted']);

/** Of the pods that are ready, as many as are wanted: during a roll-out, or a scale-down, there are more for a moment. */
function serving(input: WorkloadInput, { readyReplicas }: DeploymentStatus) {
  const wanted = replicasOf(input);
  const message = `MCP server is ready (${Math.min(readyReplicas, wanted)} of ${wanted} instances healthy)`;
  return { status: 'True', reason: 'Available', message, cause: 'serves' } as const;
}

/** It begins to serve when its Deployment says that enough pods are available, and ends when none is ready any more. */
function serves({ previous }: WorkloadInput, deployment: DeploymentStatus): boolean {
  return deployment.readyReplicas > 0 && (isTrue(deployment, 'Available') || servedBefore(previous));
}

/** Why no instance is healthy: what a pod says, then what the Deployment says, else that it is still on its way. */
function unavailable(input: WorkloadInput, deployment: DeploymentStatus): Pick<Availability, 'cause' | 'message'> {
  const { podFailure, hints = {} } = input;
  if (deployment.observedGeneration < deployment.generation) {
    return { cause: 'processing-update', message: 'Deployment is processing spec update' };
  }
  const isHalted =
    replicaFailureOf(deployment) !== undefined ||
    (!isTrue(deployment, 'Progressing') && !isTrue(deployment, 'Available'));
  const isVisible = podFailure !== undefined && (isHalted || deployment.readyReplicas === 0);
  if (isVisible) return { cause: 'pod-fails', message: renderPodFailure(podFailure, hints) };
  if (!isHalted) return { cause: 'waiting', message: `Waiting for instances to become healthy${findsNothing(input)}` };
  const said = deploymentMessage(deployment);
  const unexplained = `No healthy instances (pod details unavailable)${said === undefined ? '' : `: ${said}`}`;
  return { cause: 'halted', message: unexplained };
}

/** Beside what goes on: a port on which nothing listens is known long before it is a failure. */
export function findsNothing({ isSlow = false, hints }: Pick<WorkloadInput, 'isSlow' | 'hints'>): string {
  return isSlow && hints?.unready !== undefined ? `; ${hints.unready}` : '';
}

/** A replica that cannot be created says more than the progress that it prevents; an empty message says nothing. */
export function deploymentMessage(deployment: DeploymentStatus): string | undefined {
  const progressing = deployment.conditions.find(({ type }) => type === 'Progressing');
  const said = [replicaFailureOf(deployment)?.message, progressing?.message];
  return said.find((message) => message !== undefined && message !== '');
}

/** That pods cannot be created, if it is so. */
export function replicaFailureOf({ conditions }: DeploymentStatus): DeploymentStatus['conditions'][number] | undefined {
  return conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
}

function replicasOf({ server }: WorkloadInput): number {
  return server.spec.runtime?.replicas ?? 1;
}

function isSilent({ conditions, readyReplicas }: DeploymentStatus): boolean {
  return conditions.length === 0 && readyReplicas === 0;
}

function isTrue({ conditions }: DeploymentStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

const initializing = {
  status: 'Unknown',
  reason: 'Initializing',
  message: 'Waiting for Deployment to report status',
  cause: 'silent',
} as const;
