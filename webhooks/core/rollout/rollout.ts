import { oneLine } from '../engine/text.ts';
import { present } from '../mcpserver/record.ts';
import { isAboutTools } from '../plan/tool-reasons.ts';
import type { RolloutSettings } from './settings.ts';
import { isRejected, withFailure } from './state.ts';
import type { FailureReason, RolloutState } from './state.ts';

/** The pods that are wanted. */
export interface WantedPods {
  /** Digest of their template. */
  readonly template: string;
  /** Of the MCPServer. */
  readonly generation: number;
  readonly replicas: number;
  /** The annotation `mcp-lifecycle/retry`: another value asks for another try. */
  readonly retry: string | undefined;
  /** Digest of what the spec and its owner say of tools: another one asks for another try of what was held back for them. */
  readonly contract?: string | undefined;
}

/** The Deployment that serves. */
export interface ServingDeployment {
  /** Digest of the template that we applied last; undefined: by a release that did not say, or by nobody of us. */
  readonly template: string | undefined;
  /** Label pod-template-hash of the pods that serve; undefined: none does, or they are of several templates. */
  readonly replicaSet: string | undefined;
  /** Of the MCPServer, of which status says that it serves. */
  readonly generation?: number | undefined;
  /** What it answers is known to be good. */
  readonly isVerified: boolean;
  /** Nobody knows what it answers now, because nobody has asked since the spec was not valid. */
  readonly isUnasked?: boolean;
  /** So it is, and it was known to be good before that. */
  readonly wasVerified?: boolean;
  /** It is being put back, and nobody has found it good since that began, minutes ago at most: what has failed may serve still. */
  readonly isComingBack?: boolean;
}

/** How far the newest template of the serving Deployment has got. */
export type RollProgress =
  | { readonly state: 'rolling' }
  /**
   * All pods are of it; `answer`: of theirs, as far as there is one. `throttled`: they ask not to be asked (HTTP 429).
   * `unreached`: we cannot ask them, which may be no fault of theirs.
   */
  | {
      readonly state: 'complete';
      readonly answer: 'good' | 'bad' | 'throttled' | 'unreached' | 'none';
      readonly message?: string;
      /** Of good ones: as of {@link Proof}. */
      readonly onlyAnswers?: string;
      /** In milliseconds since 1970, as its Deployment says; absent: it does not. */
      readonly sinceMs?: number | undefined;
    }
  /** The same; they speak MCP, and their tools are not as they have to be. */
  | {
      readonly state: 'not-allowed';
      readonly reason: 'ToolContractChanged' | 'ToolNotAllowed';
      readonly message: string;
    }
  | { readonly state: 'late'; readonly message: string };

/** The candidate, as it is after our writes. */
export type Candidate =
  /** It is not there, or not yet that of the wanted template. */
  | { readonly state: 'absent' }
  /** We have created it in this round. */
  | { readonly state: 'created' }
  /** An object of its name is somebody else's. */
  | { readonly state: 'name-taken'; readonly message: string }
  /** By the API server or a policy of the platform, it or its pod: they may ask of it what a pod that serves has. */
  | { readonly state: 'refused'; readonly message: string }
  /** Its pod cannot be created now: a quota, a limit. */
  | { readonly state: 'no-pod'; readonly reason: 'QuotaExceeded' | 'CandidateNotCreated'; readonly message: string }
  /** Our own writes of it fail, time after time, though not for what they say: they are tried again. */
  | { readonly state: 'not-written'; readonly message: string }
  /** `why`: of a pod that visibly fails. `unready`: of one that runs, what keeps it from being ready if it never is. */
  | { readonly state: 'starting'; readonly why?: string; readonly unready?: string }
  | { readonly state: 'ready'; readonly proof: Proof };

