import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { until } from '../platform/tls/testing/until.ts';
import { allowed } from './admission-review.ts';
import type { Handler } from './handler.ts';
import { head } from './testing/raw-connection.ts';
import { aReview } from './testing/review.ts';
import type { TestServer } from './testing/test-server.ts';
import { useTestServer } from './testing/use-test-server.ts';

const { start, open } = useTestServer();

/** A connection, and all that was answered on it so far. */
async function connect(server: TestServer): Promise<{ readonly socket: TLSSocket; readonly said: () => string }> {
  const socket = await open(server);
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  return { socket, said: () => said };
}

function aRequest(uid: string, object?: unknown): string {
  const body = JSON.stringify(aReview({ uid, object }));
  return `${head(Buffer.byteLength(body))}${body}`;
}

/** Holds requests back until they are let go. */
function aGate(): { readonly hold: Handler; readonly inside: (() => void)[] } {
  const inside: (() => void)[] = [];
  const hold: Handler = async () => {
    await new Promise<void>((resolve) => inside.push(resolve));
    return allowed();
  };
  return { hold, inside };
}

/** The UIDs that were answered, in this order. */
function uidsIn(said: string): readonly string[] {
  return [...said.matchAll(/"uid":"(\w+)","allowed":true/g)].map(([, uid = '']) => uid);
}

