import { oneLine, printable, shortenEnd } from '../engine/text.ts';

/** What is read of a pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface PodState {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerState[];
    readonly containerStatuses?: readonly ContainerState[];
  };
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface ContainerState {
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
  /** Of a container that could not be started: why, in the words of the runtime. */
  readonly message?: string;
}

export interface DiagnoseOptions {
  /** What was said before. */
  readonly previous?: string | undefined;
  /**
   * For containers that run and never were ready: until when that is patience. Absent: for ever, because there is no
   * clock at hand.
   */
  readonly patience?: Patience;
  /** Said beside a crash of the server's own doing: what the spec leaves out and it may need (`hintOnCrash`). */
  readonly crashHint?: string | undefined;
  /** Said beside a container that runs and is not ready: where it is asked (`hintOnUnready`). */
  readonly unreadyHint?: string | undefined;
}

/** Milliseconds; `nowMs` since 1970, `readyWithinMs` after a container has started. */
export interface Patience {
  readonly nowMs: number;
  readonly readyWithinMs: number;
}

/** One failure; `kind` is how its message begins, and what two sightings of the same failure have in common. */
interface Failure {
  readonly kind: string;
  readonly rest: string;
  /** Absent where there is none to give. A failure that was told without it is told anew. */
  readonly hint?: string | undefined;
  readonly pod: string;
}

/** Longest text of a kubelet that is passed on, in characters. */
const maxDetailLength = 512;

/** A container that ends well within this time of its start has not served anybody, in milliseconds. */
const atOnceMs = 10_000;

const stdioHint =
  'it ends at once and without an error, as servers for stdio do: have it serve streamable HTTP, by its own option or behind a bridge';

const unhealthy = 'Container not passing health checks';

/** Highest number of restarts that is told. */
const maxRestartsSaid = 64;

/**
 * Why the pods do not run: the first failure found, by pod name, init containers first; undefined when none is visible.
 *
 * A broken pod goes round in circles (running, terminated, waiting; pulling, backing off) and counts its restarts. As
 * long as it is the same failure of the same pod, the text that was said before is said again, so that a server that
 * stays broken costs next to no writes: restarts are told in steps that double, up to 64.
 */
export function diagnosePods(pods: readonly PodState[], options: DiagnoseOptions = {}): string | undefined {
  const { previous } = options;
  const failures = [...pods]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((pod) => findFailures(pod, options));
  const continued = failures.find((failure) => previous !== undefined && continues(failure, previous));
  if (continued !== undefined && !isWorse(continued, previous)) return previous;
  const said = continued ?? failures[0];
  return said === undefined ? undefined : `${said.kind}${said.rest}${endOf(said)}`;
}

/**
 * When patience with some container of these pods ends, in milliseconds since 1970: nothing else would tell that it is
 * still not ready then. Undefined when there is nothing to wait for.
 */