/** What the candidate has answered at its own address. */
export type Proof =
  /** It is being asked, and has not answered us yet: whoever leads asks again first, however late it is. */
  | { readonly state: 'asked' }
  /** `onlyAnswers`: of one that wants credentials, all that is known; a clause, as `answers HTTP 401`. */
  | { readonly state: 'good'; readonly onlyAnswers?: string }
  /** It answered, and not as an MCP server; again and again for so long, in milliseconds. */
  | { readonly state: 'bad'; readonly message: string; readonly forMs: number }
  /** Nobody could ask: no connection at all, or it wants not to be asked. */
  | { readonly state: 'not-asked'; readonly message: string }
  /** It speaks MCP, and offers less than what serves: see the contract of its tools. */
  | {
      readonly state: 'held-back';
      readonly reason: 'ToolContractChanged' | 'ToolNotAllowed';
      readonly message: string;
    };

export interface RolloutInput {
  /** As it is written. */
  readonly state: RolloutState | undefined;
  readonly settings: RolloutSettings;
  readonly wanted: WantedPods;
  /** Undefined: there is none yet. */
  readonly serving: ServingDeployment | undefined;
  readonly candidate: Candidate;
  readonly progress: RollProgress;
  /** While it rolls out: what the first new pod that serves has answered at its own address; undefined: there is none. */
  readonly newPod?: Proof | undefined;
  /** Whether it may begin: it is its turn. */
  readonly hasPlace: boolean;
  /** The ReplicaSet with the template to be put back is gone. */
  readonly isStableGone: boolean;
  /** Its pods are started anew: see `restartedFor`. */
  readonly isRestarted?: boolean;
  readonly nowMs: number;
  /** RFC 3339; the same moment. */
  readonly now: string;
}

/** What follows from the state as it is written. */
export interface Instructions {
  /**
   * The template of the serving Deployment. `wanted`: the newest. `to-begin`: what would replace the pods is not done but
   * written into the state first, as soon as the server has its turn. `held`: as it stands, whatever the spec says; all else
   * of the Deployment follows the spec; where what stands has failed (`standsFailed`) it is put back first. `put-back`: that of
   * the ReplicaSet that served before.
   */
  readonly template: 'wanted' | 'to-begin' | 'held' | 'put-back';
  readonly candidate: 'wanted' | 'none';
}

export interface RolloutDecision extends Instructions {
  /** To be written before anything follows from it; undefined: nothing is on its way. The same object if it is the same. */
  readonly state: RolloutState | undefined;
  readonly event: RolloutEvent | undefined;
  /** When time alone changes what is decided, in milliseconds. */
  readonly lookAgainMs: number | undefined;
}

export interface RolloutEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

/** A server may be ready before what is behind its port is: bad answers count when they go on for so long, in milliseconds. */
const badAnswersMs = 15_000;
/** How long a version that cannot be asked is waited for once all its pods are there, in milliseconds: as long as a verdict stands (docs/decisions/0067). */
const unaskedForMs = 900_000;
/** How soon who is being asked is looked at although nobody tells, in milliseconds. */
const lookMs = 10_000;
/** Longest sentence that is kept, in characters; the schema allows more bytes. */
const maxMessageLength = 480;

const plain: Instructions = { template: 'wanted', candidate: 'none' };

/**
 * What the written state asks for, before anything is applied. Status is written first and followed after that, so whoever
 * dies between the two leaves a state from which the next one does the same.
 */
export function instructionsOf(input: Followed): Instructions {
  const { wanted, serving } = input;
  if (serving === undefined) return plain;
  if (isKeptOut(input)) {
    const isPutBack = serving.template !== wanted.template;
    return { template: isPutBack ? 'held' : 'put-back', candidate: 'none' };
  }
  if (!isHoldable(input) || serving.template === wanted.template || phaseOf(input) === 'Rolling') return plain;
  if (isHeldUp(input, serving)) return held(input);
  return isSuperseding(input) ? { template: 'to-begin', candidate: 'none' } : plain;
}

/**
 * What does not serve well is not held: this may be its repair. What is on its way already served well when that began; a
 * candidate is no repair as long as it does not come up or is known to be bad, and one that cannot be started may be one.
 * Another try of what has failed is none either, nor a change that comes while what served is on its way back: that has to be
 * known for the next failure.
 */
