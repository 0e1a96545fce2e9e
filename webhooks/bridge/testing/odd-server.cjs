'use strict';
/* global setInterval */
// A server over standard input and output that does what it is told by the name of a tool. No dependency, so that it
// starts in some milliseconds. `node odd-server.cjs modern|legacy|silent|crash|banner|dies-at-discover [log file]`
const { appendFileSync } = require('node:fs');

const [mode = 'legacy', logFile] = process.argv.slice(2);
if (mode === 'crash') process.exit(7);
if (mode === 'banner') process.stdout.write('Starting the best server\n\n{ not json }\n');
const isModern = mode === 'modern';

const write = (text) => process.stdout.write(`${text}\n`);
const send = (message) => write(JSON.stringify({ jsonrpc: '2.0', ...message }));
const log = (line) => logFile !== undefined && appendFileSync(logFile, `${line}\n`);
const waiting = new Map();
let nextId = 1;

const tools = {
  echo: ({ id, params }) => reply(id, params.arguments?.text ?? ''),
  pid: ({ id }) => reply(id, String(process.pid)),
  // Spacing and order that no serializer would choose.
  raw: ({ id }) =>
    write(
      `{ "result" : {"content":[ {"text":"é\\u00e9 1.0","type":"text"} ],"n":1.0}, "jsonrpc":"2.0" , "id" :${JSON.stringify(id)}}`,
    ),
  never: () => undefined,
  progress: ({ id, params }) => {
    const { progressToken } = params._meta ?? {};
    send({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    reply(id, 'done');
  },
  log: ({ id }) => {
    send({ method: 'notifications/message', params: { level: 'info', data: 'hello' } });
    reply(id, 'logged');
  },
  sample: ({ id }) => {
    const own = `s${nextId++}`;
    waiting.set(own, (answer) => reply(id, JSON.stringify(answer.result ?? answer.error)));
    send({ id: own, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
  },
  changed: ({ id }) => {
    send({ method: 'notifications/tools/list_changed' });
    reply(id, 'changed');
  },
  exit: ({ params }) => process.exit(params.arguments?.code ?? 3),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  huge: ({ id, params }) => reply(id, 'x'.repeat(params.arguments.bytes)),
  flood: ({ id, params }) => {
    for (let n = 0; n < params.arguments.count; n += 1)
      send({ method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(10_000) } });
    reply(id, 'flooded');
  },
  garbage: ({ id }) => {
    write('this is a log line');
    write('[1,2]');
    reply(id, 'after garbage');
  },
  deaf: ({ id }) => {
    reply(id, 'deaf now');
    process.stdin.pause();
    setInterval(() => undefined, 60_000);
  },
};

function reply(id, text) {
  const result = { content: [{ type: 'text', text }] };
  send({ id, result: isModern ? { resultType: 'complete', ...result } : result });
}

const methods = {
  'server/discover': ({ id }) =>
    isModern
      ? send({
          id,
          result: {
            resultType: 'complete',
            supportedVersions: ['2026-07-28'],
            capabilities: { tools: { listChanged: true } },
            serverInfo: { name: 'odd', version: '1' },
          },
        })
      : send({ id, error: { code: -32601, message: 'Method not found' } }),
  initialize: ({ id, params }) =>
    isModern
      ? send({
          id,
          error: {
            code: -32022,
            message: 'Unsupported',
            data: { supported: ['2026-07-28'], requested: params.protocolVersion },
          },
        })
      : send({
          id,
          result: {
            protocolVersion: '2025-06-18',
            capabilities: { tools: {}, logging: {} },
            serverInfo: { name: 'odd', version: '1' },
          },
        }),
  ping: ({ id }) => send({ id, result: {} }),
  'tools/list': ({ id }) =>
    send({
      id,
      result: {
        ...(isModern ? { resultType: 'complete' } : {}),
        tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })),
      },
    }),
  'tools/call': (message) => tools[message.params.name](message),
  'subscriptions/listen': ({ id, params }) => {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    send({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: params.notifications, _meta },
    });
    send({ method: 'notifications/tools/list_changed', params: { _meta } });
  },
};

let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) take(line);
});
process.stdin.on('end', () => process.exit(0));

function take(line) {
  log(line);
  const message = JSON.parse(line);
  if (mode === 'silent') return;
  if (message.method === undefined) {
    waiting.get(message.id)?.(message);
    return;
  }
  if (message.id === undefined) return;
  if (mode === 'dies-at-discover' && message.method === 'server/discover') process.exit(1);
  const method = methods[message.method];
  if (method === undefined) send({ id: message.id, error: { code: -32601, message: 'Method not found' } });
  else method(message);
}
