import { busy, type Call } from './call.ts';
import { openConnection, type Connection, type ConnectionContext } from './connection.ts';
import {
  keyOfId,
  type Message,
  type MessageId,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
} from './message.ts';
import { Outbox } from './outbox.ts';
import type { Reply } from './reply.ts';
import { rpcCodes } from './rpc-error.ts';
import type { Session } from './session.ts';
import { describeExit, type Opened } from './shim.ts';

export interface OwnSessionOptions {
  /** Most requests that wait at the same time. */
  readonly maxPending: number;
  /** Once: its process is gone, so it is over. */
  readonly onEnd: () => void;
}

type Reader = Pick<Reply, 'relief'>;

/**
 * A session with a process of its own. Every byte goes through as it is: ids and progress tokens are those of the one
 * client, and what the server asks or tells belongs to nobody else.
 */
export class OwnSession implements Session {
  readonly #options: OwnSessionOptions;
  readonly #calls = new Map<string, Call>();
  readonly #outbox = new Outbox();
  #connection: Connection | undefined;
  #stream: Reply | undefined;
  /** Replies of which its client has not read enough. */
  readonly #behind = new Set<Reader>();
  #isOver = false;

  private constructor(options: OwnSessionOptions) {
    this.#options = options;
  }

  static async open(
    context: ConnectionContext,
    options: OwnSessionOptions,
  ): Promise<{ readonly type: 'open'; readonly session: OwnSession } | Exclude<Opened, { readonly type: 'open' }>> {
    const session = new OwnSession(options);
    const opened = await openConnection(context, {
      onMessage: (message) => {
        session.#take(message);
      },
      onEnd: ({ exit, why }) => {
        session.#end(why === undefined ? describeExit(exit) : `was ended: ${why}`);
      },
    });
    if (opened.type !== 'open') return opened;
    session.#connection = opened.connection;
    return { type: 'open', session };
  }

  get label(): string {
    return this.#connection?.label ?? '';
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isQuiet(): boolean {
    return this.#calls.size === 0;
  }

  get isIdle(): boolean {
    return this.isQuiet && (this.#stream === undefined || this.#stream.isOver);
  }

  ask(call: Call, { bytes }: RequestMessage): void {
    const key = keyOfId(call.id);
    if (this.#isOver) {
      call.fail('ended');
      return;
    }
    if (this.#calls.has(key)) {
      call.refuse(
        {
          code: rpcCodes.invalidRequest,
          message: 'The id is that of a request that is not answered yet: use another one.',
        },
        { status: 400 },
      );
      return;
    }
    if (this.#calls.size >= this.#options.maxPending || this.#connection?.send(bytes) !== true) {
      call.refuse(...busy('The server has too much to do already: try again.'));
      return;
    }
    this.#calls.set(key, call);
  }

  tell(message: NotificationMessage | ResponseMessage): boolean {
    if (message.kind === 'notification' && message.method === 'notifications/cancelled') {
      const sent = this.#connection?.send(message.bytes) === true;
      this.#forget(message.params?.['requestId'])?.cancel();
      return sent;
    }
    return this.#connection?.send(message.bytes) === true;
  }

  /** The client has gone before its answer: nobody could be told it any more. */
  abandon({ id, method }: Call): void {
    if (this.#forget(id) === undefined || method === 'initialize') return;
    const params = { requestId: id, reason: 'the client closed the connection' };
    this.#connection?.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params })));
  }

  listen(reply: Reply): void {
    this.#stream?.end();
    this.#stream = reply;
    reply.open();
    for (const message of this.#outbox.takeAll()) reply.notify(message);
  }

  close(why: string): void {
    this.#end(`was ended: ${why}`);
    this.#connection?.close();
  }

  #take(message: Message): void {
    if (message.kind === 'response') {
      const call = this.#forget(message.id);
      call?.answer(message.bytes, message);
      this.#heed(call);
      return;
    }
    this.#say(message);
  }

  /** Beside the answer that it most likely belongs to, because what comes on two streams comes in any order. */
  #say(message: RequestMessage | NotificationMessage): void {
    const streaming = [...this.#calls.values()].filter((call) => call.streams && call.method !== 'initialize');
    const [only, ...others] = streaming;
    const related = this.#progressing(message) ?? (others.length === 0 ? only : undefined);
    const told = [related, this.#stream, streaming.at(-1)].find((one) => one?.notify(message.bytes) === true);
    if (told === undefined) this.#outbox.add(message.bytes);
    // A stream that nobody reads must not hold up calls: that is closed when too much waits in it, and can be opened anew.
    else if (told !== this.#stream) this.#heed(told);
  }

  /**
   * While its client does not read, the process waits instead of us keeping what it says. Not for ever: a reply of which
   * nothing is taken is closed.
   */
  #heed(reader: Reader | undefined): void {
    if (reader === undefined || this.#behind.has(reader)) return;
    const { relief } = reader;
    if (relief === undefined) return;
    this.#behind.add(reader);
    this.#connection?.hold(true);
    const release = (): void => {
      this.#behind.delete(reader);
      if (this.#behind.size === 0) this.#connection?.hold(false);
    };
    relief.then(release, release);
  }

  #progressing({ method, params }: RequestMessage | NotificationMessage): Call | undefined {
    if (method !== 'notifications/progress') return undefined;
    const token = params?.['progressToken'];
    if (token === undefined) return undefined;
    return [...this.#calls.values()].find((call) => call.progressToken === token);
  }

  #forget(id: unknown): Call | undefined {
    if (!isId(id)) return undefined;
    const key = keyOfId(id);
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    return call;
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.fail(why);
    this.#stream?.end();
    this.#options.onEnd();
  }
}

function isId(id: unknown): id is MessageId {
  return typeof id === 'string' || typeof id === 'number';
}