function isHeldUp(input: Followed, serving: ServingDeployment): boolean {
  const { isVerified, isUnasked, wasVerified } = serving;
  const phase = phaseOf(input);
  if (isVerified || wasVerified === true || phase === 'Proving' || hasFailed(phase)) return true;
  return isToComeBack(input, serving) || (isUnasked === true && phase === 'Blocked');
}

/** But for a change that asks for the very version that is put back. */
function isToComeBack({ state, wanted }: Followed, { isComingBack = false }: ServingDeployment): boolean {
  return isComingBack && state?.stable !== undefined && state.stable.template !== wanted.template;
}

/**
 * Whether it takes the place of a version whose new pods are watched and have not answered well: it may be the repair, and waits
 * for nobody; but it is watched in turn, and what served before both is known.
 */
function isSuperseding({ state, wanted }: Followed): boolean {
  const { phase, stable, target } = state ?? {};
  if (phase !== 'Rolling' || stable === undefined) return false;
  return target?.template !== wanted.template && stable.template !== wanted.template;
}

/**
 * Whether the template that stands is one that has failed, and what served before it is still to be put back: that is not put
 * off, whatever is wanted by now.
 */
export function standsFailed(state: RolloutState | undefined, standing: string | undefined): boolean {
  const { stable, failed = [] } = state ?? {};
  if (stable === undefined || standing === undefined || stable.template === standing) return false;
  return failed.some(({ template }) => template === standing);
}

function hasFailed(phase: RolloutState['phase'] | undefined): boolean {
  return phase === 'Rejected' || phase === 'RolledBack';
}

type Followed = Pick<RolloutInput, 'state' | 'settings' | 'wanted' | 'serving'>;

function held(input: Followed): Instructions {
  const phase = phaseOf(input);
  const goesOnTrying = phase === 'Blocked' && input.settings.verify === 'Candidate';
  return phase === 'Proving' || goesOnTrying
    ? { template: 'held', candidate: 'wanted' }
    : { template: 'to-begin', candidate: 'none' };
}

/** Of the rollout of the wanted template; undefined: it has not begun. */
export function phaseOf({ state, wanted }: Pick<RolloutInput, 'state' | 'wanted'>): RolloutState['phase'] | undefined {
  return state?.target.template === wanted.template ? state.phase : undefined;
}

/**
 * Whether the template has failed. Also with no replicas, or of pods that are not watched any more: the next pod that starts
 * would be called.
 */
function isKeptOut({ state, settings, wanted }: Pick<RolloutInput, 'state' | 'settings' | 'wanted'>): boolean {
  return settings.keepsFailed && isRejected(state, wanted);
}

/** Whether the template may be another one than the spec says, for a while. */
function isHoldable({ settings, wanted }: Pick<RolloutInput, 'settings' | 'wanted'>): boolean {
  return settings.isWatched && wanted.replicas > 0;
}

/**
 * The next state of a rollout, from what is seen after the instructions of the written one were carried out. Pure; two
 * leaders at the same moment decide the same.
 */
export function decideRollout(input: RolloutInput): RolloutDecision {
  const state = nextState(input);
  const followed = { ...input, state };
  return {
    ...instructionsOf(followed),
    state,
    event: eventOf(input, state),
    lookAgainMs: state === input.state ? untilDeadline(followed) : 0,
  };
}

function nextState(input: RolloutInput): RolloutState | undefined {
  const { state, wanted, serving } = input;
  if (serving === undefined) return undefined;
  if (isKeptOut(input)) return rejectedState(input);
  if (!isHoldable(input)) return undefined;
  const phase = phaseOf(input);
  if (state !== undefined && phase === 'Rolling') return nextOfRolling(input, state);
  // It stands there already: applied by a round whose status was lost, or taken back by its owner; or was about to be put back.
  if (serving.template === wanted.template) return phase === 'RolledBack' ? rolling(input, 'Skipped') : undefined;
  if (!isHeldUp(input, serving)) return nextOfRepair(input);
  return state === undefined ? begin(input) : nextOfHeld(input, state);
}

