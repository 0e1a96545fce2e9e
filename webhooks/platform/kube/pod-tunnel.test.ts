import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { connect } from 'node:net';
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

const open = (): Promise<PodTunnel> => openPodTunnel({ context: '', namespace: 'tools', pod: 'search-1', port: 8080 });

/** The next handshake, not answered yet. */
async function handshake(): Promise<readonly [IncomingMessage, Socket]> {
  return (await once(server, 'upgrade')) as [IncomingMessage, Socket];
}

describe('a tunnel to a pod', () => {
  it('says which right it takes where the API server refuses it (it was: the connection was closed)', async () => {
    const tunnel = await open();
    const asked = handshake();
    const client = connect(tunnel.address);
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
    const tunnel = await open();
    const asked = handshake();
    connect(tunnel.address).on('error', () => undefined);
    const [, socket] = await asked;
    const closed = once(socket, 'close');
    tunnel.close();
    await closed;
    expect(tunnel.whyNot()).toBe(undefined);
  });
});
