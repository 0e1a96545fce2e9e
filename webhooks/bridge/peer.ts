import type { Clock } from '../platform/clock.ts';
import { openConnection, type Connection, type ConnectionContext } from './connection.ts';
import type { Message, ResponseMessage } from './message.ts';
import { renderRpcError, rpcCodes } from './rpc-error.ts';
import { describeExit, type ChildExit, type Opened } from './shim.ts';

export interface PeerEnd {
  readonly exit: ChildExit | undefined;
  /** A clause: `exited with code 1`. */
  readonly text: string;
  /** We ended it, because of a message. */
  readonly byLimit: boolean;
}

export type PeerAnswer =
  | { readonly type: 'answer'; readonly answer: ResponseMessage }
  | { readonly type: 'silence' }
  | { readonly type: 'ended'; readonly end: PeerEnd };

/** A process that we ourselves ask, before clients do. */
export class Peer {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: ResponseMessage) => void>();
  #connection: Connection | undefined;
  #lastId = 0;
  /** Once clients use it: gets every message. */
  #heir: ((message: Message) => void) | undefined;
  readonly ended: Promise<PeerEnd>;
  #end: ((end: PeerEnd) => void) | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** `signal`: when it aborts, the process is ended. */
  static async start(
    context: ConnectionContext & { readonly clock: Clock },
    signal: AbortSignal,
  ): Promise<{ readonly type: 'open'; readonly peer: Peer } | Exclude<Opened, { readonly type: 'open' }>> {
    const peer = new Peer(context.clock);
    const onAbort = (): void => {
      peer.close();
    };
    const opened = await openConnection(context, {
      onMessage: (message) => {
        peer.#take(message);
      },
      onEnd: ({ exit, why }) => {
        signal.removeEventListener('abort', onAbort);
        peer.#end?.({
          exit,
          text: why === undefined ? describeExit(exit) : `was ended: ${why}`,
          byLimit: why !== undefined,
        });
      },
    });
    if (opened.type !== 'open') return opened;
    peer.#connection = opened.connection;
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) peer.close();
    return { type: 'open', peer };
  }

  /** What it has answered `ms` later; a later answer goes to `onLate`. */
  async ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { ms, onLate }: { readonly ms: number; readonly onLate?: (answer: ResponseMessage) => void },
  ): Promise<PeerAnswer> {
    const id = (this.#lastId += 1);
    const over = new AbortController();
    const answered = new Promise<PeerAnswer>((resolve) => {
      this.#waiting.set(id, (answer) => {
        resolve({ type: 'answer', answer });
      });
    });
    this.send({ id, method, params });
    const silence = this.#clock.sleep(Math.max(0, ms), over.signal).then((): PeerAnswer => ({ type: 'silence' }));
    const ended = this.ended.then((end): PeerAnswer => ({ type: 'ended', end }));
    const first = await Promise.race([answered, ended, silence]);
    over.abort();
    if (first.type === 'silence' && onLate !== undefined) this.#waiting.set(id, onLate);
    else this.#waiting.delete(id);
    return first;
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.#connection?.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  }

  /** From here on everything goes to `onMessage`; the ids up to `lastId` are used up. */
  handOver(
    onMessage: (message: Message) => void,
  ): { readonly connection: Connection; readonly nextId: number } | undefined {
    if (this.#connection === undefined) return undefined;
    this.#heir = onMessage;
    return { connection: this.#connection, nextId: this.#lastId + 1 };
  }

  close(): void {
    this.#connection?.close();
  }

  #take(message: Message): void {
    if (this.#heir !== undefined) {
      this.#heir(message);
      return;
    }
    if (message.kind === 'response') {
      const resolve = typeof message.id === 'number' ? this.#waiting.get(message.id) : undefined;
      resolve?.(message);
    } else if (message.kind === 'request') {
      this.#connection?.send(
        message.method === 'ping'
          ? Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`)
          : renderRpcError(message.id, { code: rpcCodes.methodNotFound, message: 'Nobody is here to be asked yet.' }),
      );
    }
  }
}
