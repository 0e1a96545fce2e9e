import { printable, shortenEnd } from '../engine/text.ts';

/** What is read of a pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface PodState {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly initContainerStatuses?: readonly ContainerState[];
    readonly containerStatuses?: readonly ContainerState[];
  };
}

export interface ContainerState {
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: Terminated;
  };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
}

/** One failure; `kind` is how its message begins, and what two sightings of the same failure have in common. */
interface Failure {
  readonly kind: string;
  readonly rest: string;
  readonly pod: string;
}

/** Longest text of a kubelet that is passed on, in characters. */
const maxDetailLength = 512;

const unhealthy = 'Container not passing health checks';

/**
 * Why the pods do not run: the first failure found, by pod name, init containers first; undefined when none is visible.
 *
 * A broken pod goes round in circles (running, terminated, waiting; pulling, backing off) and counts its restarts. As
 * long as it is the same failure of the same pod, the text that was said before (`previous`) is said again, so that a
 * server that stays broken costs no write.
 */
export function diagnosePods(pods: readonly PodState[], previous?: string): string | undefined {
  const failures = [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).flatMap(findFailures);
  if (previous !== undefined && failures.some((failure) => continues(failure, previous))) return previous;
  const [first] = failures;
  return first === undefined ? undefined : `${first.kind}${first.rest} ${podSuffix(first)}`;
}

function continues(failure: Failure, previous: string): boolean {
  if (!previous.endsWith(podSuffix(failure))) return false;
  // Between two crashes a container runs and is not ready: still the crash, seen at another moment.
  const isMoment = failure.kind === unhealthy && /^Container (crashing|OOMKilled)/.test(previous);
  return isMoment || previous.startsWith(failure.kind);
}

function podSuffix({ pod }: Failure): string {
  return `(pod: ${pod})`;
}

function findFailures({ metadata, status }: PodState): readonly Failure[] {
  const init = (status?.initContainerStatuses ?? []).map((container) => findFailure(container, true));
  const main = (status?.containerStatuses ?? []).map((container) => findFailure(container, false));
  return [...init, ...main].flatMap((failure) => (failure === undefined ? [] : [{ ...failure, pod: metadata.name }]));
}

type Found = Omit<Failure, 'pod'>;

function findFailure(container: ContainerState, isInit: boolean): Found | undefined {
  const { waiting, terminated, running } = container.state ?? {};
  if (waiting !== undefined) return ofWaiting(container, waiting);
  if (terminated !== undefined) return isInit && terminated.exitCode === 0 ? undefined : ofExit(container, terminated);
  if (isInit || running === undefined || container.ready || container.restartCount === 0) return undefined;
  return { kind: unhealthy, rest: `: restarts: ${container.restartCount}` };
}

function ofWaiting(
  container: ContainerState,
  { reason, message = '' }: { readonly reason?: string; readonly message?: string },
): Found | undefined {
  const detail = shortenEnd(printable(message), maxDetailLength);
  switch (reason) {
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return { kind: `Image pull failed for "${container.image}"`, rest: `: ${detail}` };
    case 'CrashLoopBackOff':
      return ofExit(container, container.lastState?.terminated);
    case 'CreateContainerConfigError':
      return { kind: 'Container config error', rest: `: ${detail}` };
    case undefined:
    default:
      return undefined;
  }
}

function ofExit({ restartCount }: ContainerState, terminated: Terminated | undefined): Found {
  const verb = terminated?.reason === 'OOMKilled' ? 'OOMKilled' : 'crashing';
  const exit = terminated === undefined ? '' : ` exit code ${terminated.exitCode},`;
  return { kind: `Container ${verb}:${exit}`, rest: ` restarts: ${restartCount}` };
}
