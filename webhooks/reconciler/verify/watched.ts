import type { AnsweredBy, ProtocolEra, Verification, VerifiedEndpoint } from '../../core/plan/observed.ts';
import { isSameDemand } from '../../core/plan/tool-demands.ts';
import type { ToolDemands } from '../../core/plan/tool-demands.ts';
import type { ProbeMemory } from '../../platform/mcp/probe-memory.ts';
import type { ProbeVerdict } from '../../platform/mcp/probe.ts';
import { isUp, settle } from './settle.ts';
import type { Standing } from './settle.ts';
import { believedAtMs, nextTally, startTally } from './tally.ts';
import type { Tally } from './tally.ts';
import { tlsSpecKey, tlsTrustKey } from '../../platform/mcp/tls-trust.ts';
import type { TlsTrust } from '../../platform/mcp/tls-trust.ts';

/** What to ask, and whom the answer is from. */
export interface VerificationTarget {
  readonly url: string;
  /** Of the MCPServer, whose template the pods run. */
  readonly generation: number;
  /** Between two questions to a server that answered, in milliseconds. */
  readonly periodMs: number;
  /** With an `https` URL: whose certificates count. */
  readonly tls?: TlsTrust | undefined;
  /** What runs there: what was learnt of another image does not count. */
  readonly image: string;
  /** How status says that this image is asked; what we have learnt ourselves goes before it. */
  readonly era?: ProtocolEra | undefined;
  /** The spec is of a newer generation than these pods, so `url` and `tls` may be what they know nothing of. */
  readonly isBehind?: boolean;
  /** Which pods answer there: another text when they are others, as far as that is seen; empty when it is not. */
  readonly pods: string;
  /** What its tools have to be; absent: anything. */
  readonly tools?: ToolDemands | undefined;
  /** Status tells of an answer of pods before these, so the Service may still lead to those. */
  readonly followsOthers?: boolean;
}

/** One server that is asked, and what is believed of it. */
export interface Watched {
  target: VerificationTarget;
  /** Ends its waiting for a turn, or what it is asked. */
  stop: (() => void) | undefined;
  /** Nobody will ask it again. */
  isGone: boolean;
  /** Failures in a row of these pods. */
  tries: number;
  standing: Standing;
  /** Whom the standing answer is from. */
  of: AnsweredBy | undefined;
  /** Whether the Service may still lead to pods that these have replaced; see {@link Proof}. */
  proof: Proof;
  tally: Tally;
  /** When what is known was answered, in milliseconds since 1970, once that is written down; see {@link Believed}. */
  lastVerdictMs: number | undefined;
  /** What it listed when that was counted last. */
  lists: Lists;
  /** When that was; undefined: not by us, or not of these pods. */
  countedAtMs: number | undefined;
  /** Since when there are pods of several templates, on the monotonic clock; undefined: there are not. */
  mixedSinceMs: number | undefined;
  /** For how long it said that its list of tools is good, in milliseconds: anything, or nothing. */
  listTtlMs: number | undefined;
  askedAtMs: number | undefined;
  /** What the last probe of these pods leaves to the next one. */
  memory: ProbeMemory | undefined;
}

/**
 * After a rollout a Service leads to the old pods for a moment, so what comes through it then may be their answer. A new
 * pod is asked itself first. `wanted`: not done yet. `given`: one has answered at its own address, `atMs`; for that moment
 * the Service tells only that it leads somewhere, and `answer`, its tools included, is what counts. `unreachable`: pods
 * cannot be reached by themselves, or are not known, as was found out `atMs`; for that moment no success counts. `none`:
 * there is nobody to be mistaken for.
 */
export type Proof =
  | { readonly state: 'wanted'; readonly askedPods: number }
  | { readonly state: 'given'; readonly atMs: number; readonly answer: ProbeVerdict }
  | { readonly state: 'unreachable'; readonly atMs: number }
  | { readonly state: 'none' };

/** An earlier answer of the same pods, as status tells it. */
export type Believed = ProbeVerdict & {
  /** When that was, in milliseconds since 1970: it is written while the server asks not to be asked, and what is known stays. */
  readonly lastVerdictMs?: number | undefined;
};

/** The part of an answer that is there only when lists were counted. */
type Lists = Pick<VerifiedEndpoint, 'offers' | 'tools' | 'notCounted'>;

