import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { findFreePort } from './http/testing/free-port.ts';
import { reaches, serveTarget } from './network-target.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function answering(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    closing.push(() => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A minute is for the machine: who answers, answers at once. */
const patientMs = 60_000;

const ask = (port: number, timeoutMs = patientMs): Promise<boolean> => reaches({ host: '127.0.0.1', port, timeoutMs });

describe('a target', () => {
  it('is reached while it runs, again and again, and not after it', async () => {
    const port = await findFreePort();
    const stop = new AbortController();
    const listening = Promise.withResolvers<undefined>();
    const done = serveTarget(port, stop.signal, () => {
      listening.resolve(undefined);
    });
    await listening.promise;
    expect([await ask(port), await ask(port)]).toEqual([true, true]);
    stop.abort();
    await done;
    expect(await ask(port)).toBe(false);
  });

  it.each<[string, (socket: Socket) => void, number]>([
    ['takes the connection and says nothing', () => undefined, 200],
    ['takes it and ends it', (socket) => socket.end(), patientMs],
    ['says something else', (socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'), patientMs],
    ['says the beginning of it', (socket) => socket.end('mcp-lifecycle'), patientMs],
  ])('is not reached through somebody who %s', async (_, onConnection, timeoutMs) => {
    expect(await ask(await answering(onConnection), timeoutMs)).toBe(false);
  });
});
