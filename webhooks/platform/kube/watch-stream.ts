import type { ClientRequest, IncomingMessage } from 'node:http';

import { startTimer } from '../timer.ts';
import { errorText } from '../log.ts';
import { errorFromAnswer, errorWithoutAnswer, unreachable } from './api-error.ts';
import type { Reading, WatchEnd, WatchEvent, WatchRequest } from './api.ts';
import { isRecord, numberAt } from './object.ts';
import { parseEventLine, parseJson } from './parse-object.ts';

/** Longest single event that is read, in bytes: etcd keeps no object above 1.5 MiB, JSON can make six times as much of it. */
const maxEventBytes = 10 * 1024 * 1024;

/** Longest refusal that is read, in bytes. */
const maxRefusalBytes = 64 * 1024;

/** Sends the request and hands on each event of the stream until it ends, for whatever reason. Never rejects. */
export function readWatch(
  request: ClientRequest,
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
    // Before anything can end the request: destroying it is an error too, which ends the process if nobody listens.
    request.on('error', broken);
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('response', (response) => {
      response.on('error', broken);
      if (response.statusCode === 200) {
        readEvents(response, options, { onEvent, finish, onActivity: () => timer.refresh() });
      } else readRefusal(response, describe, finish);
    });
    request.end();
  });
}

interface StreamHandlers {
  readonly onEvent: (event: WatchEvent) => void;
  readonly finish: (end: WatchEnd) => void;
  readonly onActivity: () => void;
}

function readEvents(
  response: IncomingMessage,
  { describe, reading }: { readonly describe: string; readonly reading?: Reading },
  handlers: StreamHandlers,
): void {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isOver = false;
  const end = (why: WatchEnd): void => {
    isOver = true;
    handlers.finish(why);
  };
  const take = (line: string): void => {
    const parsed = readEvent(parseEventLine(line, reading), describe);
    if (parsed.type === 'event') handlers.onEvent(parsed.event);
    else end(parsed.end);
  };
  /** What our own handling throws ends the watch: the list that follows shows what was missed. */
  const takeSafely = (line: string): void => {
    try {
      take(line);
    } catch (error) {
      const text = `an event could not be handled: ${errorText(error)}`;
      end(unreadable(describe, { reason: 'BadAnswer', text }));
    }
  };
  response.on('data', (chunk: Buffer) => {
    handlers.onActivity();
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1 && !isOver; at = chunk.indexOf(10, from)) {
      const line =
        pending.length === 0
          ? chunk.toString('utf8', from, at)
          : Buffer.concat([...pending, chunk.subarray(from, at)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      from = at + 1;
      if (line.trim() !== '') takeSafely(line);
    }
    if (isOver || from === chunk.length) return;
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > maxEventBytes) {
      const text = `one event is longer than ${maxEventBytes} bytes`;
      end(unreadable(describe, { reason: 'TooLarge', text }));
    }
  });
  response.on('end', () => {
    if (!isOver) end({ why: 'closed' });
  });
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

function readRefusal(response: IncomingMessage, describe: string, finish: (end: WatchEnd) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = (): void => {
    const status = response.statusCode ?? 0;
    const body = parseJson(Buffer.concat(chunks).toString('utf8'));
    const retryAfter = response.headers['retry-after'];
    finish({ why: 'failed', error: errorFromAnswer({ request: describe, status, body, retryAfter }) });
  };
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxRefusalBytes) done();
    else chunks.push(chunk);
  });
  response.on('end', done);
}
