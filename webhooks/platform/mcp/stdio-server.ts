import type { Readable } from 'node:stream';

import { oneLine } from '../../core/engine/text.ts';
import type { ServerInfo } from '../../core/plan/observed.ts';
import { guardJson } from '../json-guard.ts';
import type { JsonLimits } from '../json-guard.ts';
import { isRecord, listAt, numberAt, recordAt, stringAt } from '../kube/object.ts';
import { errorText } from '../log.ts';
import { startTimer } from '../timer.ts';
import { countOffers } from './count-offers.ts';
import { idsFrom } from './mcp-call.ts';
import type { McpReply } from './mcp-reply.ts';
import { startGroup } from './process-group.ts';
import { handshakeVersion, statelessVersion } from './protocol-versions.ts';
import { toServerInfo } from './server-info.ts';

export interface StdioTarget {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** For all of it, the start of the program included. */
  readonly timeoutMs: number;
  readonly clientVersion: string;
  readonly json: JsonLimits;
  /** Longest message, in bytes. */
  readonly maxBytes: number;
}

export type StdioTools =
  | { readonly type: 'listed'; readonly tools: readonly unknown[] }
  /** A clause about the server. */
  | { readonly type: 'failed'; readonly why: string };

/** How much of the time `server/discover` may take, which servers of before 2026-07-28 need not answer. */
const shareOfDiscover = 0.3;
/** How long a program, and what it has started, may take to end when its input has, and when it was told to, in milliseconds. */
const farewellMs = 1_000;
/** How much of what a program says about itself is repeated, in characters. */
const maxSaidLength = 500;

/**
 * Starts a program that speaks MCP over its standard input and output (one message a line), lists its tools as it sends them and ends it.
 * Both eras: `server/discover` first, and `initialize` where that is no answer, to a new process where it ended the first one.
 */
export async function listToolsOfProcess(target: StdioTarget): Promise<StdioTools> {
  const endsAt = performance.now() + target.timeoutMs;
  const discoverEndsAt = performance.now() + target.timeoutMs * shareOfDiscover;
  const first = startPeer(target);
  try {
    const discovered = await first.ask('server/discover', { _meta: stateless(target) }, discoverEndsAt);
    if (discovered.type === 'result' && listAt(discovered.result, 'supportedVersions').includes(statelessVersion)) {
      const info = toServerInfo(discovered.result, undefined, statelessVersion);
      return await listTools(info, (method, cursor) =>
        first.ask(method, { ...cursorOf(cursor), _meta: stateless(target) }, endsAt),
      );
    }
    if (first.hasEnded() === undefined) {
      const reply = await initialize(first, target, endsAt);
      // It may answer the first question and end because of it, which is seen later than the answer.
      if (reply.type === 'result' || first.hasEnded() === undefined) {
        return await listAfterHandshake(first, reply, endsAt);
      }
    }
  } finally {
    await first.end();
  }
  const second = startPeer(target);
  try {
    return await listAfterHandshake(second, await initialize(second, target, endsAt), endsAt);
  } finally {
    await second.end();
  }
}

function initialize(peer: Peer, { clientVersion }: StdioTarget, endsAt: number): Promise<McpReply> {
  const clientInfo = { name: 'mcp-lifecycle', version: clientVersion };
  return peer.ask('initialize', { protocolVersion: handshakeVersion, capabilities: {}, clientInfo }, endsAt);
}

async function listAfterHandshake(peer: Peer, reply: McpReply, endsAt: number): Promise<StdioTools> {
  if (reply.type !== 'result') return { type: 'failed', why: `${whyNot(reply)} to initialize${peer.lastWords()}` };
  peer.tell('notifications/initialized');
  const info = toServerInfo(reply.result, undefined, handshakeVersion);
  return listTools(info, (method, cursor) => peer.ask(method, cursorOf(cursor), endsAt));
}

async function listTools(
  { capabilities }: Pick<ServerInfo, 'capabilities'>,
  ask: (method: string, cursor: string | undefined) => Promise<McpReply>,
): Promise<StdioTools> {
  if (!capabilities.tools) return { type: 'listed', tools: [] };
  const listed: (readonly unknown[])[] = [];
  const onTools = (tools: readonly unknown[]): void => void listed.push(tools);
  const { notCounted = 'its tools could not be listed' } = await countOffers(capabilities, { onTools }, ask);
  const [tools] = listed;
  return tools === undefined ? { type: 'failed', why: notCounted } : { type: 'listed', tools };
}

