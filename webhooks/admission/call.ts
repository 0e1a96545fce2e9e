import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { oneLine } from '../core/engine/text.ts';
import { errorText, type Logger } from '../platform/log.ts';
import { errored, renderAdmissionReview, type AdmissionRequest, type Answer } from './admission-review.ts';
import { createBatch } from './batch.ts';
import { largeBodyJudged } from './body-garbage.ts';
import { createBodyRoom } from './body-room.ts';
import { usableTimeoutMs } from './call-timeout.ts';
import type { CallContext, Endpoint, Handler } from './handler.ts';
import type { AdmissionMetrics, BodyRefusal } from './metrics.ts';
import { parseReview } from './parse-review.ts';
import { bodyRefusals, refuse, shedRefusals } from './refusal.ts';
import { createUploads, type Arrived, type UploadFailure } from './uploads.ts';

export interface CallLimits {
  /**
   * Longest body, in bytes. An API request has at most 3 MiB, and an UPDATE carries two objects:
   * https://github.com/kubernetes-sigs/controller-runtime/blob/main/pkg/webhook/admission/http.go
   */
  readonly maxBodyBytes: number;
  /** Bodies above this are judged one at a time, and those that announce more, or nothing, have a room of their own. */
  readonly largeBodyBytes: number;
  /** All smaller bodies that have arrived, in bytes; and those that are judged, of which each counts as 16 KiB at least. */
  readonly smallRoomBytes: number;
  /** Larger bodies that have arrived, in bytes, besides the one that goes first. */
  readonly largeRoomBytes: number;
  /** Requests that wait for room, and for their turn, in each of the two. */
  readonly maxWaiting: number;
  /** Larger bodies that wait for room while they arrive: the connection of each holds a hundred KiB meanwhile. */
  readonly maxLargeWaiting: number;
  /** How long a body may take that arrives below the minimum rate, in milliseconds; and while others wait for room. */
  readonly graceMs: number;
  readonly pressedGraceMs: number;
  /** The minimum rate, in bytes a second: far below what an API server sends, so that its load does not matter. */
  readonly minRate: number;
}

export const defaultCallLimits: CallLimits = {
  maxBodyBytes: 7 * 1024 * 1024,
  largeBodyBytes: 256 * 1024,
  smallRoomBytes: 4 * 1024 * 1024,
  largeRoomBytes: 2 * 1024 * 1024,
  maxWaiting: 128,
  maxLargeWaiting: 32,
  graceMs: 2_000,
  pressedGraceMs: 100,
  minRate: 1024 * 1024,
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
  /** Told when an AdmissionReview was answered on this connection. */
  readonly onReview: (socket: Socket) => void;
}

/** One call from the API server, from its head to its answer; a refusal at each step that can fail. */
export type Call = (endpoint: Endpoint, request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createCall(options: CallOptions): Call {
  const { limits, metrics } = options;
  const nextBatch = createBatch();
  const small = createBodyRoom({ maxBytes: limits.smallRoomBytes, maxWaiting: limits.maxWaiting });
  const large = createBodyRoom({ maxBytes: limits.maxBodyBytes, maxWaiting: limits.maxWaiting });
  const smallUploads = createUploads({
    ...limits,
    maxBodyBytes: Math.min(limits.largeBodyBytes, limits.maxBodyBytes),
    roomBytes: limits.smallRoomBytes,
  });
  const largeUploads = createUploads({
    ...limits,
    maxWaiting: limits.maxLargeWaiting,
    roomBytes: limits.largeRoomBytes,
  });

  return async (endpoint, request, response) => {
    const startedAt = performance.now();
    const size = Number(request.headers['content-length'] ?? limits.maxBodyBytes);
    const headRefusal = refusalOfHead(request, size, limits);
    if (headRefusal !== undefined) {
      metrics.bodyRefused(headRefusal);
      return refuse(request, response, bodyRefusals[headRefusal]);
    }
    const deadlineAt = startedAt + usableTimeoutMs(request.url ?? '');
    const context = createContext(response, deadlineAt);
    const uploads = size <= limits.largeBodyBytes ? smallUploads : largeUploads;
    const arrived = await uploads.read(request, deadlineAt);
    if (typeof arrived === 'string') return refuseUpload(options, { request, response, failure: arrived });

    const { length } = arrived.body;
    const isSmall = length <= limits.largeBodyBytes;
    const room = isSmall ? small : large;
    const cost = isSmall ? Math.max(length, smallestCost) : limits.maxBodyBytes;
    // Only a body that is there takes room: a slow sender would hold it.
    const entering = room.enter(cost, context.remainingMs());
    // Nearly always at once, and then without a turn of the microtask queue.
    const entry = typeof entering === 'string' ? entering : await entering;
    if (entry !== 'in') {
      arrived.release();
      metrics.shed(entry);
      return refuse(request, response, shedRefusals[entry]);
    }
    try {
      await answerBody(options, { endpoint, request, response, context, startedAt, arrived, nextBatch });
    } finally {
      arrived.release();
      room.leave(cost);
      if (!isSmall) largeBodyJudged();
    }
  };
}

/** Counts and says why a body did not come in. */
async function refuseUpload(
  { metrics }: CallOptions,
  call: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly failure: UploadFailure },
): Promise<void> {
  const { request, response, failure } = call;
  switch (failure) {
    case 'aborted':
      metrics.aborted();
      return;
    case 'full':
    case 'waited':
      metrics.shed(failure);
      return refuse(request, response, shedRefusals[failure]);
    case 'too large':
    case 'too slow': {
      const why = failure === 'too large' ? 'bytes' : 'slow';
      metrics.bodyRefused(why);
      return refuse(request, response, bodyRefusals[why]);
    }
  }
}

interface CallInProgress {
  readonly endpoint: Endpoint;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: CallContext;
  readonly startedAt: number;
  readonly arrived: Arrived;
  readonly nextBatch: () => Promise<void>;
}

async function answerBody(options: CallOptions, call: CallInProgress): Promise<void> {
  const { metrics } = options;
  const { endpoint, request, response } = call;
  await call.nextBatch();
  const read = parseReview(call.arrived.body);
  call.arrived.release();
  if (!read.ok) {
    metrics.bodyRefused(read.why);
    return refuse(request, response, read.refusal);
  }
  // Also where nothing is looked up: first all of a batch are judged, and then their answers are written.
  const answer = await answerSafely(options, call, read.request);
  if (response.destroyed) {
    metrics.aborted();
    return;
  }
  const text = renderAdmissionReview(read.request.uid, answer);
  if (options.isDraining()) response.setHeader('connection', 'close');
  const bytes = Buffer.byteLength(text);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes });
  // ASCII is the same in both, and as Latin-1 it is copied and not encoded: nearly every answer.
  response.end(text, bytes === text.length ? 'latin1' : 'utf8');
  options.onReview(request.socket);
  const { decision } = answer;
  const { operation } = read.request;
  const seconds = (performance.now() - call.startedAt) / 1000;
  metrics.answered({ webhook: endpoint, operation, decision, seconds });
  if (answer.found !== undefined) metrics.found(answer.found);
  if (decision === 'denied') reportDenial(options, read.request, answer);
}

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
        `${oneLine(errorText(error), 300)}. The log of the webhook says more about request ${request.uid}.`,
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
