import { busy, type Call } from './call.ts';
import { locate, replaceRanges } from './locate.ts';
import {
  keyOfId,
  type MessageId,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
} from './message.ts';
import type { Reply } from './reply.ts';
import type { SharedRequests } from './requests.ts';
import type { Session } from './session.ts';

/** A process that clients of the handshake era share (`sessions: Shared`): it was greeted once, by us. */
export interface SharedProcess {
  readonly requests: SharedRequests;
  /** What it answered to our `initialize`, as it wrote it. */
  readonly greeting: ResponseMessage;
  /** Passes on what a client tells; false when the process does not read. */
  readonly tell: (bytes: Uint8Array) => boolean;
}

/** What a client must not tell a process that others use as well. */
const ofOneClient: ReadonlySet<string> = new Set(['notifications/initialized', 'notifications/roots/list_changed']);

/** A session without a process of its own: nothing of what others do is hidden from it but their answers. */
export class SharedSession implements Session {
  /** The process that it shares ends it. */
  readonly isOver = false;
  readonly #process: SharedProcess;
  readonly #cancels = new Map<string, { readonly call: Call; readonly cancel: (reason: string) => void }>();
  #stream: Reply | undefined;

  constructor(process: SharedProcess) {
    this.#process = process;
  }

  get isQuiet(): boolean {
    return this.#cancels.size === 0;
  }

  get isIdle(): boolean {
    return this.isQuiet && (this.#stream === undefined || this.#stream.isOver);
  }

  ask(call: Call, message: RequestMessage): void {
    if (call.method === 'initialize') {
      this.#greet(call);
      return;
    }
    const key = keyOfId(call.id);
    const cancel = this.#process.requests.ask(message, {
      onAnswer: (bytes, answer) => {
        this.#cancels.delete(key);
        call.answer(bytes, answer);
      },
      onFailed: (why) => {
        this.#cancels.delete(key);
        call.fail(why);
      },
      onNotification: (bytes) => {
        call.notify(bytes);
      },
    });
    if (cancel === undefined) call.refuse(...busy('The server has too much to do already: try again.'));
    else this.#cancels.set(key, { call, cancel });
  }

  tell(message: NotificationMessage | ResponseMessage): boolean {
    // It asks nobody, so an answer is to nothing.
    if (message.kind === 'response' || ofOneClient.has(message.method)) return true;
    if (message.method !== 'notifications/cancelled') return this.#process.tell(message.bytes);
    const id = message.params?.['requestId'];
    if (typeof id === 'string' || typeof id === 'number') this.#cancel(id)?.cancel();
    return true;
  }

  abandon({ id }: Call): void {
    this.#cancel(id);
  }

  listen(reply: Reply): void {
    this.#stream?.end();
    this.#stream = reply;
    reply.open();
  }

  /** What belongs to no request, to everybody. */
  hear(message: NotificationMessage): void {
    this.#stream?.notify(message.bytes);
  }

  close(): void {
    for (const { call, cancel } of [...this.#cancels.values()]) {
      cancel('the session ended');
      call.cancel();
    }
    this.#cancels.clear();
    this.#stream?.end();
  }

  #greet(call: Call): void {
    const { greeting } = this.#process;
    const range = locate(greeting.bytes, ['id']);
    const by = Buffer.from(JSON.stringify(call.id));
    call.answer(range === undefined ? greeting.bytes : replaceRanges(greeting.bytes, [{ range, by }]), greeting);
  }

  #cancel(id: MessageId): Call | undefined {
    const key = keyOfId(id);
    const found = this.#cancels.get(key);
    this.#cancels.delete(key);
    found?.cancel('the client cancelled it');
    return found?.call;
  }
}
