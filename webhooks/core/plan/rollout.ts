import { isConfiguration, referencesOf } from '../mcpserver/references.ts';
import { isOfConfiguration } from '../rollout/restart.ts';
import { isHaltReason } from '../rollout/state.ts';
import type { BlockedReason, FailureReason, RolloutState } from '../rollout/state.ts';
import type { Availability } from './availability.ts';
import { deploymentMessage, findsNothing, isServing, replicaFailureOf } from './availability.ts';
import type { Saying } from './condition.ts';
import type { DeploymentStatus } from './observed.ts';
import { renderPodFailure } from './render-pod-failure.ts';
import { generationOf, servesWhatFailed } from './served-generation.ts';
import type { WorkloadInput } from './status-input.ts';

/** How far what is wanted has come about; what serves meanwhile is said by Available and Verified. */
export type Rollout =
  /** Nothing is on its way, or nothing may be. */
  | { readonly state: 'settled' }
  | {
      readonly state: 'under-way';
      readonly reason: 'Proving' | 'RollingOut' | 'RolloutQueued' | 'Verifying';
      readonly message: string;
    }
  /** It does not come up, and says why; nobody has to wait for a deadline to be told. */
  | { readonly state: 'stalled'; readonly reason: StalledReason; readonly message: string; readonly cause?: string };

/** `Rejected`, `RolledBack`, `Blocked`: status says so, and not why in a word of ours. */
type StalledReason =
  'PodsFailing' | 'PodsNotCreated' | FailureReason | BlockedReason | RolloutState['phase'] | Availability['reason'];

/** What Deployments say of a rollout that is complete, for as long as no other begins. */
const COMPLETE = 'NewReplicaSetAvailable';

/** While what serves is held at another template, its Deployment says nothing of the one that is wanted. */
function ofHeld(input: RolloutInput): Rollout | undefined {
  const { rollout } = input;
  if (rollout === undefined || rollout === null) return undefined;
  switch (rollout.phase) {
    case 'Proving':
      return ofCandidate(input);
    case 'Rejected':
    case 'RolledBack':
    case 'Blocked': {
      const { message = '' } = rollout;
      const reason = isHaltReason(rollout.reason) ? rollout.reason : rollout.phase;
      const said = `${message}${whatServes(input)}${whatIsRead(input, rollout)}`;
      return { state: 'stalled', reason, message: said, cause: rollout.target.template };
    }
    case 'Rolling':
      return undefined;
  }
}

/** Its pod is the one that is looked at meanwhile. */
function ofCandidate(input: RolloutInput): Rollout {
  const { podFailure, hints = {} } = input;
  if (podFailure === undefined) return proving;
  const message = `The candidate of the new version does not come up: ${renderPodFailure(podFailure, hints)}${whatServes(input)}`;
  return { state: 'stalled', reason: 'PodsFailing', message };
}

const proving: Rollout = {
  state: 'under-way',
  reason: 'Proving',
  message: 'A candidate of the new version is started and asked first; what serves is not touched',
};

const queued: Rollout = {
  state: 'under-way',
  reason: 'RolloutQueued',
  message:
    'Waits for its turn: as many other servers replace their pods as may at a time (rollout.maxConcurrent of the chart); what serves goes on serving',
};

export interface RolloutInput extends WorkloadInput {
  readonly availability: Availability;
  /** What those that serve fail of, as they have answered themselves. */
  readonly servesBadly?: string | undefined;
  /** Which generation the condition Ready speaks about. */
  readonly readyGeneration: number | undefined;
}

/** Whether the generation as it is now is on its way, has arrived, or does not come up. */
export function decideRollout(input: RolloutInput): Rollout {
  const { accepted, availability, deployment, problem } = input;
  if (accepted.state !== 'valid' || availability.cause === 'scaled-to-zero') return { state: 'settled' };
  if (problem !== undefined) return { state: 'stalled', ...problem };
  if (input.isQueued === true) return queued;
  const held = ofHeld(input);
  if (held !== undefined) return held;
  if (deployment === undefined) return rollingOut(input);
  const why = whyStalled(input, deployment);
  if (why !== undefined) {
    return { state: 'stalled', ...why, message: `New pods do not come up: ${why.message}${whatServes(input)}` };
  }
  // What is complete may be the version before: this one is about to be written.
  if (!isRolloutComplete(deployment) || input.isApplied === false) return rollingOut(input);
  return isSaidOfNow(input)
    ? { state: 'settled' }
    : { state: 'under-way', reason: 'Verifying', message: 'The new pods serve, and are about to be verified' };
}

