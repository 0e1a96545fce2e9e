import type { Call } from './call.ts';
import type { NotificationMessage, RequestMessage, ResponseMessage } from './message.ts';
import type { Reply } from './reply.ts';

/** What a client of the handshake era has begun with `initialize`, and names by `Mcp-Session-Id`. */
export interface Session {
  /** Its process is gone. */
  readonly isOver: boolean;
  /** Nothing is under way in it, and no stream is open. */
  readonly isIdle: boolean;
  /** Nothing is under way in it; a stream may be open. */
  readonly isQuiet: boolean;
  /** Keeps nothing of the message but what the call has of it. */
  ask(call: Call, message: RequestMessage): void;
  /** The client of the call has gone before its answer. */
  abandon(call: Call): void;
  /** False: the server does not read what it gets. */
  tell(message: NotificationMessage | ResponseMessage): boolean;
  /** The stream on which the server says what belongs to no request; an older one ends. */
  listen(reply: Reply): void;
  close(why: string): void;
}
