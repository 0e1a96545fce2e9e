import type { IncomingMessage } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';

import { errorCode, networkFailure } from '../kube/network-error.ts';
import { createEventStreamReader } from './event-stream.ts';
import { answerHeaders, mediaType, messageToReply, quoted } from './mcp-reply.ts';
import type { McpReply, Received } from './mcp-reply.ts';
import { createPile, TooMuch } from './pile.ts';
import type { Pile } from './pile.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { AnswerRoom, ProbeCost } from './probe-cost.ts';

/** What is read, and how much of it. */
export interface AnswerOptions {
  /** The JSON-RPC id that the answer must have; undefined when none is awaited. */
  readonly id: unknown;
  readonly maxBytes: number;
  readonly room: AnswerRoom;
  readonly cost: ProbeCost;
  readonly budget: Pick<ProbeBudget, 'json' | 'keepTool'>;
  /** What a whole body says, that is no event stream. Throws {@link TooMuch}. */
  readonly toReply: ToReply;
  readonly finish: (reply: McpReply) => void;
  /** What is to be said if no answer comes. */
  readonly keep: (reply: McpReply) => void;
}

export type ToReply = (body: Uint8Array, received: Received) => McpReply;

/** Most pieces that one answer may come in, as the parser hands them on: a MiB in packets has 750. */
export const maxPieces = 10_000;
/** Most messages on a stream before the one that answers: progress, log lines. */
export const maxMessagesBefore = 2_000;

/**
 * Reads the answer, JSON or event stream, until there is a reply. Nothing that a server sends makes a handler here throw
 * anything but {@link TooMuch}, and the caller turns whatever they throw into a verdict.
 */
export function readAnswer(response: IncomingMessage, options: AnswerOptions, safely: Safely): void {
  const { finish, maxBytes } = options;
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isStream = mediaType(response.headers) === 'text/event-stream' && (response.statusCode ?? 0) < 300;
  const decode = decoders.get(encoding);
  if (decode === undefined || (isStream && encoding !== 'identity')) {
    finish({ type: 'unusable', why: `its answer is compressed (${quoted(encoding)}), which was not asked for` });
    return;
  }
  const counted = { bytes: 0, pieces: 0 };
  const sink = isStream ? createStream(response, counted, options) : createBody(response, counted, options, decode);
  response.on(
    'data',
    safely((chunk: Buffer) => {
      counted.bytes += chunk.length;
      counted.pieces += 1;
      if (counted.bytes > maxBytes) throw new TooMuch(tooLong(maxBytes));
      if (counted.pieces > maxPieces) throw new TooMuch(`its answer comes in more than ${maxPieces} pieces`);
      sink.add(chunk);
    }),
  );
  response.on('end', safely(sink.end));
  const broken = (error: unknown): void => {
    const { text: why, ...failure } = networkFailure(error);
    finish({ type: 'unreachable', why, ...failure, isConnected: true });
  };
  response.on('error', safely(broken));
  // Whatever else ends it: the reply that came first counts.
  response.on('close', () => {
    finish({ type: 'unusable', why: 'its answer ended before it was complete' });
  });
}

/** Makes of a handler one that never throws. */
export type Safely = <Args extends unknown[]>(handle: (...args: Args) => void) => (...args: Args) => void;

interface Sink {
  readonly add: (chunk: Buffer) => void;
  readonly end: () => void;
}

interface Counted {
  readonly bytes: number;
}

function createBody(response: IncomingMessage, counted: Counted, options: AnswerOptions, decode: Decode): Sink {
  const [pile] = createPiles(options.room);
  return {
    add: (chunk) => {
      pile.add(chunk);
    },
    end: () => {
      // The end comes after the last bytes, on a turn of its own.
      let stop = options.cost.start();
      const check = (): void => {
        stop();
        stop = options.cost.start();
        options.cost.check();
      };
      try {
        const body = decode(pile.take(), options.maxBytes);
        options.finish(options.toReply(body, { ...received(response, counted, options), check }));
      } finally {
        stop();
      }
    },
  };
}

function createStream(response: IncomingMessage, counted: Counted, options: AnswerOptions): Sink {
  const { finish, id, keep } = options;
  let messages = 0;
  let other: McpReply | undefined;
  const takeMessage = (data: Uint8Array, event: string): void => {
    messages += 1;
    if (messages > maxMessagesBefore)
      throw new TooMuch(`more than ${maxMessagesBefore} messages came before its answer`);
    const about = received(response, counted, options);
    if (id === undefined) finish({ ...firstWords(data, about), ...(event === '' ? {} : { event }) });
    const reply = messageToReply(data, about);
    if (reply === undefined) return;
    if (reply.type !== 'unusable') finish(reply);
    // Other messages may come first on a stream: log lines, progress, answers to what somebody else has asked.
    other = reply;
    keep(reply);
  };
  const [line, data] = createPiles(options.room);
  const reader = createEventStreamReader({ line, data, onData: takeMessage });
  return {
    add: (chunk) => {
      reader.push(chunk);
    },
    end: () => {
      finish(other ?? { type: 'unusable', why: 'its event stream ended without an answer' });
    },
  };
}

/** They grow in the same room, and are freed with it. */
function createPiles(room: AnswerRoom): readonly [Pile, Pile] {
  const sizes = [0, 0];
  const pile = (index: number): Pile => {
    const created = createPile((bytes) => {
      sizes[index] = bytes;
      room.growTo(sizes.reduce((sum, size) => sum + size, 0));
    });
    room.onRelease(() => {
      created.free();
    });
    return created;
  };
  return [pile(0), pile(1)];
}

/** Of a stream on which no answer is awaited: how it begins. */
function firstWords(data: Uint8Array, { status, headers }: Received): Extract<McpReply, { type: 'http' }> {
  const said = quoted(Buffer.from(data.subarray(0, 1_024)).toString('utf8'));
  return { type: 'http', status, contentType: mediaType(headers), headers: answerHeaders(headers), said };
}

function received(response: IncomingMessage, { bytes }: Counted, { id, cost, budget }: AnswerOptions): Received {
  return {
    id,
    status: response.statusCode ?? 0,
    headers: response.headers,
    bytes,
    json: budget.json,
    keepTool: budget.keepTool,
    keep: (kept) => {
      cost.keep(kept);
    },
    check: () => {
      cost.check();
    },
  };
}

/** Throws {@link TooMuch}. */
type Decode = (body: Uint8Array, maxBytes: number) => Uint8Array;

/**
 * We ask for none, but clients read these two, so some servers send them to everybody. The output is bounded. Others
 * (br, zstd) take windows of megabytes outside of the heap.
 */
const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['identity', (body) => body],
  ['gzip', (body, maxBytes) => unpack(() => gunzipSync(body, { maxOutputLength: maxBytes }), maxBytes)],
  ['deflate', (body, maxBytes) => unpack(() => inflateSync(body, { maxOutputLength: maxBytes }), maxBytes)],
]);

function unpack(work: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return work();
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw new TooMuch(tooLong(maxBytes));
    throw new TooMuch('its answer is not compressed as it says');
  }
}

function tooLong(maxBytes: number): string {
  return `its answer is longer than ${maxBytes} bytes`;
}
