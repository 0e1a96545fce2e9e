import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Clock } from '../clock.ts';
import { recordAt } from '../kube/object.ts';
import { silentLogger } from '../log.ts';
import { keepCertificate } from './certificate-store.ts';
import { type CertificateSet, problemsOf } from './certificates.ts';
import { createInMemoryApi, type InMemoryApi, refused } from './testing/in-memory-api.ts';
import { until } from './testing/until.ts';

const secrets = '/api/v1/namespaces/mcp/secrets';
const dnsNames = ['webhook.mcp.svc'];

let api: InMemoryApi;
let stop: AbortController;
let now: Date;
const running: Promise<void>[] = [];
const clock: Clock = { now: () => now, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) };

beforeEach(() => {
  api = createInMemoryApi();
  stop = new AbortController();
  now = new Date('2026-11-24T12:00:00Z');
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

function startReplica(): CertificateSet[] {
  const seen: CertificateSet[] = [];
  running.push(
    keepCertificate({
      api,
      namespace: 'mcp',
      secretName: 'certificate',
      dnsNames,
      clock,
      log: silentLogger,
      signal: stop.signal,
      onCertificate: (set) => seen.push(set),
    }),
  );
  return seen;
}

const emptySecret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'certificate', labels: { team: 'a' } } };
const writes = (): number => api.requests.filter((line) => line.startsWith('PATCH')).length;

it('fills the empty Secret of the chart and keeps its labels', async () => {
  api.put(secrets, emptySecret);
  const seen = startReplica();
  await until(() => seen.length === 1);
  const stored = api.read(secrets, 'certificate');
  expect(Object.keys(recordAt(stored, 'data') ?? {})).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
  expect(recordAt(recordAt(stored, 'metadata'), 'labels')).toEqual({ team: 'a' });
  expect(seen.map((set) => problemsOf(set, dnsNames, now))).toEqual([[]]);
});

it('writes nothing when the Secret holds a good certificate', async () => {
  api.put(secrets, emptySecret);
  const first = startReplica();
  await until(() => first.length === 1);
  const second = startReplica();
  await until(() => second.length === 1);
  expect(second).toEqual(
    first.map(({ caCertificate, certificate, privateKey, caPrivateKey }) => ({
      caCertificate,
      certificate,
      privateKey,
      caPrivateKey,
    })),
  );
  expect(writes()).toBe(1);
});

it('ends with one CA when replicas start at the same moment', async () => {
  api.put(secrets, emptySecret);
  const replicas = [startReplica(), startReplica(), startReplica()];
  await until(() => replicas.every((seen) => seen.length > 0));
  expect(new Set(replicas.flat().map((set) => set.certificate)).size).toBe(1);
  expect(writes()).toBe(3);
});

it('waits for a Secret that does not exist yet', async () => {
  const seen = startReplica();
  await until(() => api.requests.length > 3);
  expect(seen).toEqual([]);
  api.put(secrets, emptySecret);
  await until(() => seen.length === 1);
});

it('hears of a certificate that somebody else wrote, without a restart', async () => {
  api.put(secrets, emptySecret);
  const seen = startReplica();
  await until(() => seen.length === 1);
  const before = api.read(secrets, 'certificate');
  api.put(secrets, emptySecret);
  await until(() => seen.length === 2);
  api.put(secrets, before as Record<string, unknown>);
  await until(() => seen.length === 3);
  expect(seen[2]).toEqual(seen[0]);
});

it('renews a certificate that ends soon under the CA that API servers trust', async () => {
  api.put(secrets, emptySecret);
  const seen = startReplica();
  await until(() => seen.length === 1);
  now = new Date('2027-10-01T12:00:00Z');
  api.closeWatches();
  await until(() => seen.length === 2);
  expect(seen[1]?.caCertificate).toBe(seen[0]?.caCertificate);
  expect(seen[1]?.certificate).not.toBe(seen[0]?.certificate);
});

it('keeps a certificate that still works while the API server refuses the next one', async () => {
  api.put(secrets, emptySecret);
  const first = startReplica();
  await until(() => first.length === 1);
  now = new Date('2027-10-01T12:00:00Z');
  api.interrupt('PATCH', refused(403, 'Forbidden'));
  const second = startReplica();
  await until(() => second.length === 1);
  expect(second[0]?.certificate).toBe(first[0]?.certificate);
});

it('replaces a set whose key does not belong to its certificate', async () => {
  api.put(secrets, emptySecret);
  const seen = startReplica();
  await until(() => seen.length === 1);
  const broken = {
    ...recordAt(api.read(secrets, 'certificate'), 'data'),
    'tls.key': Buffer.from('x').toString('base64'),
  };
  api.put(secrets, { ...emptySecret, data: broken });
  await until(() => seen.length === 2);
  expect(seen[1]?.caCertificate).toBe(seen[0]?.caCertificate);
  expect(seen.slice(1).map((set) => problemsOf(set, dnsNames, now))).toEqual([[]]);
});

it('takes a certificate of somebody else as it is, without a CA key', async () => {
  api.put(secrets, emptySecret);
  const seen = startReplica();
  await until(() => seen.length === 1);
  const data = { ...recordAt(api.read(secrets, 'certificate'), 'data'), 'ca.key': '' };
  now = new Date('2027-10-01T12:00:00Z');
  api.put(secrets, { ...emptySecret, data });
  const second = startReplica();
  await until(() => second.length === 1);
  expect(second[0]?.caPrivateKey).toBeUndefined();
  expect(writes()).toBe(1);
});

it('tries again after the API server could not be reached', async () => {
  api.put(secrets, emptySecret);
  api.interrupt('GET', refused(0, 'Unreachable'));
  api.interrupt('PATCH', refused(503, 'ServiceUnavailable'));
  const seen = startReplica();
  await until(() => seen.length === 1);
  expect(writes()).toBe(2);
});
