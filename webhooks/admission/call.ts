import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { largeBodyJudged } from './body-garbage.ts';
import { createBodyRoom } from './body-room.ts';
import { usableTimeoutMs } from './call-timeout.ts';
import type { DirectParts } from './direct.ts';
import type { Endpoint } from './handler.ts';
import { createJudging, type JudgingOptions } from './judging.ts';
import type { BodyRefusal } from './metrics.ts';
import type { RefusedReview } from './parse-review.ts';
import { PendingCall, remainingMs } from './pending-call.ts';
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

export interface CallOptions extends JudgingOptions {
  readonly limits: CallLimits;
  /** Asked when an answer goes out: whether the connection shall be used no more after it. */
  readonly isLast: (socket: Socket) => boolean;
}

/** One call from the API server, from its head to its answer; a refusal at each step that can fail. */
export type Call = (endpoint: Endpoint, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The two ways to judging. */
export interface Calls {
  readonly byHttp: Call;
  readonly direct: DirectParts;
}

export function createCalls(options: CallOptions): Calls {
  const { limits, metrics } = options;
  const judge = createJudging(options);
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

  const byHttp: Call = async (endpoint, request, response) => {
    const startedAt = performance.now();
    const size = Number(request.headers['content-length'] ?? limits.maxBodyBytes);
    const headRefusal = refusalOfHead(request, size, limits);
    if (headRefusal !== undefined) {
      metrics.bodyRefused(headRefusal);
      return refuse(request, response, bodyRefusals[headRefusal]);
    }
    const deadlineAt = startedAt + usableTimeoutMs(request.url ?? '');
    const uploads = size <= limits.largeBodyBytes ? smallUploads : largeUploads;
    const arrived = await uploads.read(request, deadlineAt);
    if (typeof arrived === 'string') return refuseUpload(options, { request, response, failure: arrived });

    const { length } = arrived.body;
    const isSmall = length <= limits.largeBodyBytes;
    const room = isSmall ? small : large;
    const cost = isSmall ? costOfSmall(length) : limits.maxBodyBytes;
    // Only a body that is there takes room: a slow sender would hold it.
    const entering = room.enter(cost, remainingMs(deadlineAt));
    // Nearly always at once, and then without a turn of the microtask queue.
    const entry = typeof entering === 'string' ? entering : await entering;
    if (entry !== 'in') {
      arrived.release();
      metrics.shed(entry);
      return refuse(request, response, shedRefusals[entry]);
    }
    try {
      const refused = await new Promise<RefusedReview | undefined>((resolve, reject) => {
        const { isLast } = options;
        const parts = { endpoint, startedAt, deadlineAt, request, response, arrived, isLast, resolve, reject };
        judge(new HttpCall(parts));
      });
      if (refused !== undefined) {
        metrics.bodyRefused(refused.why);
        await refuse(request, response, refused.refusal);
      }
    } finally {
      arrived.release();
      room.leave(cost);
      if (!isSmall) largeBodyJudged();
    }
  };
  const { maxBodyBytes } = limits;
  return { byHttp, direct: { judge, uploads: smallUploads, room: small, costOf: costOfSmall, maxBodyBytes } };
}

function costOfSmall(bytes: number): number {
  return Math.max(bytes, smallestCost);
}

interface HttpCallParts {
  readonly endpoint: Endpoint;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrived: Arrived;
  readonly isLast: (socket: Socket) => boolean;
  readonly resolve: (refused: RefusedReview | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A call by way of Node's HTTP. */
class HttpCall extends PendingCall {
  readonly #parts: HttpCallParts;

  constructor(parts: HttpCallParts) {
    super(parts.endpoint, parts.startedAt, parts.deadlineAt);
    this.#parts = parts;
  }

  get socket(): Socket {
    return this.#parts.request.socket;
  }

  get isGone(): boolean {
    return this.#parts.response.destroyed;
  }

  get body(): Buffer {
    return this.#parts.arrived.body;
  }

  giveBack(): void {
    this.#parts.arrived.release();
  }

  answer(text: string): void {
    const { request, response, isLast } = this.#parts;
    if (isLast(request.socket)) response.setHeader('connection', 'close');
    const bytes = Buffer.byteLength(text);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes });
    // ASCII is the same in both, and as Latin-1 it is copied and not encoded: nearly every answer.
    response.end(text, bytes === text.length ? 'latin1' : 'utf8');
  }

  finish(refused?: RefusedReview): void {
    this.#parts.resolve(refused);
  }

  fail(error: unknown): void {
    this.#parts.reject(error);
  }

  protected onGone(listener: () => void): void {
    const { response } = this.#parts;
    response.once('close', () => {
      if (!response.writableFinished) listener();
    });
  }
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

function refusalOfHead(request: IncomingMessage, size: number, limits: CallLimits): BodyRefusal | undefined {
  const type = request.headers['content-type'] ?? '';
  if (type !== 'application/json' && !/^application\/json\s*(?:;|$)/i.test(type)) return 'content type';
  // A few hundred compressed bytes can become gigabytes; API servers do not compress.
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return 'compressed';
  return size > limits.maxBodyBytes ? 'bytes' : undefined;
}
