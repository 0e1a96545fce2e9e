import type { Connection } from './connection.ts';
import { envelopeKeys } from './classify.ts';
import { locate, replaceRanges, type Range } from './locate.ts';
import type { Message, MessageId, NotificationMessage, RequestMessage, ResponseMessage } from './message.ts';
import { stringAt, recordAt } from '../platform/kube/object.ts';
import { renderRpcError, rpcCodes } from './rpc-error.ts';

/** What becomes of a request. One of `onAnswer` and `onFailed` is called, once, unless it is cancelled before. */
export interface Caller {
  onAnswer(bytes: Uint8Array, answer: ResponseMessage): void;
  onFailed(why: string): void;
  onNotification(bytes: Uint8Array): void;
}

interface Pending {
  readonly method: string;
  /** As the client sent them. */
  readonly id: Buffer;
  readonly progressToken: Buffer | undefined;
  readonly wantsLog: boolean;
  readonly caller: Caller;
}

export interface SharedRequestsOptions {
  /** Most requests that wait at the same time. */
  readonly maxPending: number;
  /** Notifications that belong to no request. */
  readonly onUnrelated: (message: NotificationMessage) => void;
}

/**
 * The requests of all clients to one process. Clients choose their ids without knowing of each other, so the process gets
 * ids of ours; what it says is given back under the id, and the progress token, of whoever asked.
 */
export class SharedRequests {
  readonly #connection: Connection;
  readonly #options: SharedRequestsOptions;
  readonly #pending = new Map<number, Pending>();
  #lastId: number;

  /** `firstId`: those below are used up. */
  constructor(connection: Connection, firstId: number, options: SharedRequestsOptions) {
    this.#connection = connection;
    this.#lastId = firstId - 1;
    this.#options = options;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Without the streams of `subscriptions/listen`, which last until somebody ends them. */
  get calls(): number {
    let count = 0;
    for (const { method } of this.#pending.values()) if (method !== 'subscriptions/listen') count += 1;
    return count;
  }

  /** Returns what cancels it; undefined when the process has too much to do already. */
  ask(request: RequestMessage, caller: Caller): ((reason: string) => void) | undefined {
    if (this.#pending.size >= this.#options.maxPending) return undefined;
    const { bytes, method } = request;
    const idRange = locate(bytes, ['id']);
    if (idRange === undefined) return undefined;
    const id = (this.#lastId += 1);
    const own = Buffer.from(String(id));
    const tokenRange = locate(bytes, ['params', '_meta', 'progressToken']);
    const ranges = tokenRange === undefined ? [idRange] : [idRange, tokenRange];
    if (!this.#connection.send(replaceAll(bytes, ranges, own))) return undefined;
    this.#pending.set(id, {
      method,
      id: copyOf(bytes, idRange),
      progressToken: tokenRange === undefined ? undefined : copyOf(bytes, tokenRange),
      wantsLog: stringAt(recordAt(request.params, '_meta'), envelopeKeys.logLevel) !== undefined,
      caller,
    });
    return (reason) => {
      if (!this.#pending.delete(id)) return;
      const params = { requestId: id, reason };
      this.#connection.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params })));
    };
  }

  /** What the process says. */
  take(message: Message): void {
    switch (message.kind) {
      case 'response':
        this.#takeAnswer(message);
        return;
      case 'notification':
        this.#takeNotification(message);
        return;
      case 'request':
        // Whom it would ask nobody can tell, and in this era a server asks in its answer.
        this.#connection.send(
          renderRpcError(message.id, {
            code: rpcCodes.methodNotFound,
            message: 'A process that several clients share cannot ask one of them.',
          }),
        );
    }
  }

  /** The process is gone. */
  fail(why: string): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { caller } of all) caller.onFailed(why);
  }

  #takeAnswer(message: ResponseMessage): void {
    const { id, bytes } = message;
    const pending = this.#find(id);
    // Late, after it was cancelled, or never asked.
    if (pending === undefined || typeof id !== 'number') return;
    this.#pending.delete(id);
    const ranges = [
      locate(bytes, ['id']),
      pending.method === 'subscriptions/listen'
        ? locate(bytes, ['result', '_meta', envelopeKeys.subscription])
        : undefined,
    ];
    pending.caller.onAnswer(replaceAll(bytes, ranges.filter(isThere), pending.id), message);
  }

  #takeNotification(message: NotificationMessage): void {
    const { method, bytes, params } = message;
    if (method === 'notifications/progress') {
      this.#give(message, ['params', 'progressToken'], (pending) => pending.progressToken);
      return;
    }
    if (method === 'notifications/cancelled') {
      this.#give(message, ['params', 'requestId'], ({ id }) => id);
      return;
    }
    if (recordAt(params, '_meta')?.[envelopeKeys.subscription] !== undefined) {
      this.#give(message, ['params', '_meta', envelopeKeys.subscription], ({ id }) => id);
      return;
    }
    if (method === 'notifications/message') {
      // It does not say of which request it is: with two of them it may be the wrong client's.
      const [only, ...others] = [...this.#pending.values()].filter((one) => one.method !== 'subscriptions/listen');
      if (only?.wantsLog === true && others.length === 0) {
        only.caller.onNotification(bytes);
        return;
      }
    }
    this.#options.onUnrelated(message);
  }

  /** To the request that our number at `path` names, with what its client calls it. */
  #give(message: NotificationMessage, path: readonly string[], nameOf: (pending: Pending) => Buffer | undefined): void {
    const { bytes } = message;
    const range = locate(bytes, path);
    if (range === undefined) return;
    const text = Buffer.from(bytes.subarray(range.start, range.end)).toString('latin1');
    // Some servers make texts of numbers.
    const pending = this.#find(Number(text.replaceAll('"', '')));
    const name = pending === undefined ? undefined : nameOf(pending);
    if (pending !== undefined && name !== undefined) {
      pending.caller.onNotification(replaceAll(bytes, [range], name));
    }
  }

  #find(id: MessageId | undefined): Pending | undefined {
    return typeof id === 'number' ? this.#pending.get(id) : undefined;
  }
}

function replaceAll(bytes: Uint8Array, ranges: readonly Range[], by: Uint8Array): Buffer {
  return replaceRanges(
    bytes,
    ranges.map((range) => ({ range, by })),
  );
}

/** A copy, because a slice would keep the whole message. */
function copyOf(bytes: Uint8Array, { start, end }: Range): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