/** Between two counts of what a server lists, in milliseconds: lists may be long, and change rarely. */
const countPeriodMs = 600_000;
/** The same of one whose tools are pinned, and the least of it where the server says for how long its list is good. */
const pinnedPeriodMs = { longest: 60_000, shortest: 10_000 };
/** By which share of itself the period of each server varies, so that servers do not come in step. */
export const jitter = 0.15;
/** Highest number of failures that is told. */
const maxFailuresSaid = 8;
/** How long what was listed counts while pods of several templates serve, in milliseconds: as long as a verdict stands (docs/decisions/0067). */
const mixedForMs = 900_000;
/** How long after a new pod has answered a Service may still lead elsewhere, in milliseconds. */
export const routingMs = 5_000;

/** `believed`: the first answer of our own ends it. */
export function begin(
  target: VerificationTarget,
  { believed, proof }: { readonly believed?: Believed | undefined; readonly proof: Proof },
  now: { readonly monotonicMs: number; readonly wallClockMs: number },
): Watched {
  const result = believed === undefined ? notAttempted : verdictIn(believed);
  const { lastVerdictMs } = believed ?? {};
  const ageMs = lastVerdictMs === undefined ? undefined : now.wallClockMs - lastVerdictMs;
  const tally = startTally(result, believedAtMs(ageMs, now.monotonicMs));
  return {
    ...{ target, stop: undefined, isGone: false, tries: 0 },
    ...{ standing: { result }, tally, lastVerdictMs, lists: listsOf(result) },
    ...{ of: believed === undefined ? undefined : answeredBy(target), proof },
    ...{ countedAtMs: undefined, mixedSinceMs: undefined, listTtlMs: undefined },
    ...{ askedAtMs: undefined, memory: undefined },
  };
}

const notAttempted: Verification = { state: 'not-attempted' };

function verdictIn(believed: Believed): ProbeVerdict {
  const verdict = { ...believed };
  delete verdict.lastVerdictMs;
  return verdict;
}

/**
 * The same endpoint: what was answered stands, for as long as it would have, and what was learnt about other pods or another
 * spec does not.
 */
export function goOn(before: Watched, target: VerificationTarget): Watched {
  const { verdictAtMs } = before.tally;
  const isSameSpec = before.target.generation === target.generation;
  const countedAtMs = isSameDemand(before.target.tools, target.tools) ? before.countedAtMs : undefined;
  const common = { ...before, target, stop: undefined, tries: 0, memory: undefined, countedAtMs };
  if (isSamePods(before.target, target)) {
    const tally = isSameSpec ? before.tally : startTally(before.standing.result, verdictAtMs);
    const of = isOfSameSpec(before.target, target) ? nowOf(before, target) : before.of && ofAnotherQuestion(before.of);
    return { ...common, of, tally };
  }
  // Pods that come and go all the time have failed together. Once it is said, the next ones begin anew: what is said stays
  // until they have failed themselves.
  const isAnew = !isSameSpec || before.standing.result.state === 'failed';
  const tally = isAnew ? startTally(notAttempted, verdictAtMs) : before.tally;
  return { ...common, tally, proof: { state: 'wanted', askedPods: 0 }, countedAtMs: undefined };
}

/** Nothing but the generation is another one: the same pods answer for it, and were asked already. */
export function moveOn(watched: Watched, target: VerificationTarget): void {
  watched.of = nowOf(watched, target);
  watched.target = target;
}

/**
 * The target with what is known of its pods: while nobody tells of them they are those of before, and the same pods run the
 * same image, whatever the spec names by now.
 */
export function asItRuns(target: VerificationTarget, watched: Watched | undefined): VerificationTarget {
  const before = watched?.target;
  if (before === undefined || before.pods === '' || !isSamePods(before, target)) return target;
  return { ...target, pods: before.pods, image: before.image };
}

/**
 * Whether the pods would be asked what only those after them are to answer: another path, scheme or trust. What they say to
 * that is nothing about them, so what is known of them stands. After a restart of ours nobody knows what they were asked:
 * one that answered is left alone, too.
 */