describe('a connection as API servers use it', () => {
  it('has one request after the other answered', async () => {
    const { socket, said } = await connect(await start());
    for (const uid of ['first', 'second', 'third']) {
      socket.write(aRequest(uid));
      await until(() => uidsIn(said()).includes(uid));
    }
    expect(uidsIn(said())).toEqual(['first', 'second', 'third']);
    expect(said()).not.toContain('Keep-Alive');
  });

  it.each([
    ['the head by itself', head(100).length],
    ['a body in pieces', 9_000],
  ])('may send %s', async (_, bytes) => {
    const server = await start();
    // On a busy machine the rest may be too late, and Node answers.
    await until(async () => {
      const { socket, said } = await connect(server);
      for (const uid of ['first', 'second']) {
        const request = aRequest(uid, 'x'.repeat(2 * bytes));
        for (let at = 0; at < request.length; at += bytes) {
          socket.write(request.slice(at, at + bytes));
          await new Promise((resolve) => setImmediate(resolve));
        }
        await until(() => uidsIn(said()).includes(uid));
      }
      return !said().includes('Keep-Alive');
    });
  });

  it('is told the time, and how long its answer is in bytes', async () => {
    const validate: Handler = () => allowed({ warnings: ['検索'] });
    const { socket, said } = await connect(await start({ handlers: { validate } }));
    socket.write(aRequest('wide'));
    await until(() => said().includes('検索'));
    const [headOfAnswer = '', body = ''] = said().split('\r\n\r\n');
    expect(headOfAnswer).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}`);
    expect(headOfAnswer).toMatch(/\r\nDate: \w{3}, \d{2} \w{3} \d{4} [\d:]{8} GMT\r\n/);
  });

  it('is ended with the answer while we stop', async () => {
    const { hold, inside } = aGate();
    const server = await start({ handlers: { validate: hold, mutate: () => allowed() } });
    const { socket, said } = await connect(server);
    const idle = await connect(server);
    idle.socket.write(aRequest('idle').replace('/validate', '/mutate'));
    await until(() => uidsIn(idle.said()).length === 1);
    socket.write(aRequest('last'));
    await until(() => inside.length === 1);
    const drained = server.server.drain({ delayMs: 0, deadlineMs: 3_600_000 });
    await until(() => idle.socket.closed);
    expect(socket.closed).toBe(false);
    inside[0]?.();
    await drained;
    await until(() => socket.closed);
    expect(uidsIn(said())).toEqual(['last']);
    expect(said()).toContain('Connection: close');
  });
});

describe('what is unusual', () => {
  it('is answered by Node, and so is all that comes after it', async () => {
    const server = await start();
    const { socket, said } = await connect(server);
    socket.write(aRequest('usual'));
    await until(() => uidsIn(said()).length === 1);
    socket.write(aRequest('unusual').replace('Host:', 'X-Other: 1\r\nHost:'));
    await until(() => uidsIn(said()).length === 2);
    socket.write(aRequest('after'));
    await until(() => uidsIn(said()).length === 3);
    expect(uidsIn(said())).toEqual(['usual', 'unusual', 'after']);
    // Node's answers say so, and ours do not.
    expect(said().match(/Keep-Alive/g)).toHaveLength(2);
  });

  it.each([
    ['head', 20],
    ['body', 200],
  ])('is a %s that pauses: it is answered all the same', async (_, bytes) => {
    const server = await start();
    // On a busy machine the server may see both parts at once, and no pause.
    await until(async () => {
      const { socket, said } = await connect(server);
      const request = aRequest('slow');
      socket.write(request.slice(0, bytes));
      // Longer than a part of a request is kept for the rest of it.
      await new Promise((resolve) => setTimeout(resolve, 150));
      socket.write(request.slice(bytes));
      await until(() => uidsIn(said()).length === 1);
      return said().includes('Keep-Alive');
    });
  });

  it('is a request before the last one is answered: each gets its answer, in their order', async () => {
    const { hold, inside } = aGate();
    const { socket, said } = await connect(await start({ handlers: { validate: hold } }));
    socket.write(aRequest('first'));
    await until(() => inside.length === 1);
    for (const uid of ['second', 'third']) socket.write(aRequest(uid));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(inside).toHaveLength(1);
    const answering = setInterval(() => {
      for (const answer of inside.splice(0)) answer();
    }, 5);
    await until(() => uidsIn(said()).length === 3);
    clearInterval(answering);
    expect(uidsIn(said())).toEqual(['first', 'second', 'third']);
  });

  it('is two requests in one piece: each gets its answer', async () => {
    const { socket, said } = await connect(await start());
    socket.write(aRequest('first') + aRequest('second'));
    await until(() => uidsIn(said()).length === 2);
    expect(uidsIn(said())).toEqual(['first', 'second']);
  });

  it('is a body for which there is no room: it waits', async () => {
    const { hold, inside } = aGate();
    const server = await start({ handlers: { validate: hold }, limits: { smallRoomBytes: 16 * 1024 } });
    const first = await connect(server);
    first.socket.write(aRequest('first'));
    await until(() => inside.length === 1);
    const second = await connect(server);
    second.socket.write(aRequest('second'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(inside).toHaveLength(1);
    inside[0]?.();
    await until(() => inside.length === 2);
    inside[1]?.();
    await until(() => uidsIn(second.said()).length === 1);
  });
});

describe('a caller that hangs up', () => {
  it('in the middle of a body is counted, and gives back the room that it took', async () => {
    const server = await start({ limits: { smallRoomBytes: 40_000 } });
    for (let count = 0; count < 3; count += 1) {
      const socket = await open(server);
      socket.write(aRequest('gone', 'x'.repeat(30_000)).slice(0, 20_000));
      await new Promise((resolve) => setTimeout(resolve, 10));
      socket.destroy();
      await once(socket, 'close');
      await until(async () => (await server.metric('admission_aborted_total')) === count + 1);
    }
    const { socket, said } = await connect(server);
    socket.write(aRequest('there', 'x'.repeat(30_000)));
    await until(() => uidsIn(said()).length === 1);
  });

  it('while its request is judged is counted, and leaves the room for judging', async () => {
    let signal: AbortSignal | undefined;
    const validate: Handler = async ({ uid }, context) => {
      if (uid !== 'gone') return allowed();
      signal = context.signal();
      await once(signal, 'abort');
      return allowed();
    };
    const server = await start({ handlers: { validate }, limits: { smallRoomBytes: 17 * 1024 } });
    const socket = await open(server);
    socket.write(aRequest('gone'));
    await until(() => signal !== undefined);
    socket.destroy();
    await until(async () => (await server.metric('admission_aborted_total')) === 1);
    const next = await connect(server);
    next.socket.write(aRequest('there'));
    await until(() => uidsIn(next.said()).length === 1);
  });

  it('before its signal is asked for has it aborted', async () => {
    let signal: AbortSignal | undefined;
    const { inside, hold } = aGate();
    const validate: Handler = async (request, context) => {
      const answer = await hold(request, context);
      signal = context.signal();
      return answer;
    };
    const server = await start({ handlers: { validate } });
    const socket = await open(server);
    socket.write(aRequest('gone'));
    await until(() => inside.length === 1);
    socket.destroy();
    await once(socket, 'close');
    // Until the server knows it, too.
    await new Promise((resolve) => setTimeout(resolve, 100));
    inside[0]?.();
    await until(() => signal?.aborted === true);
  });

  it.each([
    ['by us', ''],
    ['by Node', 'X-Other: 1\r\n'],
  ])('with more than one request on its way has all of them aborted that are judged, read %s', async (_, header) => {
    const signals: AbortSignal[] = [];
    const validate: Handler = async (_request, context) => {
      const signal = context.signal();
      signals.push(signal);
      await once(signal, 'abort');
      return allowed();
    };
    const server = await start({ handlers: { validate } });
    const socket = await open(server);
    const requests = ['first', 'second', 'third'].map((uid) => aRequest(uid).replace('Host:', `${header}Host:`));
    for (const [index, request] of requests.entries()) {
      socket.write(request);
      // What Node reads is judged at once, what we read in turn: then it is enough that each has arrived by itself.
      if (header === '' && index > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      else await until(() => signals.length === index + 1);
    }
    socket.destroy();
    await until(() => signals.every(({ aborted }) => aborted));
  });

  it('is one that sends more and more before its answer: the connection ends', async () => {
    let signal: AbortSignal | undefined;
    const validate: Handler = async (_request, context) => {
      signal = context.signal();
      await once(signal, 'abort');
      return allowed();
    };
    const server = await start({ handlers: { validate } });
    const socket = await open(server);
    socket.write(aRequest('first'));
    await until(() => signal !== undefined);
    socket.write(aRequest('second', 'x'.repeat(100_000)));
    await until(() => socket.closed);
    await until(() => signal?.aborted === true);
    expect(await server.metric('admission_aborted_total')).toBe(1);
  });
});
