import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One JSON-RPC message as it came; a notification has no id. */
export interface Call {
  readonly method: string;
  readonly id?: unknown;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** How one kind of server answers what it is asked. */
export type Behaviour = (call: Call) => void;

export interface Kind {
  /** Whether it is an MCP server in the end, however odd: then it has to be Verified. */
  readonly isServer: boolean;
  readonly behave: Behaviour;
}

const stateless = '2026-07-28';
const withHandshake = '2025-11-25';
/** What the newer era wants of a list. */
const complete = { resultType: 'complete', cacheScope: 'private' };
const tools = [
  {
    ...{ name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
];

/** A well-behaved server of the era without a handshake. */
const good: Behaviour = (call) => {
  answer(call, goodResult(call.method));
};

function goodResult(method: string): object | undefined {
  if (method === 'server/discover')
    return {
      supportedVersions: [stateless],
      capabilities: { tools: {} },
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'good', version: '1.0.0' } },
    };
  if (method === 'initialize') return initialized({ name: 'good', version: '1.0.0' });
  // So that who has pinned them asks again soon.
  return method === 'tools/list' ? { tools, ...complete, ttlMs: 10_000 } : undefined;
}

function initialized(serverInfo: object, more: object = {}): object {
  return { protocolVersion: withHandshake, capabilities: { tools: {} }, serverInfo, ...more };
}

/** Lists a tool more than the good ones have, which says of itself that it deletes. */
export const listMore: Behaviour = (call) => {
  const remove = { name: 'remove', inputSchema: { type: 'object' }, annotations: { destructiveHint: true } };
  answer(call, { tools: [...tools, remove], ...complete });
};

/** Lists what is made at the first question. */
function lists(make: () => readonly object[]): Behaviour {
  let made: readonly object[] | undefined;
  return (call) => {
    if (call.method === 'tools/list') answer(call, { tools: (made ??= make()), ...complete });
    else good(call);
  };
}

/** As many as have a contract, on one page of nearly a MiB. */
function manyTools(): readonly object[] {
  const description = 'Says what is looked for. '.repeat(4);
  const parameter = { description, type: ['string', 'null'], enum: ['a', 'b', null] };
  const properties = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`parameter${at}`, parameter] as const));
  return Array.from({ length: 512 }, (_, at) => ({ name: `tool-${at}`, inputSchema: { type: 'object', properties } }));
}

/** Each definition refers to the next one twice: followed blindly, they are as many as 2 to the 24th. */
function tangledTools(): readonly object[] {
  const definitions = Array.from({ length: 24 }, (_, at) => {
    const next = { $ref: `#/$defs/d${at + 1}` };
    return [`d${at}`, { type: 'object', properties: { a: next, b: next } }] as const;
  });
  const $defs = { ...Object.fromEntries(definitions), d24: { type: 'string' } };
  const inputSchema = { type: 'object', properties: { a: { $ref: '#/$defs/d0' } }, $defs };
  return Array.from({ length: 200 }, (_, at) => ({ name: `tool-${at}`, inputSchema }));
}

/** Knows `initialize` and lists, and not the newer era. */
function ofHandshake(handshake: (call: Call) => void, lists: Behaviour = good): Behaviour {
  return (call) => {
    if (call.method === 'initialize') handshake(call);
    else if (call.method === 'server/discover') refuse(call, -32601, 'Method not found');
    else lists(call);
  };
}

/** Keeps its sessions in memory, as most servers of that era do: those of a pod are gone with it. */
function keepingSessions(): Behaviour {
  const known = new Set<string>();
  return (call) => {
    const { request, response, method } = call;
    if (method === 'initialize') {
      const id = randomUUID();
      known.add(id);
      response.setHeader('mcp-session-id', id);
      answer(call, initialized({ name: 'keeps-sessions', version: '1' }));
      return;
    }
    const session = request.headers['mcp-session-id'];
    if (session === undefined) refuse(call, -32601, 'Method not found');
    else if (typeof session !== 'string' || !known.has(session)) response.writeHead(404).end();
    else good(call);
  };
}

