import type { Socket } from 'node:net';
import type { CallContext, Endpoint } from './handler.ts';
import type { RefusedReview } from './parse-review.ts';

/** What is left until then, by `performance.now()`, in whole milliseconds; never below 1. */
export function remainingMs(deadlineAt: number): number {
  return Math.max(1, Math.floor(deadlineAt - performance.now()));
}

/** A request whose body is there, until it is answered. */
export abstract class PendingCall implements CallContext {
  readonly endpoint: Endpoint;
  /** By `performance.now()`, as the deadline. */
  readonly startedAt: number;
  readonly #deadlineAt: number;
  /** Made when somebody asks for the signal: most calls look nothing up. */
  #controller: AbortController | undefined;

  constructor(endpoint: Endpoint, startedAt: number, deadlineAt: number) {
    this.endpoint = endpoint;
    this.startedAt = startedAt;
    this.#deadlineAt = deadlineAt;
  }

  abstract readonly socket: Socket;
  /** The caller hung up. */
  abstract readonly isGone: boolean;
  /** The bytes, until they are given back. */
  abstract readonly body: Buffer;
  /** The body was parsed: others may have its room, and write over it. */
  abstract giveBack(): void;
  /** A whole AdmissionReview. */
  abstract answer(text: string): void;
  /** Nothing more comes: it was answered, its caller is gone, or it is refused and not answered yet. */
  abstract finish(refused?: RefusedReview): void;
  /** A bug of ours outside of the handlers: there may be no UID to answer to. */
  abstract fail(error: unknown): void;
  /** Has `listener` called when the caller hangs up before the answer is out. */
  protected abstract onGone(listener: () => void): void;

  remainingMs(): number {
    return remainingMs(this.#deadlineAt);
  }

  signal(): AbortSignal {
    if (this.#controller === undefined) {
      const created = new AbortController();
      this.#controller = created;
      // Who is gone already hangs up no more.
      if (this.isGone) created.abort();
      else
        this.onGone(() => {
          created.abort();
        });
    }
    return this.#controller.signal;
  }
}
