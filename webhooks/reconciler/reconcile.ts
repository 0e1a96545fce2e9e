import { decide } from '../core/plan/decide.ts';
import type { DecideInput, Decision } from '../core/plan/decide.ts';
import { standingFields } from '../core/plan/foreign/standing.ts';
import type { ForeignFieldsStatus, MCPServer, StandingField } from '../core/mcpserver/types.gen.ts';
import { present } from '../core/mcpserver/record.ts';
import { candidateName, childName, namespaceOf } from '../core/mcpserver/names.ts';
import type { ApiStates } from '../core/engine/installation.ts';
import type { Action } from '../core/plan/action.ts';
import { findProblem } from '../core/plan/child-problem.ts';
import type { Said } from '../core/plan/condition.ts';
import type { ObservedChild } from '../core/plan/observed.ts';
import { takesExtensions } from '../core/plan/reduced-status.ts';
import { nextReport } from '../core/plan/report.ts';
import type { Report, Rolling } from '../core/plan/report.ts';
import type { GatewayInput, GatewayReport } from '../core/plan/gateway-registered.ts';
import { noticeOnNetwork } from '../core/plan/network-notice.ts';
import { lackingNow, optionalConditions, tellsTroubleInMs } from '../core/plan/optional-conditions.ts';
import type { PlannedRollout } from '../core/plan/plan-rollout.ts';
import { decideIngress } from '../core/plan/ingress-published.ts';
import { clusterUrlIn } from '../core/plan/served-address.ts';
import { saidToServe, servesWell } from '../core/plan/served-generation.ts';
import type { ServingPod } from '../core/plan/serving.ts';
import type { Acceptance, RegistrationStatus } from '../core/plan/status-input.ts';
import type { KubernetesObject } from '../core/resources/expanded-kind.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { ingress } from '../core/resources/ingress.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import { timestamp } from '../platform/clock.ts';
import { digest } from '../platform/digest.ts';
import type { ApiError } from '../platform/kube/api.ts';
import { splitKey } from '../platform/kube/object.ts';
import { createsCandidate, gatherCandidate, isOfCandidate, keepProving, proofOfNewPod } from './candidate.ts';
import { execute, isAboutNoApi } from './execute.ts';
import type { Executed } from './execute.ts';
import { gather, observedChildren } from './gather.ts';
import { gatherWorkload } from './gather-workload.ts';
import { holdTemplate, leftAlone } from './hold-template.ts';
import type { Held } from './hold-template.ts';
import type { OfNewest } from './newest-failure.ts';
import { noteRound, retryAfter } from './note-round.ts';
import type { Round } from './note-round.ts';
import type { ChildWorld } from './refresh-child.ts';
import { tellClaimed } from './tell-claimed.ts';
import { renderUnchecked, tellNotChecked } from './tell-not-checked.ts';
import { endUnread, tellUnread } from './tell-unread.ts';
import { replacesServingPods } from './pacing.ts';
import type { Paced } from './pacing.ts';
import type { WorkResult } from './queue.ts';
import { registrationFor, rivalFor, writeBinding } from './registration.ts';
import { restartPods } from './restart-pods.ts';
import type { Restart } from './restart-pods.ts';
import { scaleInQueue } from './scale-in-queue.ts';
import { writeStatus } from './status-writer.ts';
import type { StatusWrite } from './status-writer.ts';
import { keepAsking } from './verification.ts';
import type { World } from './world.ts';

/** How soon a server is reconciled again although no watch told us anything, in milliseconds. */
const comeBackMs = { toNews: 250, toForeignObject: 60_000, toUnread: 60_000, toRefusal: 300_000 };

/**
 * Brings one server from what is to what is wanted: gather, decide, act; then look at what came of it, decide what to say
 * and whom to ask, and do that. Costs no request when nothing is new. Throws only for our own bugs.
 */