function nextOfRepair(input: RolloutInput): RolloutState | undefined {
  if (phaseOf(input) === 'Blocked') return rolling(input, 'NotProven');
  return isSuperseding(input) ? rolling(input, 'Skipped') : undefined;
}

function nextOfHeld(input: RolloutInput, state: RolloutState): RolloutState | undefined {
  const phase = phaseOf(input);
  if (phase === 'Proving') return nextOfProving(input, state);
  return phase === 'Blocked' ? nextOfBlocked(input, state) : begin(input);
}

/** Nothing is tried again by itself; what has been told stays. */
function rejectedState(input: RolloutInput): RolloutState | undefined {
  const { state, serving, wanted, isStableGone, progress, now } = input;
  if (state === undefined || serving?.template !== wanted.template || !isStableGone) return state;
  // It had to stay, and is good after all.
  if (progress.state === 'complete' && progress.answer === 'good') return undefined;
  if (state.phase === 'Blocked') return state;
  const message = 'What served before cannot be put back: its ReplicaSet is gone. Correct the spec';
  return { ...state, phase: 'Blocked', target: { ...state.target, since: now }, reason: 'NothingToPutBack', message };
}

function begin(input: RolloutInput): RolloutState | undefined {
  const { hasPlace, settings, state } = input;
  if (!hasPlace) return state === undefined ? undefined : kept(state);
  return settings.verify === 'AfterSwitch' ? rolling(input, 'Skipped') : proving(input);
}

/** While it waits, what another template has failed of is not forgotten, and all else of that is over. */
function kept(state: RolloutState): RolloutState | undefined {
  return state.failed === undefined ? undefined : state;
}

function proving(input: RolloutInput): RolloutState {
  return { phase: 'Proving', ...common(input) };
}

function rolling(input: RolloutInput, proof: NonNullable<RolloutState['proof']>, why?: string): RolloutState {
  const said = why === undefined ? {} : { message: oneLine(why, maxMessageLength) };
  return { phase: 'Rolling', ...common(input), proof, ...said };
}

function common({ state, wanted, serving, now }: RolloutInput): Omit<RolloutState, 'phase'> {
  const { template, generation } = wanted;
  const stable = stableNow(state?.stable, serving);
  return {
    target: { template, generation, since: now },
    ...(stable === undefined ? {} : { stable }),
    ...(state?.failed === undefined ? {} : { failed: state.failed }),
  };
}

/** Of a server that is on its way already, what served at first while there are pods of both; what is verified and alone serves now, else. */
function stableNow(before: RolloutState['stable'], serving: ServingDeployment | undefined): RolloutState['stable'] {
  const now = stableOf(serving);
  // The Deployment may name a template of which there is no pod yet.
  const isOther = now !== undefined && now.replicaSet !== before?.replicaSet && serving?.isVerified === true;
  return isOther ? now : (before ?? now);
}

function stableOf(serving: ServingDeployment | undefined): RolloutState['stable'] {
  if (serving?.replicaSet === undefined) return undefined;
  const { template = '', replicaSet, generation } = serving;
  return { template, replicaSet, ...(generation === undefined ? {} : { generation }) };
}