/** What tenants may run, by name: examples of what was seen to stop, starve or fool whoever asks them. */
export const kinds = {
  good: { isServer: true, behave: good },
  'keeps-sessions': server(keepingSessions()),
  'offers-nothing': server((call) => {
    if (call.method === 'tools/list') answer(call, { tools: [], ...complete });
    else good(call);
  }),
  'id-is-an-object': odd((call) => {
    send(call, '{"jsonrpc":"2.0","id":{"toString":0,"valueOf":0},"result":{}}');
  }),
  'id-is-nested': odd((call) => {
    send(call, `{"jsonrpc":"2.0","id":${'['.repeat(60_000)}${']'.repeat(60_000)},"result":{}}`);
  }),
  'answer-of-empty-objects': odd((call) => {
    send(call, `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":{"tools":[${'{},'.repeat(80_000)}{}]}}`);
  }),
  'list-of-empty-objects': server((call) => {
    if (call.method !== 'tools/list') good(call);
    else
      send(call, `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":{"tools":[${'{},'.repeat(340_000)}{}]}}`);
  }),
  'stream-of-single-bytes': odd(({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.socket?.setNoDelay(true);
    drip(response, 'data: '.padEnd(256 * 1024, 'x'));
  }),
  slow: server((call) => {
    setTimeout(() => {
      good(call);
    }, 4_500);
  }),
  silent: odd(() => undefined),
  'early-hints': odd(({ response }) => {
    const hint = (): void => {
      if (response.destroyed) return;
      for (let count = 0; count < 50; count += 1) response.writeEarlyHints({ link: '</x>; rel=preload' });
      setImmediate(hint);
    };
    hint();
  }),
  'texts-that-break': server(
    ofHandshake((call) => {
      const serverInfo = { name: `${'n'.repeat(255)}\u{1f980}`, version: '\u0085\u009f\u202e\ufffe1' };
      const text = JSON.stringify(
        message(call, initialized(serverInfo, { instructions: `${'i'.repeat(1_999)}\u{1f980}` })),
      );
      send(call, text.replace('"n', '"\\ud83e\\u0000n'));
    }),
  ),
  'closes-when-discovered': server((call) => {
    if (call.method === 'server/discover') call.request.socket.destroy();
    else
      ofHandshake((asked) => {
        answer(asked, initialized({ name: 'old', version: '1' }));
      })(call);
  }),
  'notifications-hang': server((call) => {
    if (call.id === undefined) return;
    ofHandshake((asked) => {
      answer(asked, initialized({ name: 'hanging', version: '1' }));
    })(call);
  }),
  'session-for-every-request': server((call) => {
    call.response.setHeader('mcp-session-id', `session-${Math.random()}`);
    ofHandshake((asked) => {
      answer(asked, initialized({ name: 'sessions', version: '1' }));
    })(call);
  }),
  'asks-for-time': odd(({ response }) => {
    response.writeHead(429, { 'retry-after': '120', 'content-type': 'text/plain' }).end('slow down');
  }),
  'refuses-the-host': odd(({ response }) => {
    response.writeHead(403, { 'content-type': 'text/plain' }).end('Invalid Host header');
  }),
  'from-the-future': odd(
    ofHandshake((call) => {
      answer(call, { ...initialized({ name: 'future', version: '1' }), protocolVersion: '2099-01-01' });
    }),
  ),
  'list-without-end': server((call) => {
    if (call.method === 'tools/list') answer(call, { tools, nextCursor: `page-${Math.random()}` });
    else good(call);
  }),
  'list-of-many-tools': server(lists(manyTools)),
  'list-of-tangled-schemas': server(lists(tangledTools)),
  redirects: odd(({ response }) => {
    response.writeHead(307, { location: 'http://other.example.com/mcp' }).end();
  }),
  'begins-with-a-byte-order-mark': server((call) => {
    send(call, `\ufeff${JSON.stringify(message(call, goodResult(call.method) ?? {}))}`);
  }),
  'many-headers': odd(({ response }) => {
    response.socket?.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(200_000)}`);
  }),
  resets: odd(({ request }) => {
    request.socket.resetAndDestroy();
  }),
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;

export function isKind(name: string): name is KindName {
  return Object.hasOwn(kinds, name);
}

/** Reads one request and has it answered. */
export function serve({ behave }: Kind, request: IncomingMessage, response: ServerResponse): void {
  // Whoever asks leaves when it has seen enough.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'DELETE') {
      response.writeHead(200).end();
      return;
    }
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const { method = '', id } = parse(Buffer.concat(chunks).toString('utf8'));
    behave({ method, request, response, ...(id === undefined ? {} : { id }) });
  });
}

function parse(text: string): { readonly method?: string; readonly id?: unknown } {
  // Whatever was sent: a server that is no JSON-RPC server answers anything.
  try {
    return JSON.parse(text) as { readonly method?: string; readonly id?: unknown };
  } catch {
    return {};
  }
}

function odd(behave: Behaviour): Kind {
  return { isServer: false, behave };
}

function server(behave: Behaviour): Kind {
  return { isServer: true, behave };
}

function message({ id }: Call, result: object): object {
  return { jsonrpc: '2.0', id, result };
}

function answer(call: Call, result: object | undefined): void {
  if (call.id === undefined) call.response.writeHead(202).end();
  else if (result !== undefined) send(call, JSON.stringify(message(call, result)));
  else if (call.method === 'ping') send(call, JSON.stringify(message(call, {})));
  else refuse(call, -32601, 'Method not found');
}

function refuse(call: Call, code: number, text: string): void {
  send(call, JSON.stringify({ jsonrpc: '2.0', id: call.id, error: { code, message: text } }));
}

function send({ response }: Call, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(text);
}

/** One byte a packet, as fast as they go. */
function drip(response: ServerResponse, text: string): void {
  let at = 0;
  const next = (): void => {
    for (let count = 0; count < 256 && at < text.length; count += 1, at += 1) response.write(text.charAt(at));
    if (at >= text.length) response.end('\n\n');
    else if (!response.destroyed) setImmediate(next);
  };
  next();
}
