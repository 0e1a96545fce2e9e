import type { Clock } from '../platform/clock.ts';
import { recordAt } from '../platform/kube/object.ts';
import type { MessageId, RequestMessage, ResponseMessage } from './message.ts';
import type { BridgeMetrics, OperationError } from './metrics.ts';
import type { Reply } from './reply.ts';
import { rpcCodes, type RpcError } from './rpc-error.ts';

export interface CallContext {
  readonly clock: Clock;
  readonly metrics: BridgeMetrics;
}

/**
 * One request of a client, until it is answered or given up; measured once. It may wait for as long as a tool takes, and
 * many may wait at once, so it keeps what names the request and nothing else of the message.
 */
export class Call {
  readonly id: MessageId;
  readonly method: string;
  readonly progressToken: MessageId | undefined;
  readonly #reply: Reply;
  readonly #context: CallContext;
  readonly #startedAt: number;
  #isOver = false;
  /** Called once, when it is over: without an error when it succeeded. */
  onEnd: ((error: OperationError | undefined) => void) | undefined;

  /** `onGone`: the client has gone before the answer. */
  constructor(
    context: CallContext,
    { message, reply }: { readonly message: RequestMessage; readonly reply: Reply },
    onGone: () => void,
  ) {
    this.id = message.id;
    this.method = message.method;
    this.progressToken = tokenOf(message);
    this.#reply = reply;
    this.#context = context;
    this.#startedAt = context.clock.monotonicMs();
    reply.onGone = () => {
      this.#end('cancelled');
      onGone();
    };
  }

  get streams(): boolean {
    return this.#reply.streams && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get relief(): Promise<void> | undefined {
    return this.#reply.relief;
  }

  notify(message: Uint8Array): boolean {
    return this.#reply.notify(message);
  }

  /** What the server said, with the HTTP status that belongs to it. */
  answer(bytes: Uint8Array, answer: ResponseMessage, status = 200): void {
    if (!this.#end(answer.errorCode === undefined ? undefined : 'rpc_error')) return;
    this.#reply.answer(bytes, { status });
  }

  /** The process that should have answered is gone: a clause, as in "server process exited with code 1". */
  fail(why: string): void {
    if (!this.#end('server_exited')) return;
    this.#reply.refuse(this.id, { code: rpcCodes.internalError, message: `server process ${why}` });
  }

  refuse(error: RpcError, options: { readonly status: number; readonly retryAfterSeconds?: number }): void {
    if (!this.#end('refused')) return;
    const { status, retryAfterSeconds } = options;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    this.#reply.refuse(this.id, error, { status, headers });
  }

  /** Its client has cancelled it: nothing is said any more. */
  cancel(): void {
    if (!this.#end('cancelled')) return;
    this.#reply.end();
  }

  /** False when it was over already. */
  #end(error: OperationError | undefined): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    const { clock, metrics } = this.#context;
    metrics.observeOperation(this.method, error, (clock.monotonicMs() - this.#startedAt) / 1000);
    this.onEnd?.(error);
    return true;
  }
}

function tokenOf({ params }: RequestMessage): MessageId | undefined {
  const token = recordAt(params, '_meta')?.['progressToken'];
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}

/** There are too many of something, for now. */
export function busy(message: string): [RpcError, { readonly status: number; readonly retryAfterSeconds: number }] {
  return [
    { code: rpcCodes.internalError, message },
    { status: 503, retryAfterSeconds: 1 },
  ];
}