function nextOfProving(input: RolloutInput, state: RolloutState): RolloutState {
  const { candidate } = input;
  const isLate = elapsedMs(input, state) >= input.settings.deadlineMs;
  switch (candidate.state) {
    case 'name-taken':
      return blocked(input, state, {
        reason: 'CandidateRefused',
        message: `The candidate cannot be started: ${candidate.message}. What serves is not touched. Remove that object, or set spec.extensions.rollout.verify to AfterSwitch`,
      });
    case 'refused':
      return rolling(input, 'NotProven', `the candidate is refused: ${candidate.message}`);
    case 'no-pod':
      return blocked(input, state, {
        reason: candidate.reason,
        message: `The candidate cannot be started: ${candidate.message}. What serves is not touched. Make room for one more pod, which a rollout needs in any case, or set spec.extensions.rollout.strategy to Recreate, which is an outage`,
      });
    case 'not-written':
      return blocked(input, state, {
        reason: 'CandidateNotCreated',
        message: `The candidate cannot be started: ${candidate.message}. What serves is not touched, and this goes on by itself`,
      });
    case 'created':
      // Nobody has looked after it for so long, or its owner had to correct the spec first: the time begins now.
      return isLate ? proving(input) : state;
    case 'absent':
    case 'starting':
      return isLate ? notReady(input, state) : state;
    case 'ready':
      return nextOfReady(input, state, { proof: candidate.proof, isLate });
  }
}

function notReady(input: RolloutInput, state: RolloutState): RolloutState {
  const { candidate, settings } = input;
  const late = `The candidate was not ready within ${settings.deadlineMs / 1_000} s`;
  const message = candidate.state === 'starting' ? withoutPod(`${late}${becauseOf(candidate)}`) : late;
  return failed(input, state, { phase: 'Rejected', reason: 'CandidateNotReady', message });
}

function becauseOf({ why, unready = '' }: { readonly why?: string; readonly unready?: string }): string {
  const cause = why ?? unready;
  return cause === '' ? '' : `: ${cause}`;
}

/** Whoever is told to look at its log finds none: what has failed does not run on. */
function withoutPod(message: string): string {
  return `${oneLine(message, maxMessageLength - podIsGone.length)}${podIsGone}`;
}

const podIsGone = '; its pod is gone, and its log: mcp-lifecycle rollout retry starts another one to look at';

function nextOfReady(
  input: RolloutInput,
  state: RolloutState,
  { proof, isLate }: { readonly proof: Proof; readonly isLate: boolean },
): RolloutState {
  switch (proof.state) {
    case 'asked':
      return state;
    case 'good':
      return rolling(input, 'Proven', proof.onlyAnswers);
    case 'held-back':
      return failed(input, state, { phase: 'Rejected', reason: proof.reason, message: proof.message });
    case 'bad': {
      if (proof.forMs < badAnswersMs && !isLate) return state;
      const message = withoutPod(`The candidate does not speak MCP: ${proof.message}`);
      return failed(input, state, { phase: 'Rejected', reason: 'CandidateNotVerified', message });
    }
    case 'not-asked':
      // A question that could not be asked has no answer, good or bad. Of what fails it may be the repair.
      return isLate || isFailing(input) ? rolling(input, 'NotProven', proof.message) : state;
  }
}

/** Whether what serves is known not to serve well, and nothing better is on its way back. */
function isFailing({ serving }: RolloutInput): boolean {
  if (serving === undefined || serving.isComingBack === true) return false;
  return !serving.isVerified && serving.isUnasked !== true;
}

/** The candidate stays where it is: its ReplicaSet tries again by itself, and goes on when there is room. */
function nextOfBlocked(input: RolloutInput, state: RolloutState): RolloutState {
  const { candidate } = input;
  if (input.settings.verify === 'AfterSwitch') return input.hasPlace ? rolling(input, 'Skipped') : state;
  if (candidate.state === 'refused') return nextOfProving(input, state);
  return ['created', 'starting', 'ready'].includes(candidate.state) ? proving(input) : state;
}

function nextOfRolling(input: RolloutInput, state: RolloutState): RolloutState | undefined {
  const { progress, serving, wanted } = input;
  if (serving?.template !== wanted.template) return state;
  const failure = failureOfNewPod(input);
  if (failure !== undefined) return putBack(input, state, { reason: 'NewPodsNotVerified', message: failure });
  switch (progress.state) {
    case 'rolling':
      return state;
    case 'late':
      return putBack(input, state, { reason: 'ProgressDeadlineExceeded', message: progress.message });
    case 'not-allowed':
      return putBack(input, state, progress);
    case 'complete':
      return nextOfComplete(input, state, progress);
  }
}

