import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText, type Logger } from '../platform/log.ts';
import { errored, renderAdmissionReview, type AdmissionRequest, type Answer } from './admission-review.ts';
import { createFilling, createPieces, createUploadWatch, readBody, type ReadBodyOptions } from './body.ts';
import { createCollector } from '../platform/collect-garbage.ts';
import { usableTimeoutMs } from './call-timeout.ts';
import type { CallContext, Endpoint, Handler } from './handler.ts';
import { createLane, type Lane } from './lane.ts';
import { createTurns } from './turns.ts';
import type { AdmissionMetrics, BodyRefusal } from './metrics.ts';
import { parseReview } from './parse-review.ts';
import { bodyRefusals, refuse, shedRefusals } from './refusal.ts';

export interface CallLimits {
  /**
   * Longest body, in bytes. An API request has at most 3 MiB, and an UPDATE carries two objects:
   * https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/webhook/admission/http.go
   */
  readonly maxBodyBytes: number;
  /** Bodies above this, and those of unknown length, are read and parsed one at a time. */
  readonly largeBodyBytes: number;
  /** All smaller bodies inside at the same time, in bytes; each counts as 16 KiB at least. */
  readonly smallLaneBytes: number;
  /**
   * Open connections; one more is closed at once. Each costs up to 0.3 MB while a body arrives on it, so this is what
   * bounds the memory of many slow senders. API servers use about as many as they have requests in flight.
   */
  readonly maxConnections: number;
  /** Requests that wait in each of the two lanes. */
  readonly maxWaiting: number;
  /** How long a body may take to arrive, in milliseconds. */
  readonly uploadMs: number;
}

export const defaultCallLimits: CallLimits = {
  maxBodyBytes: 7 * 1024 * 1024,
  largeBodyBytes: 256 * 1024,
  smallLaneBytes: 4 * 1024 * 1024,
  maxConnections: 200,
  maxWaiting: 128,
  uploadMs: 5_000,
};

/** What a small request counts at least: its parsed object and its answer are larger than its body. */
const smallestCost = 16 * 1024;

export interface CallOptions {
  readonly handlers: Readonly<Record<Endpoint, Handler>>;
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
  readonly limits: CallLimits;
  /** Asked when an answer goes out: after it, the connection shall be used no more. */
  readonly isDraining: () => boolean;
}

