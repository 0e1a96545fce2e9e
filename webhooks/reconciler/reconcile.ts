import { decide } from '../core/plan/decide.ts';
import type { Decision } from '../core/plan/decide.ts';
import { standingFields } from '../core/plan/foreign/standing.ts';
import type { ForeignFieldsStatus, MCPServer } from '../core/mcpserver/types.gen.ts';
import { namespaceOf } from '../core/mcpserver/names.ts';
import type { ApiStates } from '../core/engine/installation.ts';
import { findProblem } from '../core/plan/child-problem.ts';
import { conditionOf } from '../core/plan/condition.ts';
import type { Said } from '../core/plan/condition.ts';
import { nextReport } from '../core/plan/report.ts';
import { optionalConditions } from '../core/plan/optional-conditions.ts';
import type { OptionalInput } from '../core/plan/optional-conditions.ts';
import { saidToServe } from '../core/plan/served-generation.ts';
import type { Acceptance } from '../core/plan/status-input.ts';
import { expandedKinds } from '../core/resources/index.gen.ts';
import { isOptional } from '../core/resources/optional-kind.ts';
import { timestamp } from '../platform/clock.ts';
import { digest } from '../platform/digest.ts';
import { splitKey } from '../platform/kube/object.ts';
import { execute, isAboutNoApi } from './execute.ts';
import type { Executed } from './execute.ts';
import { gather, observedChildren } from './gather.ts';
import { gatherWorkload } from './gather-workload.ts';
import { noteRound, retryAfter } from './note-round.ts';
import type { Round } from './note-round.ts';
import type { ChildWorld } from './refresh-child.ts';
import { tellClaimed } from './tell-claimed.ts';
import { renderUnchecked, tellNotChecked } from './tell-not-checked.ts';
import { endUnread, tellUnread } from './tell-unread.ts';
import type { Paced } from './pacing.ts';
import type { WorkResult } from './queue.ts';
import { writeStatus } from './status-writer.ts';
import { keepAsking } from './verification.ts';
import type { World } from './world.ts';

/** How soon a server is reconciled again although no watch told us anything, in milliseconds. */
const comeBackMs = { toForeignObject: 60_000, toUnread: 60_000, toRefusal: 300_000 };

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
  // Read together: another policy may be in force after the next wait.
  const { policy, policyVersionFor, policyNotice, labelsOf, installation } = world;
  const now = timestamp(world.clock.now());
  const policyVersion = policyVersionFor(
    { namespace: namespaceOf(server), name: server.metadata.name },
    { now, labelsOf },
  );
  const judged = { policy, policyVersion, labelsOf, installation, now };
  const apis = withoutUnread(world.optional.statesIn(splitKey(key).namespace), unreadKinds);
  const decision = decide({ ...references, ...judged, subject, observed, apis, digest });
  if (decision.verdict === 'retry') {
    world.pacing.stopWaiting(key);
    await tellNotChecked(key, server, decision.unchecked, { world, signal });
    const { retryAfterMs } = references.transient ?? {};
    return {
      type: 'retry',
      why: renderUnchecked(decision.unchecked),
      ...(retryAfterMs === undefined ? {} : { notBeforeMs: retryAfterMs }),
    };
  }

  observeValidation(startedAtMs, world);
  world.notChecked.delete(key);
  world.foundRules.put(key, decision.findings);
  const round = await carryOut(key, decision, world, signal);
  const { executed, afterMs } = round;
  // Nothing can be created in a namespace that is on its way out, and the server goes with it.
  if (executed.some(({ error }) => error?.reason === 'NamespaceTerminating')) return { type: 'done' };
  const { told, comeBack } = noteRound(key, round, world);
  if (told === undefined) return comeBack;

  const isQueued = round.putOff.some(({ state }) => state === 'Queued');
  const applied = isApplied(decision, told, isQueued);
  const workload = await gatherWorkload(key, decision.server, { isApplied: applied, world, signal });
  const report = nextReport({
    ...{ ...workload, isQueued, accepted: acceptanceOf(decision, policyNotice), policy: decision.policy },
    ...{ problem: findProblem(told), standing: standingFor(key, decision, round, world) },
    optional: optionalFor(key, decision, { apis, outcomes: told }, world),
  });
  keepAsking(key, decision.server, { ask: report.ask, caBundle: references.caBundle }, world);
  const written = await writeStatus(server, report, world, signal);
  if (written.result === 'failed') return retryAfter(written.error);
  if (comeBack !== undefined) return comeBack;
  if (written.result === 'reduced') return { type: 'again', afterMs: comeBackMs.toRefusal };
  const looksMs = [afterMs, afterLeaving(key, executed, world), report.lookAgainMs];
  return whatNext(executed, soonest([...looksMs, ...[...unreadKinds].map(() => comeBackMs.toUnread)]));
}

