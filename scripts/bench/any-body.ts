import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { headersAsApiServer, isDirectAnswer, sendAsApiServer } from './admission/as-api-server.ts';
import { startChild } from './admission/child.ts';
import { createReview } from './admission/review.ts';
import { webhookFlags } from './admission/webhook-flags.ts';
import type { Measurement } from './measurement.ts';

const mutants = 20_000;
const width = 16;
/** A connection that Node's HTTP has got stays with it: after so many answers of that kind another one is opened. */
const answersOfNode = 4;

/** Bodies that somebody could send on purpose. */
const hostile: readonly (readonly [string, () => Buffer])[] = [
  ['nothing', () => Buffer.alloc(0)],
  ['bytes that are no text', () => Buffer.from([0xff, 0xfe, 0, 0])],
  ['a deep list', () => Buffer.from(`${'['.repeat(90_000)}${']'.repeat(90_000)}`)],
  ['a deep object', () => inReview(`${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`)],
  ['deep labels', () => inReview(`{"metadata":{"labels":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}}`)],
  ['a million empty lists', () => Buffer.from(`[${'[],'.repeat(1_000_000)}1]`)],
  ['seven MiB of one text', () => inReview(`"${'x'.repeat(7 * 1024 * 1024 - 4096)}"`)],
  ['more than seven MiB', () => Buffer.alloc(8 * 1024 * 1024, 0x20)],
  ['__proto__', () => inReview('{"__proto__":{"metadata":{"name":"x"}},"constructor":{"prototype":{}}}')],
  ['numbers as large as texts', () => inReview(`{"spec":{"config":{"port":${'9'.repeat(100_000)}}}}`)],
  ['half of a surrogate pair', () => inReview('{"metadata":{"name":"\\ud800"}}')],
];

function inReview(object: string): Buffer {
  const text = createReview().toString('utf8');
  const review = JSON.parse(text) as { readonly request: object };
  const marked = JSON.stringify({ ...review, request: { ...review.request, object: 'OBJECT' } });
  return Buffer.from(marked.replace('"OBJECT"', () => object));
}

const bar = { what: 'Request bodies answered with neither an AdmissionReview nor a 4xx', bar: '0' };

export const anyBody: Measurement = {
  name: 'any-body',
  method:
    `The webhook process gets ${mutants} reviews with one random change each (bytes flipped, cut or repeated; values ` +
    `replaced by others of any type; seed 1) and ${hostile.length} hostile bodies, at both paths; every answer has to ` +
    'be an AdmissionReview that is no error of ours, or a 4xx, and the process has to be there at the end. Requests have the ' +
    "form of an API server's, so that they are read off the connection as long as their bodies are reviews.",
  minutes: 2,
  bars: [bar],
  async run(progress) {
    const server = startChild('./server-process.ts', { args: ['webhook'], cpu: 0, flags: webhookFlags });
    // The process tells its address first.
    const { port } = (await server.receive()) as { readonly port: number };
    const agent = new Agent({ keepAlive: true, maxSockets: width });
    const wrong: string[] = [];
    let sent = 0;
    let direct = 0;
    const send = async (what: string, body: Buffer): Promise<void> => {
      for (const path of ['/validate', '/mutate']) {
        sent += 1;
        const answer = await post(agent, { port, path, body });
        if (answer.isDirect) direct += 1;
        if (!isFine(answer)) wrong.push(`${what} at ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    };
    try {
      for (const [what, body] of hostile) await send(what, body());
      const random = createRandom(1);
      const bodies = Array.from({ length: mutants }, (_, index) => [`mutant ${index}`, mutate(random)] as const);
      await Promise.all(
        Array.from({ length: width }, async () => {
          for (let next = bodies.pop(); next !== undefined; next = bodies.pop()) await send(...next);
        }),
      );
      await server.ask({});
    } finally {
      agent.destroy();
      await server.stop();
    }
    for (const line of wrong.slice(0, 10)) progress(line);
    return [
      {
        ...bar,
        measured: String(wrong.length),
        // Without any, the way that nearly all requests take would not be looked at.
        isMet: wrong.length === 0 && direct > sent / 10,
        remark: `of ${sent}, ${direct} of them read and answered directly, the others by Node's HTTP`,
      },
    ];
  },
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly isDirect: boolean;
}

function isFine({ status, text }: Omit<Answer, 'isDirect'>): boolean {
  if (status >= 400 && status < 500) return true;
  return status === 200 && text.includes('"kind":"AdmissionReview"') && !text.includes('"InternalError"');
}

function post(agent: Agent, call: { port: number; path: string; body: Buffer }): Promise<Answer> {
  return new Promise((resolve) => {
    const { port, path, body } = call;
    const headers = headersAsApiServer('localhost', body);
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers, agent, rejectUnauthorized: false },
      (response) => {
        let text = '';
        const isDirect = isDirectAnswer(response);
        const { socket } = response;
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => {
          if (!isDirect) renew(socket);
          resolve({ status: response.statusCode ?? 0, text, isDirect });
        });
      },
    );
    sent.on('error', (error) => {
      resolve({ status: 0, text: error.message, isDirect: false });
    });
    sendAsApiServer(sent, body);
  });
}

const answered = new WeakMap<Socket, number>();

function renew(socket: Socket): void {
  const times = (answered.get(socket) ?? 0) + 1;
  answered.set(socket, times);
  if (times >= answersOfNode) socket.destroy();
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const replacements: readonly unknown[] = [
  null,
  '',
  'x'.repeat(300),
  0,
  -1,
  1e300,
  true,
  [],
  {},
  [null],
  { a: [] },
  '$(A)',
];

function mutate(random: () => number): Buffer {
  const body = createReview();
  const at = Math.floor(random() * body.length);
  switch (Math.floor(random() * 5)) {
    case 0:
      body[at] = Math.floor(random() * 256);
      return body;
    case 1:
      return body.subarray(0, at);
    case 2:
      return Buffer.concat([body, body.subarray(at)]);
    default:
      return Buffer.from(JSON.stringify(replaceSomewhere(JSON.parse(body.toString('utf8')), random)));
  }
}

/** Walks down along random members and replaces the value where the walk ends. */
function replaceSomewhere(value: unknown, random: () => number): unknown {
  const isEnd = random() < 0.12;
  if (isEnd || typeof value !== 'object' || value === null) {
    return replacements[Math.floor(random() * replacements.length)];
  }
  const keys = Object.keys(value);
  const key = keys[Math.floor(random() * keys.length)];
  if (key === undefined) return value;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [
    name,
    name === key ? replaceSomewhere(member, random) : member,
  ]);
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}