/** The condition Reconciling: there only while it is True, because tools that wait read it so (kstatus: Helm 4, Flux). */
export function sayReconciling(rollout: Rollout): Saying | undefined {
  if (rollout.state !== 'under-way') return undefined;
  return { status: 'True', reason: rollout.reason, message: rollout.message };
}

/** The condition Stalled, for the same tools. */
export function sayStalled(rollout: Rollout): Saying | undefined {
  if (rollout.state !== 'stalled') return undefined;
  return { status: 'True', reason: rollout.reason, message: rollout.message };
}

/** The condition Progressing, as people know it of Deployments: there only while it is False. */
export function sayProgressing(rollout: Rollout): Saying | undefined {
  const stalled = sayStalled(rollout);
  return stalled === undefined ? undefined : { ...stalled, status: 'False' };
}

/**
 * A pod says more than the Deployment. What cannot be created is told also of a rollout that was complete before. That a
 * deadline has passed is news where something serves; where nothing does, the same failure has been told as the reason for
 * that, and a thousand servers that cannot start are not written again after ten minutes.
 */
function whyStalled(
  { availability, podFailure, hints = {} }: RolloutInput,
  deployment: DeploymentStatus,
): Omit<Rollout & { readonly state: 'stalled' }, 'state'> | undefined {
  if (deployment.observedGeneration < deployment.generation) return undefined;
  const refused = replicaFailureOf(deployment);
  if (isRolloutComplete(deployment) && refused === undefined) return undefined;
  const said = deploymentMessage(deployment);
  const found = podFailure === undefined ? undefined : renderPodFailure(podFailure, hints);
  const isLate = progressOf(deployment)?.reason === 'ProgressDeadlineExceeded';
  if (isLate && (found === undefined || isServing(availability)))
    return { reason: 'ProgressDeadlineExceeded', message: joined(found, said) };
  if (refused !== undefined) return { reason: 'PodsNotCreated', message: joined(said, found), ...causeOf(refused) };
  return found === undefined ? undefined : { reason: 'PodsFailing', message: found };
}

function causeOf({ reason }: DeploymentStatus['conditions'][number]): { readonly cause?: string } {
  return reason === undefined ? {} : { cause: reason };
}

function joined(...texts: readonly (string | undefined)[]): string {
  const known = texts.filter((text) => text !== undefined);
  return known.length === 0 ? 'the Deployment does not say why' : known.join('; ');
}

/** As its controller sees it; a Deployment without that condition (its deadline can be switched off) has none to wait for. */
function isRolloutComplete(deployment: DeploymentStatus): boolean {
  const { generation, observedGeneration, replicas, updatedReplicas, wantedReplicas = 0 } = deployment;
  // Where the old pod goes first, there is none of either template for a while, and 0 are as many as 0.
  const isNobodyThere = replicas === 0 && wantedReplicas > 0;
  const isOfThis = observedGeneration >= generation && updatedReplicas >= replicas && !isNobodyThere;
  return isOfThis && (progressOf(deployment)?.reason ?? COMPLETE) === COMPLETE;
}

function progressOf({ conditions }: DeploymentStatus): DeploymentStatus['conditions'][number] | undefined {
  return conditions.find(({ type }) => type === 'Progressing');
}

function rollingOut(input: RolloutInput): Rollout {
  const what = isServing(input.availability) ? 'Rolling out; what served before goes on serving' : 'Rolling out';
  return { state: 'under-way', reason: 'RollingOut', message: `${what}${findsNothing(input)}` };
}

/** Who is told that new pods fail asks next whether anything answers. */
function whatServes({ availability, servesBadly, server, rollout, serving }: RolloutInput): string {
  if (!isServing(availability)) return '';
  if (servesWhatFailed(rollout, serving)) {
    const { generation: before } = rollout?.stable ?? {};
    const which = before === undefined ? 'those before them' : `those of generation ${before}`;
    return `; they serve until ${which}, which are put back, are ready`;
  }
  const { generation } = availability;
  const isOfOlder = generation !== undefined && generation !== generationOf(server);
  const which = isOfOlder ? `those of generation ${generation}` : 'the pods before them';
  if (servesBadly !== undefined) return `; ${which} do not serve well either: ${servesBadly}`;
  return `; ${which} go on serving`;
}

/** There is one ConfigMap for pods of before and after: what is held or put back is the template, not the data. */
function whatIsRead({ server }: RolloutInput, rollout: RolloutState): string {
  if (!isOfConfiguration(rollout) || !referencesOf(server).some(isConfiguration)) return '';
  return '; a pod that starts anew reads ConfigMaps and Secrets as they are now, so correct those that have changed';
}

/** Who waits for Ready must not be given what it says of the version before. */
function isSaidOfNow({ availability, readyGeneration, server }: RolloutInput): boolean {
  return !isServing(availability) || readyGeneration === generationOf(server);
}
