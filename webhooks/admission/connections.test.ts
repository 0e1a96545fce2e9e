import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectTcp, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { allowed } from './admission-review.ts';
import { Connections, defaultConnectionLimits, type ConnectionLimits } from './connections.ts';
import { abortAfter } from '../platform/timer.ts';
import { until } from '../platform/tls/testing/until.ts';
import type { Handler } from './handler.ts';
import { head, readToEnd } from './testing/raw-connection.ts';
import { aReview } from './testing/review.ts';
import type { TestServer } from './testing/test-server.ts';
import { useTestServer } from './testing/use-test-server.ts';

const { start: startWith, open: idle, track } = useTestServer();

const start = (connectionLimits: Partial<ConnectionLimits>): Promise<TestServer> => startWith({ connectionLimits });

/** One connection, kept alive, as API servers use them. */
function anApiServer(server: TestServer): { readonly ask: () => Promise<number>; readonly end: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: async () => (await server.send({ body: aReview(), agent })).status,
    end: () => {
      agent.destroy();
    },
  };
}

describe('200 idle connections', () => {
  it('do not lock an API server out, whose connections are as new as theirs', async () => {
    const server = await start({});
    await Promise.all(Array.from({ length: 200 }, () => idle(server)));
    expect(await server.send({ body: aReview() })).toMatchObject({ status: 200 });
  });

  it('and more than there may be close the oldest of their own, never the newest', async () => {
    const server = await start({ maxUnproven: 3 });
    const idlers = [await idle(server), await idle(server), await idle(server)];
    expect(await server.send({ body: aReview() })).toMatchObject({ status: 200 });
    await until(() => idlers[0]?.closed === true);
    expect(idlers.slice(1).map(({ closed }) => closed)).toEqual([false, false]);
    expect(await server.metric('admission_shed_total{reason="connections"}')).toBe(1);
  });

  it('that never begin a handshake are closed before their time when there are too many', async () => {
    const server = await start({ maxUnproven: 3 });
    const silent = Array.from({ length: 6 }, () => connectTcp(server.port, '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => undefined);
    track(...silent);
    await until(() => silent.filter(({ closed }) => closed).length >= 3);
    expect(await server.send({ body: aReview() })).toMatchObject({ status: 200 });
  });
});

describe('pressure', () => {
  it('spares a connection that carried an AdmissionReview', async () => {
    const server = await start({ maxUnproven: 2 });
    const apiServer = anApiServer(server);
    expect(await apiServer.ask()).toBe(200);
    const proven = await provenConnection(server);
    for (let count = 0; count < 10; count += 1) await idle(server);
    expect(proven.closed).toBe(false);
    expect(await apiServer.ask()).toBe(200);
    expect(await server.metric('admission_shed_total{reason="connections"}')).toBe(8);
    apiServer.end();
  });

  it('falls on the address that has the most connections', async () => {
    const server = await start({ maxUnproven: 3 });
    const elsewhere = await idle(server, '127.0.0.2');
    const flood: TLSSocket[] = [];
    for (let count = 0; count < 8; count += 1) flood.push(await idle(server));
    await until(() => flood.filter(({ closed }) => closed).length === 6);
    expect(elsewhere.closed).toBe(false);
  });

  it('of proven connections closes the one that was used the longest time ago', async () => {
    const server = await start({ maxProven: 2 });
    const [first, second] = [await provenConnection(server), await provenConnection(server)];
    await ask(first);
    const third = await provenConnection(server);
    await until(() => second.closed);
    expect([first.closed, third.closed]).toEqual([false, false]);
  });

  it('of proven connections does not close one whose request is under way', async () => {
    let isInside = false;
    let answer = (): void => undefined;
    const slow = new Promise<void>((resolve) => (answer = resolve));
    const validate: Handler = async ({ uid }) => {
      isInside ||= uid === 'slow';
      if (uid === 'slow') await slow;
      return allowed();
    };
    const server = await startWith({ connectionLimits: { maxProven: 2 }, handlers: { validate } });
    const busy = await provenConnection(server);
    const answered = ask(busy, 'slow');
    await until(() => isInside);
    const idler = await provenConnection(server);
    await provenConnection(server);
    await until(() => idler.closed);
    answer();
    await answered;
    expect(busy.closed).toBe(false);
  });
});

describe('a connection', () => {
  it('is closed when its handshake takes too long', async () => {
    const server = await start({ handshakeMs: 50 });
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    track(socket);
    await closedByUs(socket);
  });

  it('is closed when its first request does not come', async () => {
    const server = await start({ headMs: 50 });
    const socket = await idle(server);
    await closedByUs(socket);
  });

  it('is closed when the head of a later request comes in drops', async () => {
    const server = await start({ headMs: 500 });
    const socket = await provenConnection(server);
    socket.write('POST /validate HTTP/1.1\r\n');
    await closedByUs(socket);
  });

  it('that carried an AdmissionReview may be idle for longer than the first request may take', async () => {
    const server = await start({ headMs: 300 });
    const apiServer = anApiServer(server);
    await apiServer.ask();
    const proven = await provenConnection(server);
    const unproven = await idle(server);
    // By then the server has looked for late ones more than once.
    await once(unproven, 'close');
    await once(await idle(server), 'close');
    expect(proven.closed).toBe(false);
    expect(await apiServer.ask()).toBe(200);
    apiServer.end();
  });

  it('ends with the refusal of what is no AdmissionReview', async () => {
    const server = await start({});
    const socket = await idle(server);
    socket.write(`${head(2)}{}`);
    expect(await readToEnd(socket)).toContain('400 Bad Request');
  });
});

describe('what Node does not look at', () => {
  const limits = { headMs: 10_000, idleMs: 120_000 };

  function aConnection(connections: Connections): Socket {
    const socket = new Socket();
    connections.opened(socket);
    connections.secured(socket);
    return socket;
  }

  /** How many looks, one each second, it takes until it is closed. */
  function looksUntilClosed(connections: Connections, socket: Socket): number {
    let looks = 0;
    for (; !socket.destroyed && looks < 1_000; looks += 1) connections.closeLate(1_000, limits);
    return looks;
  }

  it('is closed when it idles too long: before its first request, and after one', () => {
    const connections = new Connections(defaultConnectionLimits, () => undefined);
    expect(looksUntilClosed(connections, aConnection(connections))).toBe(11);
    const used = aConnection(connections);
    connections.used(used);
    connections.rested(used);
    expect(looksUntilClosed(connections, used)).toBe(121);
  });

  it('begins to idle anew with each request, and does not while one is under way', () => {
    const connections = new Connections(defaultConnectionLimits, () => undefined);
    const socket = aConnection(connections);
    for (let requests = 0; requests < 3; requests += 1) {
      for (let looks = 0; looks < 10; looks += 1) connections.closeLate(1_000, limits);
      connections.used(socket);
      for (let looks = 0; looks < 200; looks += 1) connections.closeLate(1_000, limits);
      connections.rested(socket);
      for (let looks = 0; looks < 100; looks += 1) connections.closeLate(1_000, limits);
    }
    expect(socket.destroyed).toBe(false);
  });

  it('ends where Node begins', () => {
    const connections = new Connections(defaultConnectionLimits, () => undefined);
    const socket = aConnection(connections);
    connections.handedOver(socket);
    expect(looksUntilClosed(connections, socket)).toBe(1_000);
  });
});

/** Before Node does it by itself, which takes it forty seconds or more. */
async function closedByUs(socket: Socket): Promise<void> {
  await once(socket, 'close', { signal: abortAfter(20_000) });
}

async function provenConnection(server: TestServer): Promise<TLSSocket> {
  const socket = await idle(server);
  await ask(socket);
  return socket;
}

async function ask(socket: TLSSocket, uid = 'quick'): Promise<void> {
  const body = JSON.stringify(aReview({ uid }));
  socket.write(`${head(body.length)}${body}`);
  await once(socket, 'data');
}
