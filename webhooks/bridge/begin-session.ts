import { busy, type Call } from './call.ts';
import type { SessionsMode } from './config.ts';
import type { ConnectionContext } from './connection.ts';
import type { Clock } from '../platform/clock.ts';
import type { Keeper } from './keeper.ts';
import type { RequestMessage } from './message.ts';
import { OwnSession } from './own-session.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { SharedSession } from './shared-session.ts';
import type { ServerResponse } from 'node:http';

export interface BeginOptions extends ConnectionContext {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly sessions: Sessions;
  readonly mode: SessionsMode;
  /** Most requests of one session that wait at the same time. */
  readonly maxPending: number;
  /** How long a new session may take until its `initialize` is answered, in milliseconds. */
  readonly startMs: number;
  /** Whether we are going, so that clients had better connect to somebody else next time. */
  readonly isLeaving: () => boolean;
}

/** A client that begins a session. */
export interface Beginning {
  readonly call: Call;
  /** Without what it says: only its bytes are needed once there is a process. */
  readonly message: RequestMessage;
  readonly response: ServerResponse;
  readonly authorization: string | undefined;
  /** Set here: what ends the session when the client goes before it has begun. */
  end: (why: string) => void;
}

/** `initialize`: a process for it, or a place in the one that all share; the server's answer decides whether it is one. */
export async function beginSession(options: BeginOptions, beginning: Beginning): Promise<void> {
  const { sessions, isLeaving } = options;
  const { call, message, response, authorization } = beginning;
  if (isLeaving()) {
    call.refuse(...busy('The server is ending: connect again.'));
    return;
  }
  const release = sessions.reserve();
  if (release === undefined) {
    call.refuse(...busy('There are as many sessions as there may be (stdio.maxSessions): try again later.'));
    return;
  }
  const begun: { id?: string } = {};
  const forget = (): void => {
    if (begun.id !== undefined) sessions.remove(begun.id);
  };
  const session = await openSession(options, call, forget);
  release();
  if (session === undefined) return;
  if (call.isOver || session.isOver) {
    session.close('its client has gone');
    call.fail('ended');
    return;
  }
  const id = sessions.add(session, authorization);
  begun.id = id;
  beginning.end = (why) => {
    forget();
    session.close(why);
  };
  response.setHeader('mcp-session-id', id);
  awaitGreeting(options, call, () => {
    if (!response.headersSent) response.removeHeader('mcp-session-id');
    beginning.end('it did not begin');
  });
  session.ask(call, message);
}

async function openSession(options: BeginOptions, call: Call, onEnd: () => void): Promise<Session | undefined> {
  const { keeper, mode, maxPending } = options;
  const { serving } = keeper;
  if (serving.type === 'shared') return new SharedSession(serving.process);
  // One process is one process, also while it starts again.
  if (mode === 'Shared' && serving.type === 'nothing') {
    call.refuse(...busy(`The server ${serving.why}: try again.`));
    return undefined;
  }
  const opened = await OwnSession.open(options, { maxPending, onEnd });
  if (opened.type === 'open') return opened.session;
  const isRefused = opened.type === 'refused';
  call.refuse(
    ...busy(isRefused ? `The server was not started: ${opened.reason}.` : 'The server is not there yet: try again.'),
  );
  return undefined;
}

/** A session that is not greeted in time, or with an error, is none. */
function awaitGreeting({ clock, startMs }: BeginOptions, call: Call, onFailed: () => void): void {
  const over = new AbortController();
  call.onEnd = (error) => {
    over.abort();
    if (error !== undefined) onFailed();
  };
  clock.sleep(startMs, over.signal).then(
    () => {
      call.fail('did not answer initialize in time');
    },
    () => undefined,
  );
}
