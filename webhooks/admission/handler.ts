import type { AdmissionRequest, Answer } from './admission-review.ts';

/** What API servers ask us, each on the path of its name. */
export const endpoints = ['mutate', 'validate', 'scale', 'composite'] as const;

export type Endpoint = (typeof endpoints)[number];

/** What a handler may know about the call besides the request. */
export interface CallContext {
  /** What is left of the caller's patience, in whole milliseconds, with a margin for the way back; never below 1. */
  readonly remainingMs: () => number;
  /** Aborts when the caller hung up. */
  readonly signal: () => AbortSignal;
}

/** Answers synchronously whenever nothing has to be looked up. What it throws is our bug and answered as such. */
export type Handler = (request: AdmissionRequest, context: CallContext) => Answer | Promise<Answer>;