export async function reconcile(key: string, world: World, signal: AbortSignal): Promise<WorkResult> {
  const startedAtMs = performance.now();
  const gathered = await gather(key, world, signal);
  if (gathered.type === 'gone') {
    for (const memory of world.memories) memory.forget(key);
    return { type: 'done' };
  }

  if (gathered.type === 'failed') {
    // Others wait for the place that it was offered.
    world.pacing.stopWaiting(key);
    tellUnread(key, gathered.error, { world, signal });
    return retryAfter(gathered.error);
  }
  endUnread(key, world);

  const { subject, observed, references, unreadKinds } = gathered;
  const { server } = subject;
  // Read together with the policy: another one may be in force after the next wait.
  const notice = noticeFor(server, world);
  const apis = withoutUnread(world.optional.statesIn(splitKey(key).namespace), unreadKinds);
  const decision = decide({
    ...references,
    ...judgedBy(server, world),
    ...seenOf(key, world),
    subject,
    observed,
    apis,
    digest,
  });
  if (decision.verdict === 'retry') {
    world.pacing.stopWaiting(key);
    await tellNotChecked(key, server, decision.unchecked, { world, signal });
    return notBefore(renderUnchecked(decision.unchecked), references.transient?.retryAfterMs);
  }

  observeValidation(startedAtMs, world);
  world.notChecked.delete(key);
  world.foundRules.put(key, decision.findings);
  const held = await hold(decision, observed, world, signal);
  const round = await carryOut(key, decision, { heldActions: held.actions, observed }, { world, signal });
  const { executed, afterMs } = round;
  // Nothing can be created in a namespace that is on its way out, and the server goes with it.
  if (executed.some(({ error }) => error?.reason === 'NamespaceTerminating')) return { type: 'done' };
  const { told, comeBack } = noteRound(key, round, world);
  if (told === undefined) return comeBack;

  const isQueued = round.putOff.some(({ state }) => state === 'Queued');
  const restart = await restartPods(key, decision.server, rolloutOf(decision), { ...world, signal });
  const isNow = isApplied(decision, { told, held, isQueued });
  const workload = await gatherWorkload(key, decision.server, { isApplied: isNow, world, signal });
  const rolling = await rollingOf(key, decision, { held, told, round, restart }, { world, signal });
  const later = afterLooking(comeBack, [restart, workload, rolling]);
  if (later !== undefined) return later;
  const serving = told.filter(({ action }) => !isOfCandidate(decision.server, action));
  const seen = { facts: references.facts, isOpen: workload.verification.state === 'verified', nowMs: workload.nowMs };
  const optional = await optionalFor(key, decision, { apis, outcomes: told, ...seen }, { world, signal });
  const report = nextReport({
    ...{ ...workload, isQueued, accepted: acceptanceOf(decision, notice), policy: decision.policy },
    ...{ problem: findProblem(serving), standing: standingFor(key, decision, { round, held }, world) },
    ...{ optional: optional.said, lacking: optional.lacking, registration: optional.registration, rolling },
  });
  const address = clusterUrlIn(report.status);
  keepAsking(key, decision.server, { ask: report.ask, address, caBundle: references.caBundle }, world);
  keepProving(key, decision.server, { rolling, caBundle: references.caBundle }, world);
  const written = await writeStatus(server, report, world, signal);
  const unwritten = await writeBinding(server, optional.writes, { world, signal });
  const early = afterWriting(written, comeBack ?? firstOf([held.error, unwritten]), report);
  if (early !== undefined) return early;
  const looksMs = [afterMs, afterLeaving(key, executed, world), report.lookAgainMs, optional.lookAgainMs];
  return whatNext(executed, soonest([...looksMs, ...[...unreadKinds].map(() => comeBackMs.toUnread)]));
}

function notBefore(why: string, notBeforeMs: number | undefined): WorkResult {
  return { type: 'retry', why, ...(notBeforeMs === undefined ? {} : { notBeforeMs }) };
}

/** What is said beside the verdict, whatever it is: of the policy, and of what its author relies on and the network does not do. */
function noticeFor(server: MCPServer, { policyNotice, network }: World): string | undefined {
  const onNetwork = network?.outcome === 'NotEnforced' ? noticeOnNetwork(server) : undefined;
  const notices = [policyNotice, onNetwork].filter((notice) => notice !== undefined);
  return notices.length === 0 ? undefined : notices.join('; ');
}

/** Where nobody knows whose failure it is, what status says stays as it is until somebody does. */
function afterLooking(
  comeBack: WorkResult | undefined,
  looks: readonly (Pick<OfNewest, 'unread'> | undefined)[],
): WorkResult | undefined {
  const failed = firstOf(looks.map((look) => look?.unread));
  return failed === undefined ? undefined : (comeBack ?? failed);
}

/** What comes next where the status does not stand there as it should: nothing follows from it then. */
function afterWriting(
  written: StatusWrite,
  comeBack: WorkResult | undefined,
  { lookAgainMs = Infinity }: Report,
): WorkResult | undefined {
  if (written.result === 'failed') return retryAfter(written.error);
  if (comeBack !== undefined) return comeBack;
  if (written.result === 'gone') return notBefore('its status was not written: the server has changed', undefined);
  return written.result === 'reduced'
    ? { type: 'again', afterMs: Math.min(comeBackMs.toRefusal, lookAgainMs) }
    : undefined;
}

