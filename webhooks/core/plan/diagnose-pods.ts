import { oneLine, printable, shortenEnd } from '../engine/text.ts';
import { BRIDGE_CONTAINER_NAME, CONTAINER_NAME, SHIM_CONTAINER_NAME } from '../mcpserver/names.ts';
import { present } from '../mcpserver/record.ts';
import type { PodFailure } from '../mcpserver/types.gen.ts';
import type { PodHints } from './render-pod-failure.ts';
import { reasonOfShim } from './told-by-shim.ts';

/** What is read of a pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface PodState {
  /** `template`: label `pod-template-hash`; absent for a pod that no ReplicaSet has made. */
  readonly metadata: { readonly name: string; readonly template?: string };
  readonly status?: {
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerState[];
    readonly containerStatuses?: readonly ContainerState[];
  };
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  /** RFC 3339. */
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface ContainerState {
  readonly name?: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    /** RFC 3339. */
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface Terminated {
  readonly exitCode: number;
  /** RFC 3339, both. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly reason?: string;
  /** Of a container that could not be started: why, in the words of the runtime. Of others: their own, or those of the shim. */
  readonly message?: string;
}

export interface DiagnoseOptions {
  /** What was found before, as status.extensions.podFailure keeps it. */
  readonly previous?: PodFailure | undefined;
  /**
   * For containers that run and never were ready: until when that is patience. Absent: for ever, because there is no
   * clock at hand.
   */
  readonly patience?: Patience;
  /** What there is to be said beside a failure, besides what pods tell. */
  readonly hints?: PodHints;
}

/** Milliseconds; `nowMs` since 1970, `readyWithinMs` after a container has started. */
export interface Patience {
  readonly nowMs: number;
  readonly readyWithinMs: number;
}

/** Longest text of a kubelet that is passed on, and longest image, in characters; the CRD says the same. */
const limits = { detail: 512, image: 1000 };

/** A container that ends well within this time of its start has not served anybody, in milliseconds. */
const atOnceMs = 10_000;

/** How long a node may take to make ready all that containers need before status says so, in milliseconds. */
const startWithinMs = 60_000;

/** Highest number of restarts that is told. */
const maxRestartsSaid = 64;

/**
 * Why the pods do not run: the first failure found, by pod name, init containers first; undefined when none is visible.
 *
 * A broken pod goes round in circles (running, terminated, waiting; pulling, backing off) and counts its restarts. As
 * long as it is the same failure of the same pod, what was found before is given back, so that a server that stays
 * broken costs next to no writes: restarts are told in steps that double, up to 64.
 */
export function diagnosePods(pods: readonly PodState[], options: DiagnoseOptions = {}): PodFailure | undefined {
  const { previous } = options;
  const failures = [...pods]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((pod) => findFailures(pod, options));
  if (previous === undefined) return failures[0];
  const continued = failures.find((failure) => continues(failure, previous));
  if (continued === undefined) return failures[0];
  return isWorse(continued, previous) ? continued : previous;
}

/**
 * When patience with some container of these pods ends, in milliseconds since 1970: nothing else would tell that it is
 * still not ready then. Undefined when there is nothing to wait for.
 */
export function patienceEndsAtMs(pods: readonly PodState[], { nowMs, readyWithinMs }: Patience): number | undefined {
  const containers = pods
    .flatMap(servingContainers)
    .filter(isNotReadyYet)
    .map((container) => startedAtMs(container) + readyWithinMs);
  const starting = pods.flatMap((pod) => unstartedSinceMs(pod) ?? []).map((sinceMs) => sinceMs + startWithinMs);
  const ends = [...containers, ...starting].filter((endsAtMs) => endsAtMs > nowMs);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * Since when a node has the pod and none of its containers could be started yet, in milliseconds since 1970; undefined for
 * one that is further. Its node mounts volumes first and then has the runtime make the sandbox; what keeps it from that only
 * events of the pod say. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-has-network
 */
export function unstartedSinceMs({ status }: PodState): number | undefined {
  const { conditions = [], containerStatuses = [] } = status ?? {};
  const unready = conditions.find(({ type, status: is }) => type === 'PodReadyToStartContainers' && is === 'False');
  // One that ran before, or has ended, is told by its containers.
  const isWaiting =
    containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.waiting !== undefined);
  return unready !== undefined && isWaiting ? Date.parse(unready.lastTransitionTime ?? '') : undefined;
}

/** Whether patience with some container that is not ready has ended. */
export function isPatienceOver(pods: readonly PodState[], patience: Patience): boolean {
  return pods.flatMap(servingContainers).some((container) => isNotReadyYet(container) && isOutOf(patience, container));
}

/**
 * Those that the pod is for. With a bridge, the server is not ready before that is: it asks the server on our behalf, and a
 * container without a probe is ready at once.
 */
export function servingContainers({ status }: PodState): readonly ContainerState[] {
  const { containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  const bridge = initContainerStatuses.find(({ name }) => name === BRIDGE_CONTAINER_NAME);
  if (bridge?.state?.running === undefined || bridge.ready) return containerStatuses;
  return containerStatuses.map((container) =>
    container.name === CONTAINER_NAME ? { ...container, ready: false } : container,
  );
}

/** Runs for the first time, and was not ready so far. */
export function isNotReadyYet({ state, ready, restartCount }: ContainerState): boolean {
  return state?.running !== undefined && !ready && restartCount === 0;
}

/** NaN when the kubelet does not say; no comparison with it holds. */
function startedAtMs({ state }: ContainerState): number {
  return Date.parse(state?.running?.startedAt ?? '');
}

function continues(failure: PodFailure, previous: PodFailure): boolean {
  if (failure.pod !== previous.pod) return false;
  if (isMomentOfCrash(failure, previous)) return true;
  const hint = hintOf(failure);
  // A failure that was told without a hint is told anew.
  const isTold = hint === undefined || hint === hintOf(previous);
  return isTold && isSame(failure, previous);
}

/** What is said beside it, in one word of either kind. */
function hintOf({ hint, advice }: PodFailure): string | undefined {
  return hint ?? advice;
}

/** What a scheduler or a kubelet says of the same failure differs from moment to moment. */
function isSame({ cause, exitCode, image }: PodFailure, previous: PodFailure): boolean {
  const isSameExit = exitCode === undefined || exitCode === previous.exitCode;
  return cause === previous.cause && image === previous.image && isSameExit;
}

/** Between two crashes a container runs and is not ready: still the crash, seen at another moment. */
function isMomentOfCrash({ cause }: PodFailure, previous: PodFailure): boolean {
  return cause === 'Unhealthy' && (previous.cause === 'Crashing' || previous.cause === 'OutOfMemory');
}

function isWorse(failure: PodFailure, previous: PodFailure): boolean {
  return !isMomentOfCrash(failure, previous) && (failure.restarts ?? 0) > (previous.restarts ?? 0);
}

/** 0, 1, then 2 for two or three, 4, …: at least so many, and true until the number has doubled. */
function stepOf(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(2 ** Math.floor(Math.log2(restarts)), maxRestartsSaid);
}

function findFailures(pod: PodState, options: DiagnoseOptions): readonly PodFailure[] {
  const { metadata, status } = pod;
  const unscheduled = [...(status?.conditions ?? []).map(ofScheduling), ofStart(pod, options)];
  const init = (status?.initContainerStatuses ?? []).map(findInitFailure);
  const main = servingContainers(pod).map((container) => findFailure(container, options));
  return [...unscheduled, ...init, ...main].flatMap((failure) =>
    failure === undefined ? [] : [{ ...failure, pod: metadata.name }],
  );
}

type Found = Omit<PodFailure, 'pod'>;

function ofScheduling({ type, status, reason, message = '' }: PodCondition): Found | undefined {
  if (type !== 'PodScheduled' || status !== 'False' || reason !== 'Unschedulable') return undefined;
  return { cause: 'Unschedulable', detail: shortenEnd(printable(message), limits.detail) };
}

function ofStart(pod: PodState, { patience, hints }: DiagnoseOptions): Found | undefined {
  const sinceMs = unstartedSinceMs(pod);
  if (sinceMs === undefined || patience === undefined || !(patience.nowMs >= sinceMs + startWithinMs)) return undefined;
  const hint = hints?.start === undefined ? {} : ({ hint: 'Start' } as const);
  return { cause: 'NotStarted', notReadyAfterSeconds: startWithinMs / 1_000, ...hint };
}

/** One that has finished is done; one that runs (a sidecar does, for ever) is on its way. */
function findInitFailure(container: ContainerState): Found | undefined {
  const { waiting, terminated } = container.state ?? {};
  const isGood = terminated === undefined || terminated.exitCode === 0;
  const failure =
    waiting !== undefined ? ofWaiting(container, waiting) : isGood ? undefined : ofExit(container, terminated);
  return failure !== undefined && isOurs(container) ? { ...failure, hint: 'Own' } : failure;
}

function isOurs({ name }: ContainerState): boolean {
  return name === BRIDGE_CONTAINER_NAME || name === SHIM_CONTAINER_NAME;
}

function findFailure(container: ContainerState, options: DiagnoseOptions): Found | undefined {
  const { waiting, terminated, running } = container.state ?? {};
  const { patience, hints } = options;
  if (waiting !== undefined) return ofWaiting(container, waiting, hints);
  if (terminated !== undefined) return ofExit(container, terminated, hints);
  if (running === undefined || container.ready) return undefined;
  const hint = hints?.unready === undefined ? {} : ({ hint: 'Unready' } as const);
  if (container.restartCount > 0) return { cause: 'Unhealthy', restarts: stepOf(container.restartCount), ...hint };
  if (patience === undefined || !isOutOf(patience, container)) return undefined;
  return { cause: 'Unhealthy', notReadyAfterSeconds: Math.round(patience.readyWithinMs / 1000), ...hint };
}

function isOutOf({ nowMs, readyWithinMs }: Patience, container: ContainerState): boolean {
  return nowMs >= startedAtMs(container) + readyWithinMs;
}

function ofWaiting(
  container: ContainerState,
  { reason, message = '' }: { readonly reason?: string; readonly message?: string },
  hints?: PodHints,
): Found | undefined {
  const detail = shortenEnd(printable(message), limits.detail);
  switch (reason) {
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return { cause: 'ImagePull', image: shortenEnd(printable(container.image), limits.image), detail };
    case 'CrashLoopBackOff':
      return ofExit(container, container.lastState?.terminated, hints);
    case 'CreateContainerConfigError':
      return {
        ...{ cause: 'Configuration', detail },
        ...(isAboutRoot(message) && !isOurs(container) ? { advice: 'Root' } : {}),
      };
    case undefined:
    default:
      return undefined;
  }
}

/** `container has runAsNonRoot and image will run as root`, or `… has non-numeric user (node), cannot verify …`: the kubelet's words. */
function isAboutRoot(message: string): boolean {
  return message.startsWith('container has runAsNonRoot and image ');
}

function ofExit(
  { name, restartCount }: ContainerState,
  terminated: Terminated | undefined,
  hints: PodHints = {},
): Found {
  const detail = whyNotStarted(terminated);
  const advice = name === CONTAINER_NAME ? reasonOfShim(terminated?.message ?? '') : undefined;
  return present({
    cause: terminated?.reason === 'OOMKilled' ? 'OutOfMemory' : 'Crashing',
    exitCode: terminated?.exitCode,
    restarts: stepOf(restartCount),
    detail: detail === '' ? undefined : detail,
    hint: advice === undefined ? hintOn(terminated, hints) : undefined,
    advice,
  });
}

function hintOn(terminated: Terminated | undefined, { crash }: PodHints): Found['hint'] {
  if (isOwnDoing(terminated)) return crash === undefined ? undefined : 'Crash';
  return isEndedAtOnce(terminated) ? 'Stdio' : undefined;
}

/** How the runtime calls an end without a beginning; its words name the file that is missing or does not run here. */
const notStarted: readonly (string | undefined)[] = ['StartError', 'ContainerCannotRun'];

/** What the server itself leaves as its last words is not told: it may be anything. */
function whyNotStarted({ reason, message = '' }: Partial<Terminated> = {}): string {
  return notStarted.includes(reason) ? oneLine(message, limits.detail) : '';
}

/** What a server for stdio does, whose standard input is closed from the start. */
function isEndedAtOnce(terminated: Terminated | undefined): boolean {
  const { exitCode, startedAt = '', finishedAt = '' } = terminated ?? {};
  return exitCode === 0 && Date.parse(finishedAt) - Date.parse(startedAt) <= atOnceMs;
}

/** Neither an end that was meant, nor memory, nor a command that cannot be started. */
function isOwnDoing(terminated: Terminated | undefined): boolean {
  return terminated === undefined || (terminated.exitCode !== 0 && (terminated.reason ?? 'Error') === 'Error');
}
