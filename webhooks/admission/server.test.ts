import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { issueAuthority, issueServing } from '../platform/tls/certificates.ts';
import { systemClock } from '../platform/clock.ts';
import { createLogger } from '../platform/log.ts';
import { until } from '../platform/tls/testing/until.ts';
import { allowed, denied } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { connect, head, readToEnd } from './testing/raw-connection.ts';
import { aReview } from './testing/review.ts';
import { send, startTestServer, type TestAnswer, type TestCall, type TestServer } from './testing/test-server.ts';

let running: TestServer | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  running = await startTestServer(options);
  return running;
}

/** For a sender whose process has other things to do: the machine must not decide. */
const patient = { graceMs: 3_600_000, pressedGraceMs: 3_600_000 };
/** As long as Kubernetes lets a webhook be waited for. */
const longest = '/validate?timeout=30s';

const deny: Handler = (request) =>
  denied({
    of: { group: request.kind.group, kind: request.kind.kind, name: request.name },
    causes: [{ field: 'spec', message: 'no' }],
    ruleIds: ['name-usable'],
  });

describe('an admission call', () => {
  it('is answered with status 200 and the uid of the request, also when it is denied', async () => {
    const server = await start({ handlers: { validate: deny } });
    const answer = await server.send({ body: aReview({ uid: 'abc' }) });
    expect(answer).toMatchObject({ status: 200, body: { response: { uid: 'abc', allowed: false } } });
  });

  it('reaches the handler of its path, whatever the query', async () => {
    const server = await start({ handlers: { mutate: () => allowed({ warnings: ['mutate'] }) } });
    const answer = await server.send({ path: '/mutate?timeout=3s', body: aReview() });
    expect(answer.body).toMatchObject({ response: { warnings: ['mutate'] } });
  });

  it('tells the handler how long the caller waits', async () => {
    let remaining = 0;
    const validate: Handler = (_request, context) => {
      remaining = context.remainingMs();
      return allowed();
    };
    const server = await start({ handlers: { validate } });
    await server.send({ path: '/validate?timeout=30s', body: aReview() });
    expect(remaining).toBeLessThanOrEqual(27_000);
    expect(remaining).toBeGreaterThan(5_000);
  });

  it('may carry a body of 7 MiB', async () => {
    const server = await start({ limits: patient });
    const body = JSON.stringify(aReview({ object: { text: 'x'.repeat(7 * 1024 * 1024 - 1000) } }));
    expect(await server.send({ path: longest, body })).toMatchObject({
      status: 200,
      body: { response: { allowed: true } },
    });
  });

  it('may arrive in pieces of unknown length', async () => {
    const server = await start();
    const socket = await connect(server);
    socket.write('POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    socket.write('Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const piece of JSON.stringify(aReview()).match(/.{1,50}/g) ?? []) {
      socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    }
    socket.write('0\r\n\r\n');
    expect(await readToEnd(socket)).toContain('"allowed":true');
  });

  it('takes a field called __proto__ for what it is', async () => {
    let seen: unknown;
    const validate: Handler = ({ object }) => {
      seen = object;
      return allowed();
    };
    const server = await start({ handlers: { validate } });
    await server.send({
      body: JSON.stringify(aReview({ object: 'OBJECT' })).replace('"OBJECT"', '{"__proto__":{"a":1}}'),
    });
    expect(Object.keys(seen as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

describe('a body that is no admission call', () => {
  const review = aReview();
  const tooLarge = 7 * 1024 * 1024 + 1;
  const cases: readonly (readonly [string, TestCall, number, string])[] = [
    ['nothing', { body: '' }, 400, 'json'],
    ['broken JSON', { body: '{"kind":' }, 400, 'json'],
    ['bytes that are no text', { body: Buffer.from([0xff, 0xfe, 0x00]) }, 400, 'json'],
    ['another object', { body: { kind: 'Pod' } }, 400, 'review'],
    ['a list', { body: [] }, 400, 'review'],
    ['another content type', { body: review, headers: { 'content-type': 'text/plain' } }, 415, 'content type'],
    ['no content type', { body: review, headers: { 'content-type': '' } }, 415, 'content type'],
    [
      'something compressed',
      { body: gzipSync(JSON.stringify(review)), headers: { 'content-encoding': 'gzip' } },
      415,
      'compressed',
    ],
    // A sender that is slower than our patience with what is refused may lose the answer: nothing is sent after it.
    ['more than 7 MiB', { body: ' ', headers: { 'content-length': String(tooLarge) } }, 413, 'bytes'],
    ['7 MiB of empty lists', { path: longest, body: '[],'.repeat(Math.floor((tooLarge - 1) / 3)) }, 413, 'values'],
    ['deep nesting', { body: '['.repeat(300_000) }, 413, 'depth'],
    ['deep nesting in a short body', { body: `${'['.repeat(45_000)}${']'.repeat(45_000)}` }, 400, 'review'],
  ];
  it.each(cases)('is refused: %s', async (_, call, status, reason) => {
    const server = await start({ limits: patient });
    const answer = await server.send(call);
    expect(answer).toMatchObject({
      status,
      body: { kind: 'Status', code: status, message: expect.stringMatching(/\.$/) },
    });
    expect(await server.metric(`admission_bodies_refused_total{reason="${reason}"}`)).toBe(1);
    expect(await server.send({ body: review })).toMatchObject({ status: 200 });
  });

  it('is refused when it is longer than it may be, and its sender, who goes on sending, gets the answer', async () => {
    const server = await start({ limits: { maxBodyBytes: 50_000 } });
    // As much as the kernel takes at once.
    const answer = await server.send({ body: Buffer.alloc(50_001, ' ') });
    expect(answer).toMatchObject({ status: 413, body: { kind: 'Status' } });
  });

  it('is refused when it turns out to be too large on the way', async () => {
    const server = await start({ limits: { maxBodyBytes: 1000 } });
    const socket = await connect(server);
    socket.write('POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    socket.write(`Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n${' '.repeat(2048)}\r\n0\r\n\r\n`);
    expect(await readToEnd(socket)).toContain('413');
    expect(await server.metric('admission_bodies_refused_total{reason="bytes"}')).toBe(1);
  });

  it('is refused when it never ends, and the connection is closed', async () => {
    const server = await start({ limits: { maxBodyBytes: 1000 } });
    const socket = await connect(server);
    socket.write(
      'POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const endless = setInterval(() => socket.write(`400\r\n${' '.repeat(1024)}\r\n`), 5);
    expect(await readToEnd(socket)).toContain('413');
    clearInterval(endless);
  });

  it('is refused when it does not arrive in time', async () => {
    const server = await start({ limits: { graceMs: 50 } });
    const socket = await connect(server);
    socket.write(`${head(1000)}{`);
    expect(await readToEnd(socket)).toContain('408');
    expect(await server.metric('admission_bodies_refused_total{reason="slow"}')).toBe(1);
  });

  it('is forgotten when its sender hangs up', async () => {
    const server = await start({ limits: { smallRoomBytes: 1 } });
    const socket = await connect(server);
    // The server says "continue" when it has read the head.
    socket.write(head(1000).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
    await once(socket, 'data');
    socket.write('{');
    socket.destroy();
    // There is room for one body only: the next is answered when the aborted one has left.
    expect(await server.send({ path: '/validate?timeout=30s', body: aReview() })).toMatchObject({ status: 200 });
    await until(async () => (await server.metric('admission_aborted_total')) === 1);
  });
});

describe('the port', () => {
  it.each([
    ['GET', '/validate', 405],
    ['PUT', '/mutate?timeout=1s', 405],
    ['POST', '/', 404],
    ['POST', '/validate/', 405],
    ['GET', '/metrics', 404],
    ['POST', '/%', 404],
    ['POST', '/__proto__', 404],
  ])('answers %s %s with %d and a Status', async (method, path, status) => {
    const server = await start();
    const answer = await server.send({ method, path, body: method === 'GET' ? '' : aReview() });
    expect(answer).toMatchObject({ status, body: { kind: 'Status', code: status } });
    expect(answer.headers['x-powered-by']).toBeUndefined();
  });

  it('speaks TLS 1.3 and 1.2, and nothing older', async () => {
    const { port, ca } = await start();
    const protocolOf = async (maxVersion: 'TLSv1.3' | 'TLSv1.2'): Promise<string | null> => {
      const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca, maxVersion });
      await once(socket, 'secureConnect');
      const protocol = socket.getProtocol();
      socket.destroy();
      return protocol;
    };
    expect([await protocolOf('TLSv1.3'), await protocolOf('TLSv1.2')]).toEqual(['TLSv1.3', 'TLSv1.2']);
    const old = connectTls({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow();
  });

  it('offers HTTP/1.1 only', async () => {
    const { port, ca } = await start();
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
  });

  it('serves a new certificate to new connections and keeps the open ones', async () => {
    const server = await start();
    const agent = new Agent({ keepAlive: true });
    await server.send({ body: aReview(), agent });
    const authority = await issueAuthority(new Date());
    server.server.setCertificate(await issueServing(authority, ['localhost'], new Date()));
    expect(await server.send({ body: aReview(), agent })).toMatchObject({ status: 200 });
    expect(await send({ port: server.port, ca: authority.certificate }, { body: aReview() })).toMatchObject({
      status: 200,
    });
    agent.destroy();
  });
});

describe('a bug of ours', () => {
  const broken: Handler = () => {
    throw new Error('reading properties of undefined');
  };

  it('refuses with the uid, the text of the error and a pointer to the log, and is logged once', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'error', write: (line) => lines.push(line), now: () => new Date() });
    const server = await start({ handlers: { validate: broken }, log });
    const answer = await server.send({ body: aReview({ uid: 'abc' }) });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        response: {
          uid: 'abc',
          allowed: false,
          status: { code: 500, message: expect.stringMatching(/undefined.*abc/s) },
        },
      },
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ requestUid: 'abc', error: 'reading properties of undefined' });
    expect(await server.metric('admission_internal_errors_total{webhook="validate"}')).toBe(1);
  });

  it('in a promise is treated alike', async () => {
    const server = await start({ handlers: { validate: () => Promise.reject(new Error('later')) } });
    expect(await server.send({ body: aReview() })).toMatchObject({ body: { response: { allowed: false } } });
  });

  it('in the mutation lets the object pass as it is', async () => {
    const server = await start({ handlers: { mutate: broken } });
    const answer = await server.send({ path: '/mutate', body: aReview({ uid: 'abc' }) });
    expect(answer.body).toMatchObject({ response: { uid: 'abc', allowed: true } });
  });
});

/** A handler that answers when it is told to, and how many calls are in it. */
function gate(): { handler: Handler; inside: () => number; open: () => void } {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const handler: Handler = async () => {
    if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    return allowed();
  };
  const open = (): void => {
    isOpen = true;
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { handler, inside: () => waiting.length, open };
}

describe('load', () => {
  it('is turned away with 503 when too many wait', async () => {
    const { handler, inside, open } = gate();
    const server = await start({
      handlers: { validate: handler },
      limits: { smallRoomBytes: 16 * 1024, maxWaiting: 1 },
    });
    const first = server.send({ body: aReview() });
    await until(() => inside() === 1);
    const others = [server.send({ body: aReview() }), server.send({ body: aReview() })];
    const refused = await Promise.race(others);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await server.metric('admission_shed_total{reason="full"}')).toBe(1);
    open();
    expect((await Promise.all([first, ...others])).map(({ status }) => status).sort()).toEqual([200, 200, 503]);
  });

  it('is turned away when the caller would not wait for its turn', async () => {
    const { handler, inside, open } = gate();
    const server = await start({ handlers: { validate: handler }, limits: { smallRoomBytes: 16 * 1024 } });
    const first = server.send({ body: aReview() });
    await until(() => inside() === 1);
    expect(await server.send({ path: '/validate?timeout=50ms', body: aReview() })).toMatchObject({ status: 503 });
    expect(await server.metric('admission_shed_total{reason="waited"}')).toBe(1);
    open();
    await first;
  });

  it('of large bodies is taken one at a time and does not hold small ones up', async () => {
    const { handler, inside, open } = gate();
    const large = JSON.stringify(aReview({ uid: 'large', object: 'x'.repeat(300_000) }));
    const validate: Handler = (request, context) => (request.uid === 'large' ? handler(request, context) : allowed());
    const server = await start({ handlers: { validate } });
    const all = [server.send({ body: large }), server.send({ body: large }), server.send({ body: large })];
    await until(() => inside() === 1);
    expect(await server.send({ body: aReview() })).toMatchObject({ status: 200 });
    expect(inside()).toBe(1);
    open();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('sixteen bodies of 7 MiB at once all get their answer', async () => {
    const server = await start({ limits: patient });
    const body = Buffer.from(JSON.stringify(aReview({ object: 'x'.repeat(7 * 1024 * 1024 - 1000) })));
    // On a busy machine it takes longer than anybody is waited for (503), or longer than the forty seconds that Node gives
    // a request (408, or the end of the connection); who is turned away for that comes again.
    let lost = 0;
    const untilAnswered = async (): Promise<TestAnswer> => {
      const startedAt = performance.now();
      const answer = await server.send({ path: longest, body }).catch(() => undefined);
      if (answer === undefined && performance.now() - startedAt < 35_000) lost += 1;
      return answer === undefined || [408, 503].includes(answer.status) ? untilAnswered() : answer;
    };
    const answers = await Promise.all(Array.from({ length: 16 }, untilAnswered));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(await server.metric('admission_shed_total{reason="full"}')).toBe(0);
    // A connection is ended under the feet of nobody else.
    expect(lost).toBeLessThanOrEqual((await server.metric('admission_shed_total{reason="waited"}')) ?? 0);
    for (const reason of ['bytes', 'slow'])
      expect(await server.metric(`admission_bodies_refused_total{reason="${reason}"}`)).toBeUndefined();
  });

  it('tells the handler when the caller hangs up', async () => {
    let signal: AbortSignal | undefined;
    const validate: Handler = async (_request, context) => {
      signal = context.signal();
      await once(signal, 'abort');
      return allowed();
    };
    const server = await start({ handlers: { validate } });
    const socket = await connect(server);
    const body = JSON.stringify(aReview());
    socket.write(`${head(body.length)}${body}`);
    await until(() => signal !== undefined);
    socket.destroy();
    await until(() => signal?.aborted === true);
  });
});

describe('a connection', () => {
  it.each([
    ['that is too old is used for one answer more', 0, 'close'],
    ['that is young is kept', 600_000, 'keep-alive'],
  ])('%s', async (_what, maxAgeMs, connection) => {
    const server = await start({ connectionLimits: { maxAgeMs } });
    const agent = new Agent({ keepAlive: true });
    const small = await server.send({ body: aReview(), agent });
    // Beyond what is read directly.
    const large = await server.send({ body: aReview({ object: { text: 'a'.repeat(300_000) } }), agent });
    agent.destroy();
    for (const answer of [small, large]) {
      expect(answer).toMatchObject({ status: 200, body: { response: { allowed: true } } });
      expect(answer.headers.connection ?? 'keep-alive').toBe(connection);
    }
  });
});

describe('draining', () => {
  it('loses no request under load on kept-alive connections', async () => {
    const validate: Handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return allowed();
    };
    // However slow the machine is: the endpoint is gone for everybody before the delay is over.
    let endDelay = (): void => undefined;
    const delay = new Promise<void>((resolve) => (endDelay = resolve));
    const server = await start({ handlers: { validate }, clock: { ...systemClock, sleep: () => delay } });
    let served = 0;
    let told = 0;
    // A client as API servers are: keeps connections until it is told to close them, and then opens no new one
    // because the endpoint is gone.
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (;;) {
        const answer = await server.send({ body: aReview(), agent });
        expect(answer).toMatchObject({ status: 200, body: { response: { allowed: true } } });
        served += 1;
        if (answer.headers.connection !== 'close') continue;
        told += 1;
        if (told > 40) break;
      }
      agent.destroy();
    };
    const clients = Array.from({ length: 8 }, client);
    await until(() => served >= 16);
    const before = served;
    const drained = server.server.drain({ delayMs: 300, deadlineMs: 30_000 });
    await Promise.all(clients);
    endDelay();
    await drained;
    expect(served).toBeGreaterThan(before);
    running = undefined;
  });

  it('waits for what is in flight, and not for what is idle', async () => {
    const { handler, inside, open } = gate();
    const server = await start({ handlers: { validate: handler, mutate: () => allowed() } });
    const agent = new Agent({ keepAlive: true });
    await server.send({ path: '/mutate', body: aReview(), agent });
    await connect(server);
    const inFlight = server.send({ path: '/validate?timeout=30s', body: aReview() });
    await until(() => inside() === 1);
    // What it does not wait for would hold it up for an hour.
    const drained = server.server.drain({ delayMs: 0, deadlineMs: 3_600_000 });
    open();
    await drained;
    expect(await inFlight).toMatchObject({ status: 200, headers: { connection: 'close' } });
    running = undefined;
  });

  it('ends at its deadline whatever is still open', async () => {
    let isInside = false;
    const validate: Handler = () => {
      isInside = true;
      return new Promise(() => undefined);
    };
    const server = await start({ handlers: { validate } });
    const halfOpen = connectTcp(server.port, '127.0.0.1');
    halfOpen.on('error', () => undefined);
    const lost = server.send({ body: aReview() }).catch(() => 'lost');
    await until(() => isInside);
    await server.server.drain({ delayMs: 0, deadlineMs: 100 });
    expect(await lost).toBe('lost');
    running = undefined;
  });
});
