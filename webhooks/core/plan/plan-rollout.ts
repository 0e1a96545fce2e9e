import type { Digest } from '../engine/ratchet.ts';
import { childName } from '../mcpserver/names.ts';
import type { CompatibilityProfile } from '../mcpserver/compatibility.ts';
import type { MCPServer, MCPServerStatus } from '../mcpserver/types.gen.ts';
import { instructionsOf, phaseOf } from '../rollout/rollout.ts';
import type { Instructions, ServingDeployment, WantedPods } from '../rollout/rollout.ts';
import { rolloutSettingsOf } from '../rollout/settings.ts';
import type { RolloutSettings } from '../rollout/settings.ts';
import type { FailureReason, RolloutState } from '../rollout/state.ts';
import type { KubernetesObject } from '../resources/expanded-kind.ts';
import { askedTryOf } from './asked-try.ts';
import { conditionOf } from './condition.ts';
import type { ObservedChild } from './observed.ts';
import { templateHashOf } from './plan.ts';
import { saidToServe, servesWell, verifiedBefore } from './served-generation.ts';

/** What is to become of the pods that serve, by the state that is written in status. */
export interface PlannedRollout {
  readonly settings: RolloutSettings;
  readonly wanted: WantedPods;
  readonly serving: ServingDeployment | undefined;
  readonly instructions: Instructions;
  /** Of the rollout of the newest template; undefined: none has begun. */
  readonly phase: RolloutState['phase'] | undefined;
  /** As it is written. */
  readonly stable: RolloutState['stable'];
  /** The Deployment that serves, with the newest template. */
  readonly deployment: KubernetesObject;
}

export interface PlanRolloutInput {
  /** With its status. */
  readonly server: MCPServer;
  readonly deployment: KubernetesObject;
  readonly observed: readonly ObservedChild[];
  /** Label pod-template-hash of the pods that serve, where all have the same. */
  readonly replicaSet: string | undefined;
  /** Whether status takes the state of a rollout: an older CRD does not declare it, and then none is ever under way. */
  readonly isRemembered: boolean;
  /** The reference operator has its Deployment follow the spec at once. */
  readonly compatibility: CompatibilityProfile | undefined;
  readonly digest: Digest;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * For how long what served is taken to be on its way back, in milliseconds: as long as a rollout keeps its place. What is not
 * good by then needs a repair, which waits for nobody.
 */
const comesBackMs = 300_000;

export function planRollout(input: PlanRolloutInput): PlannedRollout {
  const { server, deployment, observed, digest } = input;
  const child = observed.find(({ kind, name }) => kind === deployment.kind && name === childName(server));
  const wanted = wantedPods(server, templateHashOf(deployment, digest), digest);
  const settings = settingsFor(input, child);
  const serving = servingDeployment(input, child);
  const state = server.status?.extensions?.rollout;
  const instructions = instructionsOf({ state, settings, wanted, serving });
  const phase = phaseOf({ state, wanted });
  return { settings, wanted, serving, instructions, phase, stable: state?.stable, deployment };
}

function wantedPods(server: MCPServer, template: string, digest: Digest): WantedPods {
  const { metadata, spec } = server;
  const { generation = 0 } = metadata;
  return { template, generation, replicas: spec.runtime?.replicas ?? 1, ...askedTryOf(server, digest) };
}

/**
 * Who wrote a strategy into the Deployment may want one version at a time. Nothing is proven first where all is as the reference
 * operator does it, but for who asks for that by name.
 */
function settingsFor(
  { server, isRemembered, compatibility }: PlanRolloutInput,
  child: ObservedChild | undefined,
): RolloutSettings {
  const said = rolloutSettingsOf(server);
  const isAsked = compatibility !== 'reference' || server.spec.extensions?.rollout?.verify !== undefined;
  const mayBeHeld = isRemembered && isAsked && child?.hasStrategyOfOthers !== true;
  return { ...said, isWatched: said.isWatched && mayBeHeld, keepsFailed: isAsked };
}

function servingDeployment(
  { server, replicaSet, now }: PlanRolloutInput,
  child: ObservedChild | undefined,
): ServingDeployment | undefined {
  if (child === undefined || child.controller?.uid !== server.metadata.uid) return undefined;
  const isComingBack = isBeingPutBack(server.status, now);
  return {
    template: child.templateHash,
    replicaSet,
    ...saidOfServing(server),
    ...(isComingBack ? { isComingBack } : {}),
  };
}

/**
 * Whether what served is on its way back: nobody has found it good since its successor failed. The state may be that of the
 * next change already, so what it remembers tells.
 */
function isBeingPutBack(status: MCPServerStatus | undefined, now: string): boolean {
  const last = status?.extensions?.rollout?.failed?.at(-1);
  const verified = conditionOf(status, 'Verified');
  if (last === undefined || verified === undefined || verified.status === 'True') return false;
  const sinceMs = Date.parse(last.at);
  const isSince = verified.status === 'Unknown' || Date.parse(verified.lastTransitionTime) <= sinceMs;
  return !ofCandidates.has(last.reason) && isSince && Date.parse(now) - sinceMs < comesBackMs;
}

/** Failures of versions that never served. One that is held back for its tools may be either; what serves is good then. */
const ofCandidates: ReadonlySet<string> = new Set<FailureReason>(['CandidateNotReady', 'CandidateNotVerified']);

function saidOfServing(server: MCPServer): Omit<ServingDeployment, 'template' | 'replicaSet'> {
  const { status } = server;
  const { reason = 'Initializing' } = conditionOf(status, 'Available') ?? {};
  const isUnasked = !ofPods.has(reason) && conditionOf(status, 'Verified')?.status === 'Unknown';
  const before = verifiedBefore(status);
  const generation = saidToServe(status) ?? before;
  const wasVerified = isUnasked && before !== undefined && generation === before && hasReadyPods(status);
  return { generation, isVerified: servesWell(status), isUnasked, wasVerified };
}

/** Reasons of Available that tell of pods that do not serve; the others do not say how they are. */
const ofPods: ReadonlySet<string> = new Set(['Initializing', 'DeploymentUnavailable', 'ScaledToZero']);

/** What has ended while its spec was not valid may be waiting for its repair. */
function hasReadyPods({ readyReplicas = 0 }: MCPServerStatus = {}): boolean {
  return readyReplicas > 0;
}
