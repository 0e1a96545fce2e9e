import type { ContractChange } from '../contract/compare-contracts.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import { endedBetween } from '../rollout/ended.ts';
import type { EndedPhase } from '../rollout/ended.ts';
import { decideRollout } from '../rollout/rollout.ts';
import type { RolloutDecision, RolloutInput as DecideRolloutInput } from '../rollout/rollout.ts';
import { isServing } from './availability.ts';
import { diagnosePods, isNotReadyYet, isPatienceOver, patienceEndsAtMs, servingContainers } from './diagnose-pods.ts';
import type { Patience, PodState } from './diagnose-pods.ts';
import { nextEvents } from './events.ts';
import type { NextEvent } from './events.ts';
import { formerPodFailure } from './former-release.ts';
import { hintOnCrash } from './hint-on-crash.ts';
import { hintOnStart } from './hint-on-start.ts';
import { hintOnUnready } from './hint-on-unready.ts';
import { hintsOnStdio } from './hints-on-stdio.ts';
import { hintAfterSeconds, readyWithinSeconds } from './ready-within.ts';
import { renderPodFailure } from './render-pod-failure.ts';
import { rollProgress } from './roll-progress.ts';
import type { PlannedRollout } from './plan-rollout.ts';
import { clusterUrlIn } from './served-address.ts';
import { decideServing } from './serving.ts';
import type { Serving, ServingPod, TemplateRevision } from './serving.ts';
import { decideVerdicts, nextStatus } from './status.ts';
import { toolChangesBetween } from './tools-status.ts';
import type { StatusInput } from './status-input.ts';

/** What is known of one server after the actions of this round. */
export interface ReportInput extends Omit<StatusInput, 'serving' | 'podFailure' | 'hints' | 'rollout'> {
  readonly servingPods: readonly ServingPod[];
  /** By which the pods were built. Absent: ours. */
  readonly compatibility?: CompatibilityProfile | undefined;
  /** Whether the Deployment that stands there is the one of this generation: nothing of it is left to be written. */
  readonly isApplied: boolean;
  /** The Deployment says of a former template that its pods cannot be created, and `deployment` does not. */
  readonly isFormerFailure?: boolean;
  /** Of the pods, where it has to be known: see `templateToCheck`. */
  readonly templateRevision?: TemplateRevision | undefined;
  /** That fail, or are not ready yet. */
  readonly pods: readonly PodState[];
  /** Of which template the youngest pod is: those of older ones say nothing of what is rolled out. */
  readonly newestTemplate?: string | undefined;
  /** Milliseconds since 1970: the moment that `now` is. */
  readonly nowMs: number;
  /** Absent when nothing was judged. */
  readonly rolling?: Rolling | undefined;
}

/** A rollout, and what is seen of it. */
export interface Rolling extends Pick<
  DecideRolloutInput,
  'candidate' | 'newPod' | 'hasPlace' | 'isStableGone' | 'isRestarted'
> {
  readonly planned: PlannedRollout;
  /** The same of the Deployment of the candidate. */
  readonly isFormerFailure?: boolean;
  /** Pods of the candidate that fail, or are not ready yet. */
  readonly candidatePods: readonly PodState[];
}

/** What is said, and what is found out for the next round. */
export interface Report {
  readonly status: MCPServerStatus;
  /** What to tell once the status is written. */
  readonly events: readonly NextEvent[];
  /** What became of its tools, for metrics. */
  readonly toolChanges: readonly ContractChange[];
  /** What has ended of a rollout, for metrics. */
  readonly rolloutEnded: EndedPhase | undefined;
  /** Whom to ask from now on; undefined: nothing serves, so nobody. */
  readonly ask: Ask | undefined;
  /** When to look again although nothing happens, in milliseconds; absent: no need. */
  readonly lookAgainMs?: number;
}

export interface Ask {
  /** That serves. */
  readonly generation: number;
  readonly podSet: string;
}

/**
 * The second half of a decision: what to say and whom to ask, after the actions of `decide` were tried. A status depends on
 * what came of them (a child that was refused, a Deployment that begins to roll out), so it cannot be known before.
 */
export function nextReport(input: ReportInput): Report {
  const { server, previous, nowMs, compatibility } = input;
  const serving = servingNow(input);
  const patience = { nowMs, readyWithinMs: readyWithinSeconds(server) * 1_000 };
  const firstPatience = { nowMs, readyWithinMs: hintAfterSeconds(server) * 1_000 };
  const pods = podsToCome(input);
  const crash = hintOnCrash(server, compatibility);
  const hints = { crash, unready: hintOnUnready(server), start: hintOnStart(server), stdio: hintsOnStdio(server) };
  const before = previous?.extensions?.podFailure ?? formerPodFailure(previous);
  const podFailure = diagnosePods(pods, { previous: before, patience, hints });
  const why = podFailure === undefined ? undefined : renderPodFailure(podFailure, hints);
  const rollout = rolloutNow(input, { serving, why, unready: hints.unready });
  const isSlow = isPatienceOver(pods, firstPatience);
  const ofRollout = rollout === undefined ? {} : { rollout: rollout.state ?? null };
  const known = { ...input, ...ofRollout, serving, podFailure, hints, isSlow };
  const verdicts = decideVerdicts(known);
  const status = nextStatus(known, verdicts);
  const { availability } = verdicts;
  return {
    status,
    toolChanges: status === previous ? [] : toolChangesBetween(previous, status),
    rolloutEnded: endedNow(input, rollout),
    events: [
      ...nextEvents({ spec: server.spec, previous }, status, availability.cause),
      ...(rollout?.event === undefined ? [] : [{ ...rollout.event, action: 'Rollout' }]),
    ],
    ask: isServing(availability) ? { generation: availability.generation ?? 0, podSet: serving.podSet } : undefined,
    ...lookAgain({
      pods,
      patiences: [firstPatience, patience],
      serving,
      rollout,
      hasMoved: hasMoved(previous, status),
      isFormerFailure: isAnyFormerFailure(input),
    }),
  };
}

