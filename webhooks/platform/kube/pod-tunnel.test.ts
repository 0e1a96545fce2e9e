import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { createHash } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { issueAuthority, issueServing, type ServingCertificate } from '../tls/certificates.ts';
import { openPodTunnel, type PodTunnel } from './pod-tunnel.ts';

/** An API server that is asked for a WebSocket, and answers as a test has it. */
let server: Server;
let folder = '';
let before: string | undefined;
/** What is open there, until it is closed. */
const connections = new Set<Socket>();

let serving: ServingCertificate;

beforeAll(async () => {
  serving = await issueServing(await issueAuthority(new Date()), ['kubernetes.default.svc'], new Date());
});

beforeEach(async () => {
  server = createServer({ cert: serving.certificate, key: serving.privateKey }).listen(0, '127.0.0.1');
  server.on('secureConnection', (socket: Socket) => {
    connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => connections.delete(socket));
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  folder = mkdtempSync(join(tmpdir(), 'pod-tunnel-'));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    users: [{ name: 'me', user: {} }],
    clusters: [{ name: 'prod', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'me' } }],
    'current-context': 'prod',
  };
  before = process.env['KUBECONFIG'];
  process.env['KUBECONFIG'] = join(folder, 'config');
  writeFileSync(join(folder, 'config'), JSON.stringify(config));
});

afterEach(async () => {
  if (before === undefined) Reflect.deleteProperty(process.env, 'KUBECONFIG');
  else process.env['KUBECONFIG'] = before;
  for (const socket of connections) socket.destroy();
  await once(server.close(), 'close');
  rmSync(folder, { recursive: true });
});

const open = (): PodTunnel => openPodTunnel({ context: '', namespace: 'tools', pod: 'search-1', port: 8080 });

/** The next handshake, not answered yet. */
async function handshake(): Promise<readonly [IncomingMessage, Socket]> {
  return (await once(server, 'upgrade')) as [IncomingMessage, Socket];
}

describe('a tunnel to a pod', () => {
  it('says which right it takes where the API server refuses it (it was: the connection was closed)', async () => {
    const tunnel = open();
    const asked = handshake();
    const client = tunnel.connect();
    const closed = once(client, 'close');
    const [{ url }, socket] = await asked;
    expect(url).toBe('/api/v1/namespaces/tools/pods/search-1/portforward?ports=8080');
    expect(tunnel.whyNot()).toBe(undefined);
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    await closed;
    expect(tunnel.whyNot()).toBe(
      'the API server refuses it (HTTP 403): it takes the right to create pods/portforward in tools',
    );
    tunnel.close();
  });

  it('leaves no handshake open that nobody answers when it is closed (the program did not end)', async () => {
    const tunnel = open();
    const asked = handshake();
    tunnel.connect();
    const [, socket] = await asked;
    const closed = once(socket, 'close');
    tunnel.close();
    await closed;
    expect(tunnel.whyNot()).toBe(undefined);
  });

  it('is of this process alone: what goes through it does, and nothing listens on this machine (any program could use it)', async () => {
    const listening = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    const tunnel = open();
    const asked = handshake();
    const client = tunnel.connect();
    const connected = once(client, 'connect');
    client.write('ping');
    const [request, socket] = await asked;
    accept(request, socket);
    const sent = receive(socket);
    await connected;
    // The API server of this test.
    expect(listening()).toBe(1);
    // The first byte is the number of the stream.
    expect(await sent).toEqual(Buffer.from('\u0000ping'));
    send(socket, Buffer.from([0, 0x90, 0x1f]));
    send(socket, Buffer.from('\u0000pong'));
    const [got] = (await once(client, 'data')) as [Buffer];
    expect(got.toString()).toBe('pong');
    const closed = once(socket, 'close');
    tunnel.close();
    await closed;
  });

  it('gives what the pod has sent to its end when that hangs up', async () => {
    const tunnel = open();
    const asked = handshake();
    const client = tunnel.connect();
    const [request, socket] = await asked;
    accept(request, socket);
    await once(client, 'connect');
    send(socket, Buffer.from([0, 0x90, 0x1f]));
    send(socket, Buffer.from('\u0000all of it'));
    socket.end(Buffer.from([0x88, 0]));
    const read: Buffer[] = [];
    client.on('data', (part: Buffer) => read.push(part));
    await once(client, 'end');
    expect(Buffer.concat(read).toString()).toBe('all of it');
    tunnel.close();
  });
});

/** https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2 */
function accept({ headers }: IncomingMessage, socket: Socket): void {
  const key = `${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const lines = [
    ...['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
    'Sec-WebSocket-Protocol: v4.channel.k8s.io',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
}

/** One binary frame, of less than 126 bytes. */
function send(socket: Socket, payload: Buffer): void {
  socket.write(Buffer.concat([Buffer.from([0x82, payload.length]), payload]));
}

/** The payload of the next frame, which a client masks. */
async function receive(socket: Socket): Promise<Buffer> {
  const [frame] = (await once(socket, 'data')) as [Buffer];
  const mask = frame.subarray(2, 6);
  return Buffer.from(frame.subarray(6).map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
}