function judgedBy(
  server: MCPServer,
  world: World,
): Pick<DecideInput, 'policy' | 'policyVersion' | 'labelsOf' | 'installation' | 'now'> {
  const { policy, labelsOf, installation } = world;
  const now = timestamp(world.clock.now());
  const { name } = server.metadata;
  const policyVersion = world.policyVersionFor({ namespace: namespaceOf(server), name }, { now, labelsOf });
  return { policy, policyVersion, labelsOf, installation, now };
}

/** What a rollout depends on. */
function seenOf(
  key: string,
  { pods, reduced }: World,
): Pick<DecideInput, 'replicaSet' | 'podPorts' | 'podMetricsPorts' | 'isRemembered'> {
  const serving = pods.servingOf(key);
  const refused = reduced.get(key);
  return {
    replicaSet: replicaSetOf(serving),
    podPorts: pods.portsOf(key),
    podMetricsPorts: pods.metricsPortsOf(key),
    isRemembered: refused === undefined || takesExtensions(refused.why),
  };
}

/** Of a kind that has an object which nobody could read this time, nothing is known. */
function withoutUnread(apis: ApiStates, unreadKinds: ReadonlySet<string>): ApiStates {
  return { get: (kind) => (unreadKinds.has(kind) ? 'unknown' : apis.get(kind)) };
}

/** There is a verdict to act on. */
type DecidedServer = Decision & { readonly verdict: 'accepted' | 'invalid' };

/** What becomes of the Deployment that serves while its pods are not to be replaced yet. */
function hold(
  decision: DecidedServer,
  observed: readonly ObservedChild[],
  world: World,
  signal: AbortSignal,
): Promise<Held> {
  const rollout = rolloutOf(decision);
  return rollout === undefined
    ? Promise.resolve(leftAlone)
    : holdTemplate(decision.server, rollout, observed, { api: world.api, signal });
}

interface Seen {
  readonly held: Held;
  readonly told: readonly Executed[];
  readonly round: Carried;
  readonly restart: Restart;
}

/** What is seen of the rollout; gives its place back once it neither begins nor proves. */
async function rollingOf(
  key: string,
  decision: DecidedServer,
  { held, told, round, restart: { isRestarted } }: Seen,
  { world, signal }: { readonly world: World; readonly signal: AbortSignal },
): Promise<(Rolling & Pick<OfNewest, 'unread'>) | undefined> {
  const planned = rolloutOf(decision);
  if (planned === undefined) return undefined;
  if (planned.instructions.template !== 'to-begin' && planned.phase !== 'Proving') world.places.leave(key);
  const { server } = decision;
  const isPaused = round.isCandidatePaused === true;
  return {
    ...{ planned, hasPlace: round.mayBegin, isStableGone: held.isStableGone, isRestarted },
    ...(await gatherCandidate(key, { server, planned, told, isPaused }, world, signal)),
    newPod: proofOfNewPod(key, planned, world),
    candidatePods: world.candidatePods.of(key),
  };
}

function rolloutOf(decision: DecidedServer): PlannedRollout | undefined {
  return decision.verdict === 'accepted' ? decision.rollout : undefined;
}

function replicaSetOf(pods: readonly ServingPod[]): string | undefined {
  const [first, ...others] = new Set(pods.map(({ template }) => template));
  return others.length === 0 ? first : undefined;
}

/** A round, and whether a rollout may begin in it: then nothing that would replace pods was done. */
type Carried = Round & { readonly afterMs?: number; readonly mayBegin: boolean; readonly isCandidatePaused?: boolean };

