import { podSelectors } from '../core/mcpserver/api.ts';
import { candidateName, namespaceOf, serviceUrl } from '../core/mcpserver/names.ts';
import type { MCPServer } from '../core/mcpserver/types.gen.ts';
import { isSameChild, childOf } from '../core/plan/action.ts';
import type { Action, Outcome } from '../core/plan/action.ts';
import { replicaFailureOf } from '../core/plan/availability.ts';
import type { DeploymentStatus } from '../core/plan/observed.ts';
import type { PlannedRollout } from '../core/plan/plan-rollout.ts';
import type { Rolling } from '../core/plan/report.ts';
import { clusterUrlIn } from '../core/plan/served-address.ts';
import type { ServingPod } from '../core/plan/serving.ts';
import { isAboutTools } from '../core/plan/tool-reasons.ts';
import { toolsInStatus } from '../core/plan/tools-status.ts';
import { eraImage } from '../core/plan/verification-status.ts';
import { whyNoPod } from '../core/rollout/no-pod.ts';
import type { Candidate, Proof } from '../core/rollout/rollout.ts';
import { tlsTrustOf } from '../platform/mcp/tls-trust.ts';
import type { KeptCaBundle } from '../platform/mcp/tls-trust.ts';
import { gateQuestion } from './verify/contract-gate.ts';
import type { CandidateGate } from './verify/contract-gate.ts';
import { ofNewestTemplate, type OfNewest } from './newest-failure.ts';
import type { World } from './world.ts';

/** Whether an action is about the candidate: what it fails of is no failure of what serves. */
export function isOfCandidate(server: MCPServer, action: Action): boolean {
  return childOf(action).name === candidateName(server);
}

/** Whether it brings something of the candidate about that is not there. */
export function createsCandidate(server: MCPServer, action: Action): boolean {
  return isOfCandidate(server, action) && isCreation(action);
}

/** The candidate as it is now, after our writes. `told`: what came of them; `isPaused`: it is not created at this moment. */
export async function gatherCandidate(
  key: string,
  { server, planned, told, isPaused }: CandidateScope,
  world: World,
  signal: AbortSignal,
): Promise<Pick<Rolling, 'candidate' | 'isFormerFailure'> & Pick<OfNewest, 'unread'>> {
  if (planned.instructions.candidate === 'none') return { candidate: { state: 'absent' } };
  if (isPaused) return { candidate: { state: 'not-written', message: 'somebody deletes it again and again' } };
  const written = writtenCandidate(told.filter(({ action }) => isOfCandidate(server, action)));
  if (written !== undefined) return { candidate: written };
  const name = candidateName(server);
  const found = world.children.get('Deployment')?.named(key, name);
  if (found?.deployment === undefined || !isSameChild(found.child, { kind: 'Deployment', name }))
    return { candidate: { state: 'absent' } };
  const labelSelector = podSelectors.candidate(server.metadata.name);
  const named = { namespace: namespaceOf(server), name, labelSelector };
  const { deployment, ...newest } = await ofNewestTemplate(found.deployment, named, world, signal);
  return { candidate: runningCandidate(key, planned, deployment, world), ...newest };
}

interface CandidateScope {
  readonly server: MCPServer;
  readonly planned: PlannedRollout;
  readonly told: readonly Outcome[];
  readonly isPaused: boolean;
}

/** What our own writes say of it, if they say it all. */
function writtenCandidate(outcomes: readonly Outcome[]): Candidate | undefined {
  const failed = outcomes.find((outcome) => outcome.result === 'failed');
  if (failed !== undefined) {
    if (failed.retry) return { state: 'not-written', message: failed.message };
    return { state: failed.action.type === 'conflict' ? 'name-taken' : 'refused', message: failed.message };
  }
  return outcomes.some(({ action }) => action.of.hasPods === true && isCreation(action))
    ? { state: 'created' }
    : undefined;
}

function runningCandidate(key: string, planned: PlannedRollout, deployment: DeploymentStatus, world: World): Candidate {
  const { generation, observedGeneration, replicas, updatedReplicas, readyReplicas } = deployment;
  if (observedGeneration < generation) return { state: 'starting' };
  const failure = replicaFailureOf(deployment);
  if (failure !== undefined) return whyNoPod(failure.message ?? 'its ReplicaSet does not say why');
  if ([replicas, updatedReplicas, readyReplicas].some((count) => count !== 1)) return { state: 'starting' };
  const pod = readyPod(key, planned, world);
  return { state: 'ready', proof: world.candidateProbes.proofOf(key, pod && idOf(planned, pod)) };
}