export function patienceEndsAtMs(pods: readonly PodState[], { nowMs, readyWithinMs }: Patience): number | undefined {
  const ends = pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .filter(isNotReadyYet)
    .map((container) => startedAtMs(container) + readyWithinMs)
    .filter((endsAtMs) => endsAtMs > nowMs);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Runs for the first time, and was not ready so far. */
export function isNotReadyYet({ state, ready, restartCount }: ContainerState): boolean {
  return state?.running !== undefined && !ready && restartCount === 0;
}

/** NaN when the kubelet does not say; no comparison with it holds. */
function startedAtMs({ state }: ContainerState): number {
  return Date.parse(state?.running?.startedAt ?? '');
}

function continues(failure: Failure, previous: string): boolean {
  if (isMomentOfCrash(failure, previous)) return previous.endsWith(ofPod(failure));
  return previous.startsWith(failure.kind) && previous.endsWith(endOf(failure));
}

/** Between two crashes a container runs and is not ready: still the crash, seen at another moment. */
function isMomentOfCrash({ kind }: Failure, previous: string): boolean {
  return kind === unhealthy && /^Container (crashing|OOMKilled)/.test(previous);
}

function isWorse(failure: Failure, previous = ''): boolean {
  return !isMomentOfCrash(failure, previous) && restartsIn(failure.rest) > restartsIn(previous);
}

function restartsIn(text: string): number {
  return Number(/restarts: (\d+)/.exec(text)?.[1] ?? 0);
}

/** `restarts: 0`, `restarts: 1`, then `restarts: 2+` for two or three, `4+`, …: true until the number has doubled. */
function restarts(count: number): string {
  const step = count === 0 ? 0 : Math.min(2 ** Math.floor(Math.log2(count)), maxRestartsSaid);
  return `restarts: ${step}${step > 1 ? '+' : ''}`;
}

function endOf(failure: Failure): string {
  const { hint } = failure;
  return `${hint === undefined ? '' : `; ${hint}`}${ofPod(failure)}`;
}

function ofPod({ pod }: Failure): string {
  return ` (pod: ${pod})`;
}

function findFailures({ metadata, status }: PodState, options: DiagnoseOptions): readonly Failure[] {
  const unscheduled = (status?.conditions ?? []).map(ofScheduling);
  const init = (status?.initContainerStatuses ?? []).map(findInitFailure);
  const main = (status?.containerStatuses ?? []).map((container) => findFailure(container, options));
  return [...unscheduled, ...init, ...main].flatMap((failure) =>
    failure === undefined ? [] : [{ ...failure, pod: metadata.name }],
  );
}

type Found = Omit<Failure, 'pod'>;

/** What the scheduler says changes with every node, so only how it begins tells one failure from another. */
function ofScheduling({ type, status, reason, message = '' }: PodCondition): Found | undefined {
  if (type !== 'PodScheduled' || status !== 'False' || reason !== 'Unschedulable') return undefined;
  return { kind: 'Pod cannot be scheduled', rest: `: ${shortenEnd(printable(message), maxDetailLength)}` };
}

/** One that has finished is done; one that runs (a sidecar does, for ever) is on its way. */
function findInitFailure(container: ContainerState): Found | undefined {
  const { waiting, terminated } = container.state ?? {};
  if (waiting !== undefined) return ofWaiting(container, waiting);
  return terminated === undefined || terminated.exitCode === 0 ? undefined : ofExit(container, terminated);
}

function findFailure(container: ContainerState, options: DiagnoseOptions): Found | undefined {
  const { patience, crashHint, unreadyHint } = options;
  const { waiting, terminated, running } = container.state ?? {};
  if (waiting !== undefined) return ofWaiting(container, waiting, crashHint);
  if (terminated !== undefined) return ofExit(container, terminated, crashHint);
  if (running === undefined || container.ready) return undefined;
  if (container.restartCount > 0) {
    return { kind: unhealthy, rest: `: ${restarts(container.restartCount)}`, hint: unreadyHint };
  }
  return patience === undefined ? undefined : ofSlowStart(container, patience, unreadyHint);
}

function ofSlowStart(
  container: ContainerState,
  { nowMs, readyWithinMs }: Patience,
  hint: string | undefined,
): Found | undefined {
  if (!(nowMs >= startedAtMs(container) + readyWithinMs)) return undefined;
  return { kind: unhealthy, rest: `: not ready ${Math.round(readyWithinMs / 1000)} seconds after its start`, hint };
}

function ofWaiting(
  container: ContainerState,
  { reason, message = '' }: { readonly reason?: string; readonly message?: string },
  crashHint?: string,
): Found | undefined {
  const detail = shortenEnd(printable(message), maxDetailLength);
  switch (reason) {
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return { kind: `Image pull failed for "${container.image}"`, rest: `: ${detail}` };
    case 'CrashLoopBackOff':
      return ofExit(container, container.lastState?.terminated, crashHint);
    case 'CreateContainerConfigError':
      return { kind: 'Container config error', rest: `: ${detail}` };
    case undefined:
    default:
      return undefined;
  }
}

function ofExit({ restartCount }: ContainerState, terminated: Terminated | undefined, crashHint?: string): Found {
  const verb = terminated?.reason === 'OOMKilled' ? 'OOMKilled' : 'crashing';
  const exit = terminated === undefined ? '' : ` exit code ${terminated.exitCode},`;
  const hint = isOwnDoing(terminated) ? crashHint : isEndedAtOnce(terminated) ? stdioHint : undefined;
  return { kind: `Container ${verb}:${exit}`, rest: ` ${restarts(restartCount)}${whyNotStarted(terminated)}`, hint };
}

/** How the runtime calls an end without a beginning; its words name the file that is missing or does not run here. */
const notStarted: readonly (string | undefined)[] = ['StartError', 'ContainerCannotRun'];

/** What the server itself leaves as its last words is not told: it may be anything. */
function whyNotStarted({ reason, message = '' }: Partial<Terminated> = {}): string {
  const words = notStarted.includes(reason) ? oneLine(message, maxDetailLength) : '';
  return words === '' ? '' : `; it cannot be started: ${words}`;
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