function nextOfComplete(
  input: RolloutInput,
  state: RolloutState,
  { answer, message = 'they do not say why' }: RollProgress & { readonly state: 'complete' },
): RolloutState | undefined {
  if (answer === 'good' || isGivenUp(input)) return undefined;
  if (answer === 'none' || isWaitedFor(input)) return state;
  const how = answer === 'unreached' ? 'cannot be asked, those before them could' : 'do not speak MCP';
  return putBack(input, state, { reason: 'NewPodsNotVerified', message: `The new pods ${how}: ${message}` });
}

/**
 * Whether all that is wanted is there and cannot be asked, which is known not to be its fault: it says so (HTTP 429), or
 * nobody could ask its candidate either, and it rolls out all the same.
 */
function isWaitedFor({ progress, state }: RolloutInput): boolean {
  if (progress.state !== 'complete') return false;
  return progress.answer === 'throttled' || (progress.answer === 'unreached' && state?.proof === 'NotProven');
}

/** Whether that goes on for so long that nobody waits for an answer any more. */
function isGivenUp(input: RolloutInput): boolean {
  const { state, progress, nowMs } = input;
  if (state === undefined || progress.state !== 'complete' || !isWaitedFor(input)) return false;
  return Math.min(elapsedMs(input, state), nowMs - (progress.sinceMs ?? -Infinity)) >= unaskedForMs;
}

/** One that is ready and does not speak MCP gets calls: nobody waits until it has replaced all the others. */
function failureOfNewPod({ newPod, progress }: RolloutInput): string | undefined {
  const isAnswered = progress.state === 'complete' && (progress.answer === 'good' || progress.answer === 'bad');
  if (isAnswered || newPod?.state !== 'bad' || newPod.forMs < badAnswersMs) return undefined;
  return `The new pods do not speak MCP: ${newPod.message}`;
}

interface Failed {
  readonly reason: FailureReason;
  readonly message: string;
}

/** Where nothing is known that was better, what is wanted stays, and its conditions say how it is. */
function putBack(input: RolloutInput, state: RolloutState, { reason, message }: Failed): RolloutState | undefined {
  if (state.stable === undefined) return undefined;
  return failed(input, state, { phase: 'RolledBack', reason, message });
}

function failed(
  input: RolloutInput,
  state: RolloutState,
  { phase, reason, message }: Failed & { readonly phase: 'Rejected' | 'RolledBack' },
): RolloutState {
  const { now, wanted } = input;
  const { template, retry, contract } = wanted;
  const said = oneLine(message, maxMessageLength);
  const asked = present({ retry, contract: isAboutTools(reason) ? contract : undefined });
  const failure = { template, reason, message: said, at: now, ...asked };
  return {
    ...state,
    ...{ phase, reason, message: said },
    target: { ...state.target, since: now },
    failed: [...withFailure(state, failure)],
  };
}

function blocked(
  { now }: RolloutInput,
  state: RolloutState,
  { reason, message }: { readonly reason: string; readonly message: string },
): RolloutState {
  const target = { ...state.target, since: now };
  return { ...state, phase: 'Blocked', target, reason, message: oneLine(message, maxMessageLength) };
}

function eventOf(input: RolloutInput, state: RolloutState | undefined): RolloutEvent | undefined {
  const { state: before, serving } = input;
  if (input.isRestarted === true) return restarted;
  if (state === before || state?.phase === before?.phase) return undefined;
  if (state !== undefined) return events[state.phase](state);
  if (before?.phase !== 'Rolling') return undefined;
  if (isGivenUp(input)) return unasked(input.progress);
  return serving?.isVerified === true ? complete(input.progress) : undefined;
}

function unasked(progress: RollProgress): RolloutEvent {
  const isUnreached = progress.state === 'complete' && progress.answer === 'unreached';
  const why = isUnreached
    ? `not proven: it could not be asked: ${progress.message ?? 'nobody says why'}`
    : 'not verified, because it asks not to be asked (HTTP 429)';
  return { type: 'Normal', reason: 'RolloutComplete', note: `The new version serves; it is ${why}` };
}