function isCreation(action: Action): boolean {
  return action.type === 'apply' && action.uid === undefined;
}

/** What is known of the first new pod that serves, while the new version rolls out. */
export function proofOfNewPod(key: string, planned: PlannedRollout, world: World): Proof | undefined {
  const pod = newPod(key, planned, world);
  return pod === undefined ? undefined : world.candidateProbes.proofOf(key, idOf(planned, pod));
}

/** Has the pod that matters asked at its own address, by the name of the Service: of the candidate, or the first new one. */
export function keepProving(
  key: string,
  server: MCPServer,
  { rolling, caBundle }: { readonly rolling: Rolling | undefined; readonly caBundle: KeptCaBundle | undefined },
  world: World,
): void {
  if (rolling === undefined) {
    world.candidateProbes.forget(key);
    return;
  }
  const { planned, candidate } = rolling;
  const pod = candidate.state === 'ready' ? readyPod(key, planned, world) : newPod(key, planned, world);
  if (pod === undefined) {
    // A Deployment may say that its pod is ready before anybody tells of that: each kind has a watch of its own.
    if (candidate.state !== 'ready') world.candidateProbes.forget(key);
    return;
  }
  if (candidate.state === 'ready' && isComparedLater(server, planned)) return;
  const { address: host, port } = pod;
  world.candidateProbes.watch(key, {
    id: idOf(planned, pod),
    template: planned.wanted.template,
    url: serviceUrl(server, world.clusterDomain),
    at: { host, port },
    tls: tlsTrustOf(server, caBundle),
    era: world.verifier.eraOf(key, eraImage(server.spec)),
    ...(candidate.state === 'ready' ? { gate: gateOf(key, { server, planned }, world) } : {}),
  });
}

/** Where what served is put back for its successor's tools, status has those until it is back. */
function isComparedLater({ status }: MCPServer, { serving }: PlannedRollout): boolean {
  const { reason = '' } = status?.extensions?.rollout?.failed?.at(-1) ?? {};
  return serving?.isComingBack === true && isAboutTools(reason);
}

/** What its tools have to be, beside those that status has of what serves: not of what has failed, and serves for a moment more. */
function gateOf(
  key: string,
  { server, planned: { serving: said, stable } }: { readonly server: MCPServer; readonly planned: PlannedRollout },
  { pods }: Pick<World, 'pods'>,
): CandidateGate {
  const isUsable = ({ template }: ServingPod): boolean =>
    said?.isComingBack !== true || template === stable?.replicaSet;
  const serving = pods.servingOf(key).find(isUsable);
  const url = clusterUrlIn(server.status);
  return {
    server,
    question: gateQuestion(server, toolsInStatus(server.status)),
    serving: serving && {
      at: { host: serving.address, port: serving.port },
      ...(url === undefined ? {} : { url }),
    },
  };
}

/**
 * A version that is superseded may still serve beside it: the youngest pod tells which are new, unless that has taken the place
 * of an old one that was drained.
 */
function newPod(
  key: string,
  { phase, stable, serving, wanted }: PlannedRollout,
  { pods, children }: Pick<World, 'pods' | 'children'>,
): ServingPod | undefined {
  if (phase !== 'Rolling' || stable === undefined || serving?.template !== wanted.template) return undefined;
  const { updatedReplicas = 0 } = children.get('Deployment')?.get(key)?.deployment ?? {};
  if (updatedReplicas === 0) return undefined;
  const youngest = pods.newestTemplateOf(key);
  const newest = youngest === stable.replicaSet ? undefined : youngest;
  return pods
    .servingOf(key)
    .find(({ template }) => template !== stable.replicaSet && (newest === undefined || template === newest));
}

/** The one before it may be known still, and another template. */
function readyPod(
  key: string,
  { wanted }: PlannedRollout,
  { candidatePods }: Pick<World, 'candidatePods'>,
): ServingPod | undefined {
  return candidatePods.servingOf(key).find(({ template }) => template === wanted.template);
}

function idOf({ wanted }: PlannedRollout, { name, restarts }: ServingPod): string {
  return `${wanted.template} ${name}/${restarts} ${wanted.contract ?? ''}`;
}