export function isForOthers(
  wanted: VerificationTarget,
  watched: Watched | undefined,
  believed: ProbeVerdict | undefined,
): boolean {
  if (wanted.isBehind !== true) return false;
  if (watched === undefined) return believed !== undefined && isUp(believed);
  const { target, standing } = watched;
  return !isOfSameSpec(target, wanted) && standing.result.state !== 'failed';
}

/** Whether two specs have the same asked of their pods: at the same address, with the same trust. */
export function isOfSameSpec(
  a: Pick<VerificationTarget, 'url' | 'tls'>,
  b: Pick<VerificationTarget, 'url' | 'tls'>,
): boolean {
  return a.url === b.url && tlsSpecKey(a.tls) === tlsSpecKey(b.tls);
}

/** Whose an answer is where something else is asked by now: also if the same pods serve, they have not answered that. */
export function ofAnotherQuestion(of: AnsweredBy): AnsweredBy {
  return { ...of, podSet: '' };
}

/** The standing answer as that of the pods of `target`, which are the same, if it was that of the current ones before. */
function nowOf({ of, target: before }: Watched, target: VerificationTarget): AnsweredBy | undefined {
  const isCurrent = of?.podSet === before.pods && of.generation === before.generation;
  return isCurrent ? answeredBy(target) : of;
}

export function answeredBy({ generation, pods: podSet }: VerificationTarget): AnsweredBy {
  return { generation, podSet };
}

/** Whether the standing answer is one of the pods that are asked now. */
export function isOfThese({ of, target }: Watched): boolean {
  return of?.podSet === target.pods && of.generation === target.generation;
}

/** Whether these pods were said to fail already. */
export function isKnownToFail(watched: Watched): boolean {
  return isOfThese(watched) && watched.standing.result.state === 'failed';
}

/** Pods of which nobody told, because theirs is a watch that is not allowed or late, are no others. */
function isSamePods(a: VerificationTarget, b: VerificationTarget): boolean {
  return a.pods === b.pods || a.pods === '' || b.pods === '';
}

/** What is believed after one more answer of the pods that are asked now: from them, whoever the one before was from. */
export function nextStanding(watched: Watched, answer: ProbeVerdict, nowMs: number): Standing {
  const before: Standing = isOfThese(watched) ? watched.standing : { result: notAttempted };
  return settle(before, complete(answer, watched), { nowMs, tools: watched.target.tools });
}

/** What an answer says besides what is believed of it. */
export function note(
  watched: Watched,
  answer: ProbeVerdict,
  at: { readonly askedAtMs: number; readonly nowMs: number; readonly countsOffers: boolean },
): void {
  noteLists(watched, answer, at);
  watched.tally = nextTally(watched.tally, answer, at);
}

/** What was listed, if that was asked for. */
export function noteLists(
  watched: Watched,
  answer: ProbeVerdict,
  { askedAtMs, countsOffers }: { readonly askedAtMs: number; readonly countsOffers: boolean },
): void {
  if (answer.state !== 'verified') return;
  if (countsOffers) watched.countedAtMs = askedAtMs;
  if (answer.offers !== undefined) watched.lists = listsOf(answer);
}

/**
 * Every ten minutes, and of pinned tools every minute or sooner; when an unexpected answer is asked for a second time, because all of it has to be the same then; and
 * after a failure, because what answers now may be another server.
 */
export function isCountDue(watched: Watched, nowMs: number): boolean {
  const { standing, tally, countedAtMs } = watched;
  const isDoubted = standing.candidate !== undefined || tally.failures > 0;
  if (countedAtMs === undefined || isDoubted) return true;
  const pinnedMs = pinnedListMs(watched);
  // Some questions come sooner than others.
  return nowMs - countedAtMs >= (pinnedMs === undefined ? countPeriodMs : pinnedMs * (1 - jitter));
}

/** Between two lists of pinned tools, in milliseconds. */
function pinnedListMs({ target, listTtlMs = Infinity }: Watched): number | undefined {
  if (target.tools?.pinned === undefined) return undefined;
  return Math.min(pinnedPeriodMs.longest, Math.max(pinnedPeriodMs.shortest, listTtlMs));
}

/** Between two questions to a server that answered, in milliseconds, before it is varied. */
export function askPeriodMs(watched: Watched): number {
  return Math.min(watched.target.periodMs, pinnedListMs(watched) ?? Infinity);
}