function isAnyFormerFailure({ isFormerFailure = false, rolling }: ReportInput): boolean {
  return isFormerFailure || rolling?.isFormerFailure === true;
}

/** What stood at the former address, too, is over. */
function hasMoved(previous: MCPServerStatus | undefined, status: MCPServerStatus): boolean {
  return previous?.address !== undefined && clusterUrlIn(previous) !== clusterUrlIn(status);
}

/** Where nobody tells of pods, it is taken to be others whenever the Deployment changes, and once more when that is done. */
function servingNow({ server, servingPods: pods, deployment, isApplied, templateRevision }: ReportInput): Serving {
  const { generation = 0 } = server.metadata;
  const serving = decideServing({ pods, deployment, generation, isApplied, templateRevision });
  if (serving.podSet !== '' || deployment === undefined) return serving;
  return { ...serving, podSet: `${deployment.generation}${serving.isRolling ? '/rolling' : ''}` };
}

/**
 * The pods that what is said of failures is about: of the candidate, while there is one. Pods of an older template are on
 * their way out, and may have failed for the very reason that is repaired now.
 */
function podsToCome({ pods, newestTemplate, rolling }: ReportInput): readonly PodState[] {
  if (rolling?.planned.instructions.candidate === 'wanted') return rolling.candidatePods;
  if (newestTemplate === undefined) return pods;
  return pods.filter(({ metadata }) => (metadata.template ?? newestTemplate) === newestTemplate);
}

/** Until it is read again of which template the pods are, where no watch may tell, in milliseconds. */
const doubtMs = 5_000;
/** Until the newest template is looked at again, in milliseconds: pods of it may fail of the same, and the Deployment then says nothing else. */
const formerFailureMs = 30_000;

/** A container that is not ready yet may still not be when patience ends, and nothing would tell. */
function lookAgain(looked: Looked): Pick<Report, 'lookAgainMs'> {
  const { pods, patiences, serving, rollout, hasMoved: isMoved, isFormerFailure } = looked;
  if (isMoved) return { lookAgainMs: 0 };
  const untilEnds = patiences.map((patience) => (patienceEndsAtMs(pods, patience) ?? Infinity) - patience.nowMs);
  const untilKnown = [serving.isInDoubt ? doubtMs : Infinity, isFormerFailure ? formerFailureMs : Infinity];
  const lookAgainMs = Math.min(...untilEnds, ...untilKnown, rollout?.lookAgainMs ?? Infinity);
  return lookAgainMs === Infinity ? {} : { lookAgainMs };
}

interface Looked {
  readonly pods: readonly PodState[];
  readonly patiences: readonly Patience[];
  readonly serving: Serving;
  readonly rollout: RolloutDecision | undefined;
  readonly hasMoved: boolean;
  readonly isFormerFailure: boolean;
}

function endedNow(
  { rolling, previous, nowMs }: ReportInput,
  rollout: RolloutDecision | undefined,
): EndedPhase | undefined {
  if (rollout === undefined) return undefined;
  const isVerified = rolling?.planned.serving?.isVerified === true || rollout.event?.reason === 'RolloutComplete';
  return endedBetween(previous?.extensions?.rollout, { state: rollout.state, isVerified, nowMs });
}

interface Explained {
  readonly why: string | undefined;
  /** What a pod that runs and is not ready may have wrong. */
  readonly unready: string;
}

function explain(
  candidate: Rolling['candidate'],
  { why, unready }: Explained,
  pods: readonly PodState[],
): Rolling['candidate'] {
  if (candidate.state !== 'starting') return candidate;
  if (why !== undefined) return { ...candidate, why };
  // Too young to be told as a failure; its deadline may be shorter than that patience.
  return pods.flatMap(servingContainers).some(isNotReadyYet) ? { ...candidate, unready } : candidate;
}

/** Undefined where nothing was judged. `why`: what the pods to come fail of. */
function rolloutNow(
  input: ReportInput,
  { serving, ...explained }: { readonly serving: Serving } & Explained,
): RolloutDecision | undefined {
  const { rolling, previous, nowMs, now } = input;
  if (rolling === undefined) return undefined;
  const { planned, candidate, ...seen } = rolling;
  const progress = rollProgress({ ...input, serving, why: explained.why });
  return decideRollout({
    ...{ ...planned, ...seen, candidate: explain(candidate, explained, seen.candidatePods), progress },
    ...{ state: previous?.extensions?.rollout, nowMs, now },
  });
}
