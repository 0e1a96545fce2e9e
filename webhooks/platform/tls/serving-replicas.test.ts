import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createServer } from 'node:tls';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { issueAuthority, issueServing, type ServingCertificate } from './certificates.ts';
import { askByHandshake, askOtherReplicas, type Presented, type ServingReplicas } from './serving-replicas.ts';
import { createInMemoryApi, refused } from './testing/in-memory-api.ts';

const name = 'webhook.mcp.svc';
const collection = '/apis/discovery.k8s.io/v1/namespaces/mcp/endpointslices';
let current: ServingCertificate;
let old: ServingCertificate;
const servers: Server[] = [];

beforeAll(async () => {
  const authority = await issueAuthority(new Date());
  [current, old] = [
    await issueServing(authority, [name], new Date()),
    await issueServing(authority, [name], new Date()),
  ];
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function find(
  answers: Readonly<Record<string, Presented>>,
  hosts: readonly string[] = Object.keys(answers),
): Promise<ServingReplicas> {
  const api = createInMemoryApi();
  // A slice may hold endpoints that are not ready, and one without ports.
  const endpoints = hosts.map((host) => ({ addresses: [host], conditions: { ready: false } }));
  api.put(collection, {
    metadata: { name: 'a' },
    ports: [{ name: 'https', port: 10250 }],
    endpoints: endpoints.slice(0, 1),
  });
  api.put(collection, {
    metadata: { name: 'b' },
    ports: [{ name: 'https', port: 10250 }],
    endpoints: endpoints.slice(1),
  });
  api.put(collection, { metadata: { name: 'c' }, ports: null, endpoints: null });
  const { signal } = new AbortController();
  const ask = ({ host }: { readonly host: string }): Promise<Presented> =>
    Promise.resolve(answers[host] ?? { type: 'unknown', why: 'never asked' });
  return askOtherReplicas(current.certificate, { api, namespace: 'mcp', serviceName: 'webhook', signal, ask });
}

const presents = ({ certificate }: ServingCertificate): Presented => ({
  type: 'certificate',
  certificate: new X509Certificate(certificate),
});

it('finds no other one when every replica presents the certificate, or does not listen', async () => {
  expect(await find({ a: presents(current), b: { type: 'closed' } })).toEqual({ ok: true, others: [] });
  expect(await find({})).toEqual({ ok: true, others: [] });
});

it('names each replica that presents another one or cannot be asked', async () => {
  const { serialNumber } = new X509Certificate(old.certificate);
  expect(await find({ a: presents(old), b: presents(current), c: { type: 'unknown', why: 'EHOSTUNREACH' } })).toEqual({
    ok: true,
    others: [`a presents the certificate with serial ${serialNumber}`, 'c cannot be asked: EHOSTUNREACH'],
  });
});

it('asks every one of many', async () => {
  const hosts = Array.from({ length: 30 }, (_, index) => `h${String(index)}`);
  const found = await find({}, hosts);
  expect(found.ok && found.others).toHaveLength(30);
});

it('knows nothing when the API server does not say where replicas are', async () => {
  const api = createInMemoryApi();
  api.interrupt('GET', refused(403, 'Forbidden'));
  const { signal } = new AbortController();
  const ask = (): Promise<Presented> => Promise.reject(new Error('nobody to ask'));
  const found = await askOtherReplicas(current.certificate, { api, namespace: 'mcp', serviceName: 'w', signal, ask });
  expect(found).toMatchObject({ ok: false, error: { status: 403 } });
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  return (server.address() as AddressInfo).port;
}

/** Again where the machine took longer than a handshake may: all of these servers answer at once, in one way or another. */
async function ask(port: number): Promise<Presented> {
  const presented = await askByHandshake(name)({ host: '127.0.0.1', port });
  const isLate = presented.type === 'unknown' && presented.why.startsWith('no handshake within');
  return isLate ? ask(port) : presented;
}

it('sees in a handshake which certificate a server presents', async () => {
  const port = await listening(createServer({ cert: old.certificate, key: old.privateKey }, (socket) => socket.end()));
  const found = await ask(port);
  expect(found.type === 'certificate' && found.certificate.raw.equals(new X509Certificate(old.certificate).raw)).toBe(
    true,
  );
});

it('tells a port that is closed from a server that answers no handshake', async () => {
  const server = createTcpServer((socket) => socket.destroy());
  const port = await listening(server);
  expect(await ask(port)).toMatchObject({ type: 'unknown' });
  server.close();
  await once(server, 'close');
  expect(await ask(port)).toEqual({ type: 'closed' });
});
