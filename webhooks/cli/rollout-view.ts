import { oneLine } from '../core/engine/text.ts';
import { parseMCPServer } from '../core/mcpserver/parse.ts';
import { askedTryOf } from '../core/plan/asked-try.ts';
import { retryAskedIn } from '../core/rollout/retry.ts';
import { isRejected } from '../core/rollout/state.ts';
import { digest } from '../platform/digest.ts';
import { isRecord, listAt, metaOf, numberAt, recordAt, stringAt } from '../platform/kube/object.ts';
import { nameOf } from './outputs/told.ts';

/**
 * Where the newest version of a server is.
 *
 * Complete: it serves, and was verified (or it is scaled to zero, as asked). UnderWay: time brings it on. Stuck: it goes on when something around it
 * changes, as room in a quota or a ConfigMap that comes. Failed: it does not serve, and is not tried again by itself.
 */
export const rolloutOutcomes = ['Complete', 'UnderWay', 'Stuck', 'Failed'] as const;

export type RolloutOutcome = (typeof rolloutOutcomes)[number];

/** A template that failed. */
export interface FailedAttempt {
  /** Digest of the pod template. */
  readonly template: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly at: string;
}

/** What is told of the rollout of one server. */
export interface RolloutView {
  readonly namespace: string;
  readonly name: string;
  /** Of the MCPServer as it is now. */
  readonly generation: number;
  readonly outcome: RolloutOutcome;
  /** One word for where it is; those of `status.extensions.rollout.phase` where there is one. */
  readonly phase: string;
  readonly reason: string | undefined;
  readonly message: string;
  /** When the phase began, RFC 3339; known of rollouts that have a phase in status. */
  readonly since: string | undefined;
  /** Generation that the pods which serve are of; nothing serves without it. */
  readonly serves: number | undefined;
  /** The oldest first. */
  readonly failed: readonly FailedAttempt[];
  /** What the newest version has failed of, if it rests there: what another try would be of. */
  readonly retriable: FailedAttempt | undefined;
  /** Whether another try of what failed was asked for, and has not begun. */
  readonly isRetryAsked: boolean;
}

/** Longest sentence that is shown, in characters. */
const maxMessageLength = 1_024;
/** Longest word of a status, in characters: reasons of the API have that at most, ours less. */
const maxWordLength = 128;

/**
 * Read from the object as the cluster has it, whatever release wrote it: what is not there, or of another type, is not known.
 */
export function viewRollout(server: unknown): RolloutView {
  const { namespace, name, generation } = metaOf(server);
  const seen = seenIn(server);
  const { outcome, phase, reason, message } = decideView(seen);
  const availability = seen.conditionOf('Available');
  const isServing = availability?.status === 'True' && availability.reason === 'Available';
  return {
    ...{ namespace, name, generation, outcome },
    phase: oneLine(phase, maxWordLength),
    reason: reason === undefined || reason === phase ? undefined : oneLine(reason, maxWordLength),
    message: oneLine(message, maxMessageLength),
    since: seen.state?.since,
    serves: isServing ? availability.generation : undefined,
    failed: seen.failed.map(({ template, reason: why, message: said, at }) => ({
      template,
      reason: why,
      message: said,
      at,
    })),
    retriable: findRetriable(seen, phase),
    isRetryAsked: seen.isRetryAsked,
  };
}

/** Phases in which nothing is tried any more. */
const restingPhases: ReadonlySet<string> = new Set(['Rejected', 'RolledBack']);

/** `phase`: of the newest version as it is told; what status remembers of others is not that. */
function findRetriable({ state, failed }: Seen, phase: string): FailedAttempt | undefined {
  if (phase !== state?.phase || !isAtRest(state)) return undefined;
  return failed.find(({ template }) => template === state.template);
}

interface SeenCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly generation: number;
}

interface Seen {
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly conditionOf: (type: string) => SeenCondition | undefined;
  readonly state: SeenState | undefined;
  readonly failed: readonly RememberedAttempt[];
  readonly isRetryAsked: boolean;
}

