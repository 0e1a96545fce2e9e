/** How a process ended, as the shim saw it: one of both, if anything is known. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a process tells us. */
export interface ChildEvents {
  onData(chunk: Uint8Array): void;
  /** Once, after the last data: it ended, or the connection did. */
  onEnd(exit: ChildExit | undefined): void;
}

/** One process of the server, behind the shim. */
export interface Child {
  /** Eight hexadecimal digits, which the shim puts before what the process writes to its error output. */
  readonly label: string;
  /** Bytes that are written and not taken yet. */
  readonly unsent: number;
  /** `onWritten`: the bytes are gone, wherever to. */
  write(bytes: Uint8Array, onWritten: () => void): void;
  /** Nothing of it is read until `resume`, so that it waits when it goes on writing. */
  pause(): void;
  resume(): void;
  /** Ends its input and nothing of it is read any more; the shim ends the process. */
  close(): void;
}

/** Why the shim starts nothing: its own words. */
export type ShimRefusal = 'Limit' | 'NotFound' | 'NotExecutable' | 'Cwd' | 'Stopping';

export type Opened =
  | { readonly type: 'open'; readonly child: Child }
  | { readonly type: 'refused'; readonly reason: ShimRefusal; readonly message: string }
  /** There is no shim, or it does not speak as one: a clause. */
  | { readonly type: 'unreachable'; readonly why: string };

/** What the status of the MCPServer can say beside an exit code: webhooks/core/plan/told-by-shim.ts reads it. */
export type GiveUpReason = 'NoAnswer' | 'WrongAnswer' | 'NotStarted';

export interface GivingUp {
  readonly code: number;
  /** A clause about the server, for its log. */
  readonly why: string;
  /** Absent: the process ended by itself, and its exit code says more. */
  readonly reason?: GiveUpReason;
}

/** What the bridge needs of the shim in the container of the server. */
export interface Shim {
  /** Starts a process. */
  open(events: ChildEvents): Promise<Opened>;
  /** Has the shim end, and with it the container. */
  giveUp(end: GivingUp): void;
}

/** What the shim tells of itself. */
export interface ShimEvents {
  onConnected(): void;
  /** It was told to end: it starts nothing any more, and waits for the processes that there are. */
  onStopping(): void;
  onLost(): void;
}

/** The exit code that a shell would show: https://tldp.org/LDP/abs/html/exitcodes.html; 1 where nothing is known. */
export function exitCodeOf(exit: ChildExit | undefined, signals: Readonly<Record<string, number>>): number {
  if (exit?.code !== undefined && exit.code !== null) return exit.code === 0 ? 1 : exit.code;
  const signal = exit?.signal === undefined || exit.signal === null ? undefined : signals[exit.signal];
  return signal === undefined ? 1 : 128 + signal;
}

/** A clause about a process that is gone. */
export function describeExit(exit: ChildExit | undefined): string {
  if (exit?.code !== undefined && exit.code !== null) return `exited with code ${exit.code}`;
  if (exit?.signal !== undefined && exit.signal !== null) return `was ended by ${exit.signal}`;
  return 'ended';
}