/** One call from the API server, from its head to its answer; a refusal at each step that can fail. */
export type Call = (endpoint: Endpoint, request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createCall(options: CallOptions): Call {
  const { limits, metrics } = options;
  const small = createLane({ maxBytes: limits.smallLaneBytes, maxWaiting: limits.maxWaiting });
  const watch = createUploadWatch(limits.uploadMs);
  const collectGarbage = createCollector();
  const turn = createTurns();
  // One buffer for all large bodies, while there are any: one for each would wait in dozens to be collected.
  let shared: Buffer | undefined;
  const sinkFor = (isSmall: boolean): ReadBodyOptions['sink'] => {
    if (isSmall) return createPieces();
    shared ??= Buffer.allocUnsafeSlow(limits.maxBodyBytes);
    return createFilling(shared, () => {
      collectGarbage('young');
    });
  };
  const large = createLane({ maxBytes: limits.maxBodyBytes, maxWaiting: limits.maxWaiting });

  return async (endpoint, request, response) => {
    const startedAt = performance.now();
    const size = Number(request.headers['content-length'] ?? limits.maxBodyBytes);
    const headRefusal = refusalOfHead(request, size, limits);
    if (headRefusal !== undefined) {
      metrics.bodyRefused(headRefusal);
      return refuse(request, response, bodyRefusals[headRefusal]);
    }
    const context = createContext(response, startedAt + usableTimeoutMs(request.url ?? ''));
    const isSmall = size <= limits.largeBodyBytes;
    const lane: Lane = isSmall ? small : large;
    const cost = isSmall ? Math.max(size, smallestCost) : limits.maxBodyBytes;
    // Nothing is read before there is room for it: a waiting request holds no more than its socket's buffer.
    const entering = lane.enter(cost, context.remainingMs());
    // Nearly always at once, and then without a turn of the microtask queue.
    const entry = typeof entering === 'string' ? entering : await entering;
    if (entry !== 'in') {
      metrics.shed(entry);
      return refuse(request, response, shedRefusals[entry]);
    }
    try {
      const reading = { maxBytes: limits.maxBodyBytes, watch, sink: sinkFor(isSmall) };
      await answerBody(options, { endpoint, request, response, context, startedAt, reading, turn });
    } finally {
      if (lane.leave(cost) && !isSmall) shared = undefined;
      if (!isSmall) collectGarbage('all');
    }
  };
}

interface CallInProgress {
  readonly endpoint: Endpoint;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: CallContext;
  readonly startedAt: number;
  readonly reading: ReadBodyOptions;
  readonly turn: () => Promise<void>;
}

async function answerBody(options: CallOptions, call: CallInProgress): Promise<void> {
  const { metrics } = options;
  const { endpoint, request, response } = call;
  const body = await readBody(request, call.reading);
  await call.turn();
  if (body === 'aborted') {
    metrics.aborted();
    return;
  }
  const read = typeof body === 'string' ? unread[body] : parseReview(body);
  if (!read.ok) {
    metrics.bodyRefused(read.why);
    return refuse(request, response, read.refusal);
  }
  const answer = await answerSafely(options, call, read.request);
  if (response.destroyed) {
    metrics.aborted();
    return;
  }
  const text = renderAdmissionReview(read.request.uid, answer);
  if (options.isDraining()) response.setHeader('connection', 'close');
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
  const { decision } = answer;
  const { operation } = read.request;
  const seconds = (performance.now() - call.startedAt) / 1000;
  metrics.answered({ webhook: endpoint, operation, decision, seconds });
  if (decision === 'denied') reportDenial(options, read.request, answer);
}

const unread = {
  'too large': { ok: false, why: 'bytes', refusal: bodyRefusals.bytes },
  'too slow': { ok: false, why: 'slow', refusal: bodyRefusals.slow },
} as const;

function refusalOfHead(request: IncomingMessage, size: number, limits: CallLimits): BodyRefusal | undefined {
  const type = request.headers['content-type'] ?? '';
  if (type !== 'application/json' && !/^application\/json\s*(?:;|$)/i.test(type)) return 'content type';
  // A few hundred compressed bytes can become gigabytes; API servers do not compress.
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return 'compressed';
  return size > limits.maxBodyBytes ? 'bytes' : undefined;
}

/**
 * The controller is made when somebody asks for the signal: most calls look nothing up. (A method and not a getter,
 * because V8 makes a new hidden class for each getter of an object literal: 15 µs for each call, and a heap of them.)
 */
function createContext(response: ServerResponse, deadlineAt: number): CallContext {
  let controller: AbortController | undefined;
  return {
    remainingMs: () => Math.max(1, Math.floor(deadlineAt - performance.now())),
    signal: () => {
      if (controller === undefined) {
        const created = new AbortController();
        controller = created;
        response.once('close', () => {
          if (!response.writableFinished) created.abort();
        });
      }
      return controller.signal;
    },
  };
}

/**
 * What a handler throws is our bug. Mutation then changes nothing (validation judges the defaulted object in any
 * case); validation cannot tell whether the object is fine, so it refuses.
 */
async function answerSafely(options: CallOptions, call: CallInProgress, request: AdmissionRequest): Promise<Answer> {
  const { endpoint, context } = call;
  try {
    return await options.handlers[endpoint](request, context);
  } catch (error) {
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
        `${errorText(error).slice(0, 300)}. The log of the webhook says more about request ${request.uid}.`,
    });
  }
}

function reportDenial({ metrics, log }: CallOptions, request: AdmissionRequest, answer: Answer): void {
  if (answer.decision !== 'denied') return;
  metrics.denied(answer.ruleIds);
  log.info('denied', {
    requestUid: request.uid,
    operation: request.operation,
    namespace: request.namespace,
    server: request.name,
    user: request.userName.slice(0, 200),
    rules: answer.ruleIds.join(','),
    dryRun: request.dryRun,
  });
}