/** With which try it was. */
interface RememberedAttempt extends FailedAttempt {
  readonly retry: string | undefined;
  /** Of one that was held back for its tools. */
  readonly contract: string | undefined;
}

interface SeenState {
  readonly phase: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly since: string;
  readonly template: string | undefined;
}

function seenIn(server: unknown): Seen {
  const { generation, isDeleting } = metaOf(server);
  const status = recordAt(server, 'status');
  const conditions = listAt(status, 'conditions').filter(isRecord);
  const rollout = recordAt(recordAt(status, 'extensions'), 'rollout');
  const state = stateIn(rollout);
  const failed = listAt(rollout, 'failed').filter(isRecord).map(toAttempt);
  const last = isAtRest(state) ? failed.find(({ template }) => template === state?.template) : undefined;
  return {
    ...{ generation, isDeleting, state, failed },
    isRetryAsked: last !== undefined && isAnotherAsked(server, last),
    conditionOf(type) {
      const found = conditions.find((condition) => stringAt(condition, 'type') === type);
      return found === undefined ? undefined : toCondition(found);
    },
  };
}

/** As the reconciler decides it. What is no MCPServer that we know says nothing of tools that could be compared. */
function isAnotherAsked(server: unknown, last: RememberedAttempt): boolean {
  const { template, contract } = last;
  const retry = retryAskedIn(recordAt(recordAt(server, 'metadata'), 'annotations'));
  // The schema is not asked of each server of a table, only where tools were what it was held back for.
  const parsed = contract === undefined ? undefined : parseMCPServer(server);
  const now = parsed?.ok === true ? askedTryOf(parsed.server, digest).contract : contract;
  return !isRejected({ failed: [last] }, { template, retry, contract: now });
}

/** Whether another try is what it takes to go on. While one is made, what failed before is still remembered. */
function isAtRest(state: SeenState | undefined): boolean {
  return state?.phase === 'Blocked' ? state.reason === 'NothingToPutBack' : restingPhases.has(state?.phase ?? '');
}

function toCondition(found: unknown): SeenCondition {
  return {
    status: stringAt(found, 'status') ?? '',
    reason: stringAt(found, 'reason') ?? '',
    message: stringAt(found, 'message') ?? '',
    generation: numberAt(found, 'observedGeneration') ?? 0,
  };
}

function stateIn(rollout: unknown): SeenState | undefined {
  const phase = stringAt(rollout, 'phase');
  if (phase === undefined) return undefined;
  const target = recordAt(rollout, 'target');
  return {
    phase,
    reason: stringAt(rollout, 'reason'),
    message: stringAt(rollout, 'message'),
    since: oneLine(stringAt(target, 'since') ?? '', maxWordLength),
    template: stringAt(target, 'template'),
  };
}

function toAttempt(entry: unknown): RememberedAttempt {
  return {
    template: oneLine(stringAt(entry, 'template') ?? '', maxWordLength),
    reason: oneLine(stringAt(entry, 'reason') ?? '', maxWordLength),
    message: oneLine(stringAt(entry, 'message') ?? '', maxMessageLength),
    at: oneLine(stringAt(entry, 'at') ?? '', maxWordLength),
    retry: stringAt(entry, 'retry'),
    contract: stringAt(entry, 'contract'),
  };
}

type Decided = Pick<RolloutView, 'outcome' | 'phase' | 'message'> & { readonly reason?: string | undefined };

/** The first that has something to say. */
function decideView(seen: Seen): Decided {
  return notLookedAt(seen) ?? refused(seen) ?? inPhase(seen) ?? onItsWay(seen) ?? arrived(seen);
}

function notLookedAt({ generation, isDeleting, isRetryAsked, conditionOf }: Seen): Decided | undefined {
  if (isDeleting) return { outcome: 'Failed', phase: 'Deleting', message: 'The MCPServer is being deleted' };
  const accepted = conditionOf('Accepted');
  if (accepted === undefined || accepted.generation < generation) {
    return {
      outcome: 'UnderWay',
      phase: 'Waiting',
      message: `mcp-lifecycle has not looked at generation ${generation} yet`,
    };
  }
  return isRetryAsked ? { outcome: 'UnderWay', phase: 'Waiting', message: 'Another try is asked for' } : undefined;
}