function stateless({ clientVersion }: StdioTarget): Readonly<Record<string, unknown>> {
  return {
    'io.modelcontextprotocol/protocolVersion': statelessVersion,
    'io.modelcontextprotocol/clientInfo': { name: 'mcp-lifecycle', version: clientVersion },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
}

function cursorOf(cursor: string | undefined): { readonly cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}

function whyNot(reply: Exclude<McpReply, { readonly type: 'result' }>): string {
  switch (reply.type) {
    case 'rpc-error':
      return `it answered JSON-RPC error ${reply.code} (${reply.message})`;
    case 'unusable':
    case 'unreachable':
      return `${reply.why}: no answer`;
    case 'timeout':
    case 'http':
      return 'no answer in time';
  }
}

/** A process that is asked. */
interface Peer {
  ask(method: string, params: Readonly<Record<string, unknown>>, endsAt: number): Promise<McpReply>;
  tell(method: string): void;
  /** Why nothing comes from it any more. */
  hasEnded(): string | undefined;
  /** ` (it wrote: …)`, of what it wrote for people. */
  lastWords(): string;
  /** Has it end, whatever it does. */
  end(): Promise<void>;
}

function startPeer({ command, args, env, json, maxBytes }: StdioTarget): Peer {
  const group = startGroup(command, args, { env, graceMs: farewellMs });
  const { child } = group;
  const waiting = new Map<number, (reply: McpReply) => void>();
  const nextId = idsFrom(1);
  let ended: string | undefined;
  let said = '';
  const finish = (why: string): void => {
    ended ??= why;
    for (const resolve of waiting.values()) resolve({ type: 'unusable', why: ended });
    waiting.clear();
  };
  const write = (message: object): void => {
    if (ended === undefined) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  };
  const take = (message: Readonly<Record<string, unknown>>, bytes: number): void => {
    const id = numberAt(message, 'id');
    if (stringAt(message, 'method') === undefined) {
      const resolve = id === undefined ? undefined : waiting.get(id);
      if (id !== undefined) waiting.delete(id);
      resolve?.(toReply(message, bytes));
    } else if (message['id'] !== undefined) {
      // What a client may be asked: whether it is there. It has said that it can do nothing else.
      const isPing = message['method'] === 'ping';
      write({
        id: message['id'],
        ...(isPing ? { result: {} } : { error: { code: -32601, message: 'Method not found' } }),
      });
    }
  };
  readLines(child.stdout, { json, maxBytes, onMessage: take, onTooMuch: finish });
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4 * maxSaidLength);
  });
  // It may close its input, and end at any time.
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => {
    finish(`it could not be started (${errorText(error)})`);
  });
  const closed = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      finish(code === null ? `it ended by ${signal ?? 'a signal'}` : `it ended with exit code ${code}`);
      resolve();
    });
  });
  return {
    ask(method, params, endsAt) {
      const id = nextId();
      return new Promise((resolve) => {
        const done = (reply: McpReply): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(reply);
        };
        const timer = startTimer(
          () => {
            done({ type: 'timeout' });
          },
          Math.max(1, endsAt - performance.now()),
        );
        if (ended !== undefined) {
          done({ type: 'unusable', why: ended });
          return;
        }
        waiting.set(id, done);
        write({ id, method, params });
      });
    },
    tell(method) {
      write({ method });
    },
    hasEnded: () => ended,
    lastWords: () => (said.trim() === '' ? '' : ` (it wrote: ${oneLine(said, maxSaidLength)})`),
    async end() {
      child.stdin.end();
      await isOver(closed, farewellMs);
      await group.end(farewellMs);
      // What has left the group may keep its output open; nobody reads it.
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

function isOver(closed: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = startTimer(() => {
      resolve(false);
    }, ms);
    const done = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    closed.then(done, done);
  });
}

function toReply(message: Readonly<Record<string, unknown>>, bytes: number): McpReply {
  const result = recordAt(message, 'result');
  if (result !== undefined) return { type: 'result', result, bytes };
  const error = recordAt(message, 'error');
  if (error === undefined) return { type: 'unusable', why: 'its answer is not a JSON-RPC message' };
  const said = oneLine(stringAt(error, 'message') ?? '', maxSaidLength);
  return { type: 'rpc-error', status: 0, code: numberAt(error, 'code') ?? 0, message: said, headers: {} };
}

interface LineReading extends Pick<StdioTarget, 'json' | 'maxBytes'> {
  readonly onMessage: (message: Readonly<Record<string, unknown>>, bytes: number) => void;
  readonly onTooMuch: (why: string) => void;
}

/** Lines that are no message are somebody's log, and passed by. */
function readLines(stream: Readable, { json, maxBytes, onMessage, onTooMuch }: LineReading): void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let at = rest.indexOf(0x0a); at !== -1; at = rest.indexOf(0x0a)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, at)]);
      pieces = [];
      bytes = 0;
      rest = rest.subarray(at + 1);
      const message = parseLine(line, json, onTooMuch);
      if (message !== undefined) onMessage(message, line.length);
    }
    pieces.push(rest);
    bytes += rest.length;
    if (bytes <= maxBytes) return;
    pieces = [];
    bytes = 0;
    onTooMuch(`it sent a line of more than ${maxBytes} bytes`);
  });
}

function parseLine(
  line: Buffer,
  json: JsonLimits,
  onTooMuch: (why: string) => void,
): Readonly<Record<string, unknown>> | undefined {
  const verdict = guardJson(line, json);
  if (verdict !== 'fine') {
    onTooMuch(
      `it sent a message with ${verdict === 'too deep' ? `more than ${json.maxDepth} levels` : `more than ${json.maxTokens} values`}`,
    );
    return undefined;
  }
  try {
    const message: unknown = JSON.parse(line.toString());
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