async function carryOut(
  key: string,
  decision: DecidedServer,
  { heldActions, observed }: { readonly heldActions: readonly Action[]; readonly observed: readonly ObservedChild[] },
  { world, signal }: { readonly world: World; readonly signal: AbortSignal },
): Promise<Carried> {
  if (decision.verdict === 'invalid') {
    world.pacing.stopWaiting(key);
    return { executed: await execute(key, decision.actions, toldOf(world, signal)), putOff: [], mayBegin: false };
  }
  const { server } = decision;
  const paced = pacedAs(key, decision);
  const { generation } = paced;
  const admitted = world.pacing.admit(paced, [...decision.actions, ...heldActions]);
  const isBegin = decision.rollout?.instructions.template === 'to-begin';
  const timely = isBegin ? admitted.actions.filter((action) => !replacesServingPods(action)) : admitted.actions;
  const { actions, pauseMs } = pauseCandidate(key, decision, timely, world);
  const { rollout } = decision;
  const isQueued = isBegin && admitted.putOff.some(({ state }) => state === 'Queued');
  const scaling =
    isQueued && rollout !== undefined ? await scaleInQueue({ key, server, rollout, observed }, world, signal) : [];
  const executed = await execute(key, [...actions, ...scaling], toldOf(world, signal));
  world.pacing.settle(paced, executed);
  if (executed.some(({ action, result }) => result === 'done' && createsCandidate(server, action)))
    world.candidateCreations.note(key);
  if (executed.some(isAboutNoApi)) world.optional.askSoon();
  tellClaimed(server, executed, world);
  const afterMs = soonest([admitted.afterMs ?? world.pacing.fightMs(key, generation), pauseMs]);
  return {
    ...{ executed, putOff: admitted.putOff, mayBegin: timely.length < admitted.actions.length },
    ...{ isCandidatePaused: pauseMs !== undefined },
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

/** `pauseMs`: until the candidate is created again, in milliseconds; undefined: it is there, or is created now, or not wanted. */
function pauseCandidate(
  key: string,
  { server, rollout }: Decision & { readonly verdict: 'accepted' },
  actions: readonly Action[],
  { candidateCreations }: World,
): { readonly actions: readonly Action[]; readonly pauseMs?: number } {
  if (rollout?.instructions.candidate !== 'wanted') candidateCreations.forget(key);
  const pauseMs = candidateCreations.pauseMs(key);
  const others = pauseMs === 0 ? actions : actions.filter((action) => !createsCandidate(server, action));
  return others.length === actions.length ? { actions } : { actions: others, pauseMs };
}

function observeValidation(startedAtMs: number, { metrics }: World): void {
  metrics.perServer?.observePhase('validation', (performance.now() - startedAtMs) / 1_000);
}

function toldOf({ api, children, metrics: { perServer } }: World, signal: AbortSignal): ChildWorld {
  const onExecuted = perServer?.observeWrite.bind(perServer);
  return { api, children, signal, ...(onExecuted === undefined ? {} : { onExecuted }) };
}

function acceptanceOf(decision: DecidedServer, notice: string | undefined): Acceptance {
  const besides = notice === undefined ? {} : { notice };
  if (decision.verdict === 'accepted') return { state: 'valid', ...besides };
  const { message, cause } = decision;
  return { state: 'invalid', message, cause, ...besides };
}

/**
 * An owner's change is one that does not serve yet: all else comes from us, or from what many servers share. It can wait where
 * its rollout is planned: then both ports are open meanwhile, and the address stays.
 */
function pacedAs(key: string, { server, rollout }: DecidedServer & { readonly verdict: 'accepted' }): Paced {
  const { metadata, status } = server;
  const { generation = 0 } = metadata;
  const isChanged = saidToServe(status) !== generation;
  const staysReachable = rollout?.instructions.template === 'to-begin';
  const said = { isVerified: servesWell(status), comesBack: whatComesBack(server) };
  const paced = { key, generation, isChanged, staysReachable, ...said };
  const begun = rollout === undefined ? undefined : begunRollout(rollout);
  return begun === undefined ? paced : { ...paced, rollout: begun };
}

/** As status says of this generation. */
function whatComesBack({ metadata, status }: MCPServer): readonly StandingField[] {
  if (status?.observedGeneration !== (metadata.generation ?? 0)) return [];
  return (status.extensions?.foreign?.fields ?? []).filter(({ state }) => state === 'ComesBack');
}

function begunRollout({ phase, instructions: { template } }: PlannedRollout): Paced['rollout'] {
  if (phase === 'Proving' && template === 'held') return 'proving';
  return phase === 'Rolling' || template === 'put-back' ? 'rolling' : undefined;
}

/** Whether the Deployment that stands there is the one of this generation. */
function isApplied(decision: DecidedServer, { told, held, isQueued }: Applied): boolean {
  if (decision.verdict !== 'accepted' || isQueued) return false;
  const ofServing = told.filter(({ action }) => action.of.hasPods === true && !isOfCandidate(decision.server, action));
  if (ofServing.some(({ result }) => result === 'failed')) return false;
  switch (decision.rollout?.instructions.template ?? 'wanted') {
    case 'wanted':
      return true;
    case 'to-begin':
      // Drift that is repaired is not put off, whatever it makes of the template.
      return ofServing.some(({ action }) => action.type === 'apply');
    case 'put-back':
      // It stays.
      return held.isStableGone;
    case 'held':
      return false;
  }
}

interface Applied {
  readonly told: readonly Executed[];
  readonly held: Held;
  readonly isQueued: boolean;
}

/** What stands now; null when nothing does, undefined when it cannot be told what should. */
function standingFor(
  key: string,
  decision: DecidedServer,
  { round: { executed, putOff }, held }: { readonly round: Round; readonly held: Held },
  world: World,
): ForeignFieldsStatus | null | undefined {
  if (decision.verdict !== 'accepted') return undefined;
  const { server } = decision;
  const desired = decision.desired.map((object) => (isSameObject(object, held.deployment) ? held.deployment : object));
  const { uid, generation = 0 } = server.metadata;
  // In a fight it would be gone for a moment and back, and each time be written.
  if (putOff.length === 0 && world.pacing.fightMs(key, generation) !== undefined)
    return server.status?.extensions?.foreign ?? null;
  // A candidate that goes is wanted by nobody any more, and what makes it weak is what the spec says.
  const children = observedChildren(key, world).filter(
    ({ controller, name }) => controller?.uid === uid && name !== candidateName(server),
  );
  const failed = executed.flatMap(({ action, result }) => (result === 'failed' ? [action] : []));
  return standingFields({ children, desired, putOff, failed }) ?? null;
}

function isSameObject(a: KubernetesObject, b: KubernetesObject | undefined): b is KubernetesObject {
  return a.kind === b?.kind && a.metadata.name === b.metadata.name;
}

/** What is said of optional kinds, and what follows from that. */
interface Optional extends Pick<GatewayReport, 'writes'> {
  /** In milliseconds; absent: somebody tells. */
  readonly lookAgainMs?: number | undefined;
  /** Absent where nothing was brought about. */
  readonly said?: readonly Said[];
  /** In its place then. */
  readonly lacking?: ReadonlyMap<string, Said>;
  readonly registration?: RegistrationStatus;
}

async function optionalFor(
  key: string,
  decision: DecidedServer,
  { facts, isOpen, ...known }: Pick<GatewayInput, 'apis' | 'outcomes' | 'facts' | 'isOpen' | 'nowMs'>,
  { world, signal }: { readonly world: World; readonly signal: AbortSignal },
): Promise<Optional> {
  const { server, findings } = decision;
  if (decision.verdict !== 'accepted') return { lacking: lackingNow({ server, apis: known.apis }) };
  const existing = expandedKinds.filter(isOptional).flatMap(({ kind }) => world.children.get(kind)?.of(key) ?? []);
  const input = { ...known, server, children: existing.map(({ child }) => child) };
  const said = optionalConditions(input);
  const gateway = await registrationFor(
    { ...input, findings, announcedBy: decision.announcedBy, ...present({ isOpen }) },
    facts,
    { world, signal },
  );
  const rival = rivalFor(server, { kind: ingress.kind, name: childName(server) }, world);
  const { clusterDomain } = world;
  const published = decideIngress({ ...input, findings, clusterDomain, rival, ...present({ isOpen }) });
  const reports = [gateway, published].filter((report) => report !== undefined);
  return {
    said: [...said, ...reports.map((report) => report.said)],
    registration: present({
      ...{ gatewayBinding: gateway?.binding, url: gateway?.url ?? published?.url, offer: gateway?.offer },
    }),
    lookAgainMs: soonest([...reports.map((report) => report.lookAgainMs), tellsTroubleInMs(input)]),
    ...present({ writes: gateway?.writes }),
  };
}

function firstOf(errors: readonly (ApiError | undefined)[]): WorkResult | undefined {
  const [first] = errors.filter((error) => error !== undefined);
  return first && retryAfter(first);
}

/** The answer to an apply is not told by the watch again, and may show what nobody knew of before it. */
function afterLeaving(key: string, executed: readonly Executed[], world: World): number | undefined {
  const isLeft = observedChildren(key, world).some(({ foreign }) => foreign !== undefined);
  const hasApplied = executed.some(({ action, result }) => action.type === 'apply' && result === 'done');
  return isLeft && hasApplied ? 0 : undefined;
}

function soonest(looksMs: readonly (number | undefined)[]): number | undefined {
  const known = looksMs.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function whatNext(executed: readonly Executed[], nextLookMs: number | undefined): WorkResult {
  if (executed.some(({ isNews }) => isNews === true)) return { type: 'again', afterMs: comeBackMs.toNews };
  if (executed.some(({ action }) => action.type === 'conflict'))
    return { type: 'again', afterMs: comeBackMs.toForeignObject };
  const isRefused = executed.some(({ result }) => result === 'failed');
  if (isRefused) return { type: 'again', afterMs: Math.min(comeBackMs.toRefusal, nextLookMs ?? Infinity) };
  return nextLookMs === undefined ? { type: 'done' } : { type: 'again', afterMs: nextLookMs };
}