/** Of a kind that has an object which nobody could read this time, nothing is known. */
function withoutUnread(apis: ApiStates, unreadKinds: ReadonlySet<string>): ApiStates {
  return { get: (kind) => (unreadKinds.has(kind) ? 'unknown' : apis.get(kind)) };
}

/** There is a verdict to act on. */
type DecidedServer = Decision & { readonly verdict: 'accepted' | 'invalid' };

async function carryOut(
  key: string,
  decision: DecidedServer,
  world: World,
  signal: AbortSignal,
): Promise<Round & { readonly afterMs?: number }> {
  if (decision.verdict === 'invalid') {
    world.pacing.stopWaiting(key);
    return { executed: await execute(key, decision.actions, toldOf(world, signal)), putOff: [] };
  }
  const { server } = decision;
  const paced = pacedAs(key, server);
  const { generation } = paced;
  const { actions, ...later } = world.pacing.admit(paced, decision.actions);
  const executed = await execute(key, actions, toldOf(world, signal));
  world.pacing.settle(paced, executed);
  if (executed.some(isAboutNoApi)) world.optional.askSoon();
  tellClaimed(server, executed, world);
  const fightMs = world.pacing.fightMs(key, generation);
  return { executed, ...(fightMs === undefined ? {} : { afterMs: fightMs }), ...later };
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

/** An owner's change is one that does not serve yet: all else comes from us, or from what many servers share. */
function pacedAs(key: string, { metadata: { generation = 0 }, status }: MCPServer): Paced {
  const isVerified = conditionOf(status, 'Verified')?.status === 'True';
  const isOfThis = status?.observedGeneration === generation;
  const standing = isOfThis ? (status.extensions?.foreign?.fields ?? []) : [];
  const comesBack = standing.filter(({ state }) => state === 'ComesBack');
  return { key, generation, isVerified, isChanged: saidToServe(status) !== generation, comesBack };
}

/** Whether the Deployment that stands there is the one of this generation. */
function isApplied({ verdict }: DecidedServer, told: readonly Executed[], isQueued: boolean): boolean {
  const isRefused = told.some(({ action, result }) => action.of.hasPods === true && result === 'failed');
  return verdict === 'accepted' && !isRefused && !isQueued;
}

/** What stands now; null when nothing does, undefined when it cannot be told what should. */
function standingFor(
  key: string,
  decision: DecidedServer,
  { executed, putOff }: Round,
  world: World,
): ForeignFieldsStatus | null | undefined {
  if (decision.verdict !== 'accepted') return undefined;
  const { server, desired } = decision;
  const { uid, generation = 0 } = server.metadata;
  // In a fight it would be gone for a moment and back, and each time be written.
  if (putOff.length === 0 && world.pacing.fightMs(key, generation) !== undefined)
    return server.status?.extensions?.foreign ?? null;
  const children = observedChildren(key, world).filter(({ controller }) => controller?.uid === uid);
  const failed = executed.flatMap(({ action, result }) => (result === 'failed' ? [action] : []));
  return standingFields({ children, desired, putOff, failed }) ?? null;
}

/** Undefined where nothing was brought about. */
function optionalFor(
  key: string,
  { verdict, server }: DecidedServer,
  known: Pick<OptionalInput, 'apis' | 'outcomes'>,
  { children }: World,
): readonly Said[] | undefined {
  if (verdict !== 'accepted') return undefined;
  const existing = expandedKinds.filter(isOptional).flatMap(({ kind }) => children.get(kind)?.of(key) ?? []);
  return optionalConditions({ ...known, server, children: existing.map(({ child }) => child) });
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
  if (executed.some(({ isNews }) => isNews === true)) return { type: 'again', afterMs: 0 };
  if (executed.some(({ action }) => action.type === 'conflict'))
    return { type: 'again', afterMs: comeBackMs.toForeignObject };
  const isRefused = executed.some(({ result }) => result === 'failed');
  if (isRefused) return { type: 'again', afterMs: Math.min(comeBackMs.toRefusal, nextLookMs ?? Infinity) };
  return nextLookMs === undefined ? { type: 'done' } : { type: 'again', afterMs: nextLookMs };
}
