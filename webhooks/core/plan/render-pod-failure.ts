import type { PodFailure } from '../mcpserver/types.gen.ts';
import { shimReasons } from './told-by-shim.ts';
import type { ShimReason } from './told-by-shim.ts';

/** What may be behind a failure, from the spec: which field to look at. Absent: there is nothing to say. */
export interface PodHints {
  /** Beside a crash of the server's own doing (`hintOnCrash`). */
  readonly crash?: string | undefined;
  /** Beside a container that runs and is not ready (`hintOnUnready`). */
  readonly unready?: string | undefined;
  /** Beside a pod of which nothing was started (`hintOnStart`). */
  readonly start?: string | undefined;
  /** Of a server for stdio, in place of what is said of others (`hintsOnStdio`). */
  readonly stdio?: StdioHints | undefined;
}

/** What an end of the program says that is started for each session. */
export interface StdioHints {
  /** By exit code; others are of the program's own doing. */
  readonly exits: Readonly<Record<number, string>>;
  /** At once and without an error. */
  readonly endedAtOnce: string;
  readonly reasons: Readonly<Record<ShimReason, string>>;
}

const stdioHint =
  'it ends at once and without an error, as servers for stdio do: set spec.extensions.stdio (mcp-lifecycle stdio resolve IMAGE prints it), or have it serve streamable HTTP by an option of its own';

const ownHint =
  'it is a container of mcp-lifecycle beside the server, not the server itself: whoever installed mcp-lifecycle sees why (its image, stdio.imagePullSecrets, stdio.resources; kubectl logs -c mcp-bridge --previous)';

/** How each failure is told, but for the hint and the pod. */
const sentences = {
  ImagePull: ({ image = '', detail = '' }) => `Image pull failed for "${image}": ${detail}`,
  Configuration: ({ detail = '' }) => `Container config error: ${detail}`,
  Unschedulable: ({ detail = '' }) => `Pod cannot be scheduled: ${detail}`,
  NotStarted: ({ notReadyAfterSeconds: seconds = 0 }) =>
    `Pod not started: its node has neither mounted all volumes nor made the sandbox ${seconds} seconds after it came there, kubectl describe pod says why`,
  Crashing: (failure) => `Container crashing:${exitOf(failure)}`,
  OutOfMemory: (failure) => `Container OOMKilled:${exitOf(failure)}`,
  Unhealthy: (failure) => `Container not passing health checks: ${unhealthiness(failure)}`,
} as const satisfies Record<PodFailure['cause'], (failure: PodFailure) => string>;

const rootHint =
  'servers do not run as root here: set spec.runtime.security.podSecurityContext.runAsUser to the number of a user who may read the files of the image (65532 mostly may), or give the image a user by number';

const hintTexts = {
  Stdio: ({ stdio }) => stdio?.endedAtOnce ?? stdioHint,
  Crash: ({ crash, stdio }, { exitCode = 0 }) => stdio?.exits[exitCode] ?? crash,
  Unready: ({ unready }) => unready,
  Start: ({ start }) => start,
  Own: () => ownHint,
} as const satisfies Record<
  NonNullable<PodFailure['hint']>,
  (hints: PodHints, failure: PodFailure) => string | undefined
>;

function adviceText(advice: string, hints: PodHints): string | undefined {
  if (advice === 'Root') return rootHint;
  const reason = shimReasons.find((one) => one === advice);
  return reason === undefined ? undefined : (hints.stdio?.reasons[reason] ?? hints.crash);
}

/** In words, for the conditions. */
export function renderPodFailure(failure: PodFailure, hints: PodHints): string {
  const { hint: word, advice } = failure;
  const hint =
    word !== undefined ? hintTexts[word](hints, failure) : advice !== undefined ? adviceText(advice, hints) : undefined;
  return `${sentences[failure.cause](failure)}${hint === undefined ? '' : `; ${hint}`} (pod: ${failure.pod})`;
}

function exitOf(failure: PodFailure): string {
  const { exitCode, detail } = failure;
  const exit = exitCode === undefined ? '' : ` exit code ${exitCode},`;
  return `${exit} ${restartsOf(failure)}${detail === undefined ? '' : `; it cannot be started: ${detail}`}`;
}

function unhealthiness(failure: PodFailure): string {
  const { notReadyAfterSeconds: seconds } = failure;
  return seconds === undefined ? restartsOf(failure) : `not ready ${seconds} seconds after its start`;
}

/** `restarts: 0`, `restarts: 1`, then `restarts: 2+` for two or three, `4+`, …: true until the number has doubled. */
function restartsOf({ restarts = 0 }: PodFailure): string {
  return `restarts: ${restarts}${restarts > 1 ? '+' : ''}`;
}
