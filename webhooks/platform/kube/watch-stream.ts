import { startTimer } from '../timer.ts';
import { errorText } from '../log.ts';
import type { AnswerHead } from './answer-parser.ts';
import { errorFromAnswer, errorWithoutAnswer, unreachable } from './api-error.ts';
import type { Reading, WatchEnd, WatchEvent, WatchRequest } from './api.ts';
import { isRecord, numberAt } from './object.ts';
import type { Opened } from './opened-request.ts';
import { knownEvent, parseEventLine, parseJson } from './parse-object.ts';

/** Longest single event that is read, in bytes: etcd keeps no object above 1.5 MiB, JSON can make six times as much of it. */
const maxEventBytes = 10 * 1024 * 1024;

/** Longest refusal that is read, in bytes. */
const maxRefusalBytes = 64 * 1024;

/** Sends the request and hands on each event of the stream until it ends, for whatever reason. Never rejects. */
export function readWatch(
  request: Opened,
  options: Pick<WatchRequest, 'idleTimeoutMs' | 'reading' | 'signal'> & { readonly describe: string },
  onEvent: (event: WatchEvent) => void,
): Promise<WatchEnd> {
  return new Promise((resolve) => {
    const { describe, signal } = options;
    const finish = (end: WatchEnd): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(end);
      request.destroy();
    };
    const onAbort = (): void => {
      finish({ why: 'aborted' });
    };
    const timer = startTimer(() => {
      finish({ why: 'idle' });
    }, options.idleTimeoutMs);
    const broken = (error: unknown): void => {
      finish({ why: 'failed', error: unreachable(describe, error) });
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    let reader: BodyReader;
    request.send(undefined, {
      onHead(head) {
        reader =
          head.status === 200
            ? readEvents(options, { onEvent, finish, onActivity: () => timer.refresh() })
            : readRefusal(head, describe, finish);
      },
      onBody(chunk) {
        reader.take(chunk);
      },
      onEnd() {
        reader.end();
      },
      onError: broken,
    });
  });
}

/** Takes the body of an answer, as it comes. */
interface BodyReader {
  take(chunk: Buffer): void;
  end(): void;
}

interface StreamHandlers {
  readonly onEvent: (event: WatchEvent) => void;
  readonly finish: (end: WatchEnd) => void;
  readonly onActivity: () => void;
}

function readEvents(
  { describe, reading }: { readonly describe: string; readonly reading?: Reading },
  handlers: StreamHandlers,
): BodyReader {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isOver = false;
  const end = (why: WatchEnd): void => {
    isOver = true;
    handlers.finish(why);
  };
  const take = (line: Buffer): void => {
    const known = knownEvent(line, reading);
    const text = known === undefined ? line.toString('utf8') : undefined;
    if (text?.trim() === '') return;
    const parsed = readEvent(text === undefined ? known : parseEventLine(text, reading), describe);
    if (parsed.type === 'event') handlers.onEvent(parsed.event);
    else end(parsed.end);
  };
  /** What our own handling throws ends the watch: the list that follows shows what was missed. */
  const takeSafely = (line: Buffer): void => {
    try {
      take(line);
    } catch (error) {
      const text = `an event could not be handled: ${errorText(error)}`;
      end(unreadable(describe, { reason: 'BadAnswer', text }));
    }
  };
  const takeChunk = (chunk: Buffer): void => {
    handlers.onActivity();
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1 && !isOver; at = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, at);
      const line = pending.length === 0 ? piece : Buffer.concat([...pending, piece]);
      pending = [];
      pendingBytes = 0;
      from = at + 1;
      takeSafely(line);
    }
    if (isOver || from === chunk.length) return;
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > maxEventBytes) {
      const text = `one event is longer than ${maxEventBytes} bytes`;
      end(unreadable(describe, { reason: 'TooLarge', text }));
    }
  };
  return {
    take(chunk) {
      if (!isOver) takeChunk(chunk);
    },
    end() {
      if (!isOver) end({ why: 'closed' });
    },
  };
}

type ParsedLine =
  { readonly type: 'event'; readonly event: WatchEvent } | { readonly type: 'end'; readonly end: WatchEnd };

function readEvent(value: unknown, describe: string): ParsedLine {
  const type = isRecord(value) ? value['type'] : undefined;
  const object = isRecord(value) ? value['object'] : undefined;
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK') {
    return { type: 'event', event: { type, object } };
  }
  if (type === 'ERROR') {
    const error = errorFromAnswer({ request: describe, status: numberAt(object, 'code') ?? 500, body: object });
    return { type: 'end', end: { why: 'failed', error } };
  }
  const text = 'the watch sent a line that is not a watch event';
  return { type: 'end', end: unreadable(describe, { reason: 'BadAnswer', text }) };
}

/** Going on from the same place would bring the same event again, and nothing after it for ever. */
function unreadable(describe: string, why: { readonly reason: string; readonly text: string }): WatchEnd {
  return { why: 'failed', error: { ...errorWithoutAnswer(describe, why), retry: false } };
}

function readRefusal(
  { status, retryAfter }: AnswerHead,
  describe: string,
  finish: (end: WatchEnd) => void,
): BodyReader {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = (): void => {
    const body = parseJson(Buffer.concat(chunks).toString('utf8'));
    finish({ why: 'failed', error: errorFromAnswer({ request: describe, status, body, retryAfter }) });
  };
  return {
    take(chunk) {
      bytes += chunk.length;
      if (bytes > maxRefusalBytes) done();
      else chunks.push(chunk);
    },
    end: done,
  };
}