/** Notes whether there are pods of several templates. */
export function noteMix(watched: Watched, isMixed: boolean, nowMs: number): void {
  watched.mixedSinceMs = isMixed ? (watched.mixedSinceMs ?? nowMs) : undefined;
}

/**
 * The answer of a server with pods of several templates for longer than a rollout takes: nobody knows which of them lists, so
 * what was listed before is believed no more.
 */
export function withoutLists<Answer extends ProbeVerdict>(watched: Watched, answer: Answer, nowMs: number): Answer {
  const { mixedSinceMs } = watched;
  if (answer.state !== 'verified' || mixedSinceMs === undefined || nowMs - mixedSinceMs < mixedForMs) return answer;
  return { ...answer, offers: {}, notCounted };
}

const notCounted =
  'not listed for 15 minutes: pods of several templates serve, and nobody knows which of them would list. See kubectl get replicasets, and end the rollout';

/** Whether what fails now may be pods that are gone: the new ones have just answered. */
export function isRoutingLate({ proof }: Watched, nowMs: number): boolean {
  return proof.state === 'given' && nowMs - proof.atMs < routingMs;
}

/** Whether what succeeds now may be pods that are gone: then it is asked for once more when that is over. */
export function mayBeOfOthers({ proof }: Watched, nowMs: number): boolean {
  return untilRoutedMs(proof, nowMs) > 0;
}

/** How long the Service may still lead elsewhere, in milliseconds. */
export function untilRoutedMs(proof: Proof, nowMs: number): number {
  return 'atMs' in proof ? Math.max(0, proof.atMs + routingMs - nowMs) : 0;
}

/**
 * What counts of an answer that came through the Service: a success that may be that of pods that are gone is taken for that
 * of the new one that has answered itself. Undefined: nobody knows whose it is.
 */
export function answerOfThese(watched: Watched, answer: ProbeVerdict, nowMs: number): ProbeVerdict | undefined {
  if (!isUp(answer) || !mayBeOfOthers(watched, nowMs)) return answer;
  return watched.proof.state === 'given' ? watched.proof.answer : undefined;
}

/** An answer with what it does not say itself: how often it failed, and what it listed the last time. */
function complete(answer: ProbeVerdict, { lists, tally }: Watched): ProbeVerdict {
  switch (answer.state) {
    case 'failed':
      return { ...answer, failures: inSteps(tally.failures) };
    case 'verified':
      return { ...answer, ...(answer.offers === undefined ? listsStill(answer, lists) : {}) };
    case 'throttled':
      // How long it wants to be left alone is nobody's to know, and another one each time.
      return { state: 'throttled', message: answer.message };
    case 'auth-required':
      return answer;
  }
}

/** What was listed by a server that does not offer tools any more is not what it lists. */
function listsStill({ serverInfo }: VerifiedEndpoint, { tools, ...others }: Lists): Lists {
  return { ...others, ...(tools !== undefined && serverInfo.capabilities.tools ? { tools } : {}) };
}

/** A number that costs few writes while it grows: it doubles, and stays at the highest. */
export function inSteps(count: number): number {
  return Math.min(2 ** Math.floor(Math.log2(count)), maxFailuresSaid);
}

/** Digest of the contract that was listed last; empty where the last list had none or failed, so that the next one is read twice, too. */
export function knownContract({ lists }: Pick<Watched, 'lists'>): string | undefined {
  const { tools, notCounted } = lists;
  if (tools === undefined) return notCounted === undefined ? undefined : '';
  return 'reason' in tools ? '' : tools.digest;
}

const noLists: Lists = {};

function listsOf(answer: Verification): Lists {
  if (answer.state !== 'verified') return noLists;
  const { offers, tools, notCounted } = answer;
  return {
    ...(offers === undefined ? {} : { offers }),
    ...(tools === undefined ? {} : { tools }),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}

/** Whether the same is to be asked, from the same pods, but for what `generation` calls it. */
export function isSameQuestion(a: VerificationTarget, b: VerificationTarget): boolean {
  const isSameEndpoint = a.url === b.url && a.periodMs === b.periodMs && a.image === b.image;
  const isSameAsked = isSamePods(a, b) && isSameDemand(a.tools, b.tools);
  return isSameEndpoint && isSameAsked && tlsTrustKey(a.tls) === tlsTrustKey(b.tls);
}
