import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { forward } from './forward.ts';

const servers: net.Server[] = [];
const sockets = new Set<net.Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(onConnection: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  return (server.address() as net.AddressInfo).port;
}

/** A forwarded port whose target does this with each connection. */
async function forwardTo(onConnection: (socket: net.Socket) => void): Promise<number> {
  const port = await listen(onConnection);
  return listen((socket) => {
    forward(socket, port);
  });
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Two of each forwarded connection: ours from the client, and that of the target. */
async function untilNoneIsOpen(): Promise<void> {
  for (let tries = 0; tries < 1_000 && sockets.size > 0; tries += 1) await sleep(10);
  expect(sockets.size).toBe(0);
}

const large = Buffer.alloc(8 * 1024 * 1024, 'x');

describe('a forwarded connection', () => {
  it('delivers an answer that is larger than any buffer, though the target closes at once', async () => {
    const client = await connect(await forwardTo((socket) => socket.end(large)));
    let length = 0;
    client.on('data', (chunk: Buffer) => (length += chunk.length));
    await once(client, 'close');
    expect(length).toBe(large.length);
    await untilNoneIsOpen();
  });

  it('delivers a request to its end', async () => {
    let length = 0;
    const port = await forwardTo((socket) => {
      socket.on('data', (chunk: Buffer) => (length += chunk.length)).once('end', () => socket.end());
    });
    const client = await connect(port);
    client.end(large);
    await once(client.resume(), 'close');
    expect(length).toBe(large.length);
    await untilNoneIsOpen();
  });

  it.each<[string, (client: net.Socket) => unknown]>([
    ['goes without having read its answer', (client) => client.pause().destroy()],
    ['breaks off', (client) => client.resetAndDestroy()],
    ['ends', (client) => client.resume().end()],
  ])('leaves no connection behind when the client %s', async (_, leave) => {
    const port = await forwardTo((socket) => socket.write(large));
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(port)));
    clients.forEach(leave);
    await untilNoneIsOpen();
  });

  it('is closed when nobody listens', async () => {
    const nobody = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const client = await connect(
      await listen((socket) => {
        forward(socket, nobody);
      }),
    );
    await once(client.resume(), 'close');
    await untilNoneIsOpen();
  });
});
