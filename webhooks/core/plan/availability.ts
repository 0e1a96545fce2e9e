import type { DeploymentStatus } from './observed.ts';
import type { WorkloadInput } from './status-input.ts';

/** Said for a moment after each change of the Deployment, whose pods go on running. */
export const PROCESSING_UPDATE = 'Deployment is processing spec update';

/** The condition Available, and whether waiting alone will not make it True. */
export interface Availability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason:
    | 'Available'
    | 'ScaledToZero'
    | 'Initializing'
    | 'ConfigurationInvalid'
    | 'DeploymentUnavailable'
    | 'ServiceUnavailable'
    | 'NetworkPolicyUnavailable';
  readonly message: string;
  readonly isStuck: boolean;
}

/** Whether the workload runs. The order of the questions is part of the reference API: the first that applies decides. */
export function decideAvailability(input: WorkloadInput): Availability {
  const { accepted, problem, server, deployment, podFailure } = input;
  const replicas = server.spec.runtime?.replicas ?? 1;
  if (accepted.state === 'not-checked') return { ...initializing, message: 'Waiting until references can be checked' };
  if (accepted.state === 'invalid')
    return stuck('ConfigurationInvalid', 'Configuration must be fixed before server can start');
  if (problem !== undefined) return stuck(problem.reason, problem.message);
  if (replicas === 0) return { ...holds, reason: 'ScaledToZero', message: 'Server is ready (scaled to 0 replicas)' };
  if (deployment === undefined || isSilent(deployment)) return initializing;
  if (deployment.observedGeneration < deployment.generation) return waiting(PROCESSING_UPDATE);
  if (isTrue(deployment, 'Available') && deployment.readyReplicas > 0) {
    const message = `MCP server is ready (${deployment.readyReplicas} of ${replicas} instances healthy)`;
    return { ...holds, reason: 'Available', message };
  }
  return diagnose(deployment, podFailure);
}

/** Whether there is something that answers: a server scaled to zero is available, and does not. */
export function isServing({ status, reason }: Availability): boolean {
  return status === 'True' && reason === 'Available';
}

/** Why no instance is healthy: what a pod says, then what the Deployment says, else that it is still on its way. */
function diagnose(deployment: DeploymentStatus, podFailure: string | undefined): Availability {
  const failed = isTrue(deployment, 'ReplicaFailure');
  const halted = !isTrue(deployment, 'Progressing') && !isTrue(deployment, 'Available');
  if (!failed && !halted) {
    return podFailure !== undefined && deployment.readyReplicas === 0
      ? stuck('DeploymentUnavailable', podFailure)
      : waiting('Waiting for instances to become healthy');
  }
  const said = deploymentMessage(deployment);
  const unexplained = `No healthy instances (pod details unavailable)${said === undefined ? '' : `: ${said}`}`;
  return stuck('DeploymentUnavailable', podFailure ?? unexplained);
}

/** A replica that cannot be created says more than the progress that it prevents; an empty message says nothing. */
function deploymentMessage({ conditions }: DeploymentStatus): string | undefined {
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  return [failure?.message, progressing?.message].find((message) => message !== undefined && message !== '');
}

function isSilent({ conditions, readyReplicas }: DeploymentStatus): boolean {
  return conditions.length === 0 && readyReplicas === 0;
}

function isTrue({ conditions }: DeploymentStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

const holds = { status: 'True', isStuck: false } as const;

const initializing: Availability = {
  status: 'Unknown',
  reason: 'Initializing',
  message: 'Waiting for Deployment to report status',
  isStuck: false,
};

function waiting(message: string): Availability {
  return { status: 'False', reason: 'DeploymentUnavailable', message, isStuck: false };
}

function stuck(reason: Availability['reason'], message: string): Availability {
  return { status: 'False', reason, message, isStuck: true };
}