function complete(progress: RollProgress): RolloutEvent {
  const only = progress.state === 'complete' ? progress.onlyAnswers : undefined;
  const note = only === undefined ? 'and speaks MCP' : `and ${only}: ${notKnown}`;
  return { type: 'Normal', reason: 'RolloutComplete', note: `The new version serves, ${note}` };
}

const notKnown = 'whether it speaks MCP is not known without credentials';

const restarted: RolloutEvent = {
  ...{ type: 'Normal', reason: 'RolloutStarted' },
  note: 'The configuration is again that of what serves, which does not serve well: its pods are started anew with it',
};

const events: Readonly<Record<RolloutState['phase'], (state: RolloutState) => RolloutEvent>> = {
  Proving: () => ({
    ...{ type: 'Normal', reason: 'RolloutProving' },
    note: 'A candidate of the new version is started; what serves is not touched',
  }),
  Rolling: ({ proof = 'Skipped', message }) => ({
    ...{ type: 'Normal', reason: 'RolloutStarted' },
    note: message === undefined ? started[proof] : startedBecause[proof](message),
  }),
  Rejected: ({ message = '' }) => ({
    ...{ type: 'Warning', reason: 'RolloutRejected' },
    note: `${message}; what serves was not touched`,
  }),
  RolledBack: ({ message = '' }) => ({
    ...{ type: 'Warning', reason: 'RolledBack' },
    note: `${message}; what served before is put back`,
  }),
  Blocked: ({ message = '' }) => ({ type: 'Warning', reason: 'RolloutBlocked', note: message }),
};

const started: Readonly<Record<NonNullable<RolloutState['proof']>, string>> = {
  Proven: 'The candidate speaks MCP: the new version replaces what serves',
  NotProven: 'The new version replaces what serves; it was not proven before',
  Skipped: 'The new version replaces what serves, and is asked when it serves',
};

const startedBecause: Readonly<Record<NonNullable<RolloutState['proof']>, (message: string) => string>> = {
  Proven: (only) => `The candidate ${only}, and the new version replaces what serves: ${notKnown}`,
  NotProven: (why) => `${started.NotProven}: ${why}`,
  Skipped: (why) => `${started.Skipped}: ${why}`,
};

function untilDeadline(input: RolloutInput): number | undefined {
  const { state, candidate, serving } = input;
  if (state?.phase === 'Rolling') return untilAnsweredMs(input);
  if (state?.phase === 'Blocked' && serving?.isComingBack === true) return lookMs;
  if (state?.phase !== 'Proving') return undefined;
  const heardMs = candidate.state === 'ready' ? untilHeardMs(candidate.proof) : Infinity;
  return Math.min(untilLateMs(input, state), heardMs);
}

/** Who leads since a moment believes what others have found out, and nobody tells of that. */
function untilAnsweredMs({ newPod, progress }: RolloutInput): number | undefined {
  const isToAnswer = progress.state === 'complete' && ['none', 'throttled', 'unreached'].includes(progress.answer);
  const untilMs = Math.min(newPod === undefined ? Infinity : untilHeardMs(newPod), isToAnswer ? lookMs : Infinity);
  return untilMs === Infinity ? undefined : untilMs;
}

/** Past its deadline a candidate is only being asked, which ends within seconds; nobody may tell of that. */
function untilLateMs(input: RolloutInput, state: RolloutState): number {
  const leftMs = input.settings.deadlineMs - elapsedMs(input, state);
  return leftMs > 0 ? leftMs : lookMs;
}

function untilHeardMs(proof: Proof): number {
  if (proof.state === 'bad') return Math.max(0, badAnswersMs - proof.forMs);
  return proof.state === 'asked' ? lookMs : Infinity;
}

function elapsedMs({ nowMs }: RolloutInput, { target }: RolloutState): number {
  return nowMs - Date.parse(target.since);
}
