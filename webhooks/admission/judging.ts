import type { Socket } from 'node:net';
import { oneLine } from '../core/engine/text.ts';
import { errorText, type LogFields, type Logger } from '../platform/log.ts';
import { errored, renderAdmissionReview } from './admission-review.ts';
import type { AdmissionRequest, Answer, AnswerDecision, Operation } from './admission-review.ts';
import { createBatch } from './batch.ts';
import type { Endpoint, Handler } from './handler.ts';
import type { AdmissionMetrics, FoundInRequest } from './metrics.ts';
import { parseReview, type RefusedReview } from './parse-review.ts';
import type { PendingCall } from './pending-call.ts';

export interface JudgingOptions {
  readonly handlers: Readonly<Record<Endpoint, Handler>>;
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
  /** Told when an AdmissionReview was answered on this connection. */
  readonly onReview: (socket: Socket) => void;
}

/** What is left of a request that was judged: its answer, and what is counted and logged of it. */
interface Judgement {
  readonly ok: true;
  readonly text: string;
  readonly operation: Operation;
  readonly decision: AnswerDecision;
  readonly found: readonly FoundInRequest[] | undefined;
  readonly denial: Denial | undefined;
}

interface Denial {
  readonly ruleIds: readonly string[];
  readonly logged: LogFields;
}

type Outcome = Judgement | RefusedReview;

/**
 * From bodies to answers. First all of a batch are judged, and then their answers are written: what writes drives what
 * judges out of the caches of the processor. Meanwhile each is a text and no more: the collector moves what lives on.
 */
export function createJudging(options: JudgingOptions): (call: PendingCall) => void {
  return createBatch<PendingCall>((calls) => {
    const outcomes = calls.map((call) => judge(options, call));
    for (const [index, call] of calls.entries()) {
      const outcome = outcomes[index];
      if (outcome instanceof Promise) deliverLate(options, call, outcome);
      else if (outcome !== undefined) deliver(options, call, outcome);
    }
  });
}

/** Undefined when its caller is gone, or our code failed; the call has been told then. */
function judge(options: JudgingOptions, call: PendingCall): Outcome | Promise<Outcome> | undefined {
  try {
    if (call.isGone) {
      abort(options, call);
      return undefined;
    }
    const read = parseReview(call.body);
    call.giveBack();
    if (!read.ok) return read;
    const { request } = read;
    const answer = askHandler(options, call, request);
    return answer instanceof Promise ? answer.then((late) => toJudgement(request, late)) : toJudgement(request, answer);
  } catch (error) {
    call.fail(error);
    return undefined;
  }
}

/**
 * What a handler throws is our bug. Mutation then changes nothing (validation judges the defaulted object in any
 * case); validation cannot tell whether the object is fine, so it refuses.
 */
function askHandler(options: JudgingOptions, call: PendingCall, request: AdmissionRequest): Answer | Promise<Answer> {
  try {
    const answer = options.handlers[call.endpoint](request, call);
    return answer instanceof Promise ? answer.catch((error: unknown) => toBug(options, call, request, error)) : answer;
  } catch (error) {
    return toBug(options, call, request, error);
  }
}

function toBug(options: JudgingOptions, { endpoint }: PendingCall, request: AdmissionRequest, error: unknown): Answer {
  options.metrics.internalError(endpoint);
  options.log.error('an admission handler failed', {
    webhook: endpoint,
    requestUid: request.uid,
    namespace: request.namespace,
    server: request.name,
    error: errorText(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  return errored({
    isAllowed: endpoint === 'mutate',
    message:
      `mcp-lifecycle failed while it judged this object; this is a bug of mcp-lifecycle, not of the object: ` +
      `${oneLine(errorText(error), 300)}. The log of the webhook says more about request ${request.uid}.`,
  });
}

function toJudgement(request: AdmissionRequest, answer: Answer): Judgement {
  const { operation } = request;
  const { decision, found } = answer;
  const text = renderAdmissionReview(request.uid, answer);
  return { ok: true, text, operation, decision, found, denial: toDenial(request, answer) };
}

function toDenial(request: AdmissionRequest, answer: Answer): Denial | undefined {
  if (answer.decision !== 'denied') return undefined;
  const { ruleIds } = answer;
  const logged = {
    requestUid: request.uid,
    operation: request.operation,
    namespace: request.namespace,
    server: request.name,
    user: request.userName.slice(0, 200),
    rules: ruleIds.join(','),
    dryRun: request.dryRun,
  };
  return { ruleIds, logged };
}

function deliverLate(options: JudgingOptions, call: PendingCall, outcome: Promise<Outcome>): void {
  outcome.then(
    (late) => {
      deliver(options, call, late);
    },
    (error: unknown) => {
      call.fail(error);
    },
  );
}

function deliver(options: JudgingOptions, call: PendingCall, outcome: Outcome): void {
  try {
    if (!outcome.ok) call.finish(outcome);
    else if (call.isGone) abort(options, call);
    else answer(options, call, outcome);
  } catch (error) {
    call.fail(error);
  }
}

function abort({ metrics }: JudgingOptions, call: PendingCall): void {
  metrics.aborted();
  call.finish();
}

function answer({ metrics, log, onReview }: JudgingOptions, call: PendingCall, judgement: Judgement): void {
  const { operation, decision, found, denial } = judgement;
  call.answer(judgement.text);
  onReview(call.socket);
  const seconds = (performance.now() - call.startedAt) / 1000;
  metrics.answered({ webhook: call.endpoint, operation, decision, seconds });
  if (found !== undefined) metrics.found(found);
  if (denial !== undefined) {
    metrics.denied(denial.ruleIds);
    log.info('denied', denial.logged);
  }
  call.finish();
}