function refused({ conditionOf }: Seen): Decided | undefined {
  const accepted = conditionOf('Accepted');
  if (accepted === undefined || accepted.status === 'True') return undefined;
  const { reason, message } = accepted;
  return { outcome: 'Stuck', phase: 'NotAccepted', reason, message };
}

/** Of a phase in status. A word of a later release is on its way, as far as we know. */
const outcomeOfPhase: ReadonlyMap<string, RolloutOutcome> = new Map([
  ['Proving', 'UnderWay'],
  ['Rolling', 'UnderWay'],
  ['Rejected', 'Failed'],
  ['RolledBack', 'Failed'],
  ['Blocked', 'Stuck'],
]);

/** Reasons after which nothing is tried again by itself, whatever the phase. */
const finalReasons: ReadonlySet<string> = new Set(['NothingToPutBack', 'ProgressDeadlineExceeded']);

function inPhase({ state, conditionOf }: Seen): Decided | undefined {
  if (state === undefined) return undefined;
  // Waits for its turn after another template has failed: what status says is of that one.
  if (conditionOf('Reconciling')?.reason === 'RolloutQueued') return undefined;
  const { phase, reason } = state;
  const told = conditionOf('Stalled') ?? conditionOf('Reconciling');
  const message = told?.message ?? state.message ?? '';
  const outcome = finalReasons.has(reason ?? '') ? 'Failed' : (outcomeOfPhase.get(phase) ?? 'UnderWay');
  return { outcome, phase, reason, message };
}

/** Of a rollout without a phase in status, by the reason of Reconciling. */
const phaseOfReason: Readonly<Record<string, string>> = { RolloutQueued: 'Queued', RollingOut: 'Rolling' };

function onItsWay({ conditionOf }: Seen): Decided | undefined {
  const stalled = conditionOf('Stalled');
  if (stalled?.status === 'True') {
    const { reason, message } = stalled;
    return { outcome: finalReasons.has(reason) ? 'Failed' : 'Stuck', phase: 'Stalled', reason, message };
  }
  const reconciling = conditionOf('Reconciling');
  if (reconciling?.status !== 'True') return undefined;
  const { reason, message } = reconciling;
  return { outcome: 'UnderWay', phase: phaseOfReason[reason] ?? reason, message };
}

/** Nothing is on its way: is it as it should be? */
function arrived(seen: Seen): Decided {
  const { generation, conditionOf } = seen;
  const available = conditionOf('Available');
  if (available?.reason === 'ScaledToZero' && available.status === 'True') {
    return { outcome: 'Complete', phase: 'Complete', message: available.message };
  }
  const ready = conditionOf('Ready');
  const { status = 'Unknown', message = 'Nothing is known of its pods' } = ready ?? {};
  if (status === 'True' && ready !== undefined && ready.generation >= generation) {
    return { outcome: 'Complete', phase: 'Complete', message };
  }
  const outcome = status === 'False' ? 'Stuck' : 'UnderWay';
  return { outcome, phase: 'NotReady', reason: reasonOfNotReady(seen), message };
}

/** Ready has one word for whatever Verified says, which has a word for each. */
function reasonOfNotReady({ conditionOf }: Seen): string | undefined {
  const verified = conditionOf('Verified');
  const isByVerified =
    conditionOf('Available')?.status === 'True' && verified !== undefined && verified.status !== 'True';
  return (isByVerified ? verified : conditionOf('Ready'))?.reason;
}

/** One line: which server, where its newest version is, and what serves meanwhile. */
export function renderView(view: RolloutView): string {
  const { phase, reason, generation, serves, message } = view;
  const why = reason === undefined ? '' : ` (${reason})`;
  const meanwhile = serves === undefined ? 'nothing serves' : `generation ${serves} serves`;
  const which = serves === generation ? meanwhile : `generation ${generation}, ${meanwhile}`;
  return `${nameOf(view)}: ${phase}${why}, ${which}${message === '' ? '' : `: ${message}`}`;
}
