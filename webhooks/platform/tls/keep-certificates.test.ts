import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { listAt, recordAt, stringAt } from '../kube/object.ts';
import type { Logger } from '../log.ts';
import { rotationRequest, type RotationPhase } from './certificate-secret.ts';
import { issueAuthority, issueServing, type ServingCertificate, servingProblems } from './certificates.ts';
import { keepCertificates, type KeepCertificatesOptions } from './keep-certificates.ts';
import { trustDelayMs } from './next-step.ts';
import type { Presented } from './serving-replicas.ts';
import { createInMemoryApi, type InMemoryApi, refused } from './testing/in-memory-api.ts';
import { until } from './testing/until.ts';
import { joinPem, splitPem } from './pem.ts';
import { findTrustAnchor } from './trust-bundle.ts';
import { webhookConfigurations, type WebhookConfigurationType } from './webhook-configuration.ts';

const secrets = '/api/v1/namespaces/mcp/secrets';
const slices = '/apis/discovery.k8s.io/v1/namespaces/mcp/endpointslices';
const dnsNames = ['webhook.mcp.svc'];

interface Replica {
  readonly served: ServingCertificate[];
  readonly trusted: Set<WebhookConfigurationType>;
  readonly foreign: string[];
  phase: RotationPhase;
  readonly lines: string[];
}

let api: InMemoryApi;
let stop: AbortController;
let now: Date;
let naps = 0;
let presented: () => Presented;
const running: Promise<void>[] = [];
/** Sleeps take no time of the test, and move the clock when it is told to. */
const clock: Clock = {
  now: () => now,
  monotonicMs: () => now.getTime(),
  sleep: (_ms, signal) =>
    new Promise((resolve) => {
      naps += 1;
      setTimeout(resolve, 1);
      signal?.addEventListener('abort', () => {
        resolve();
      });
    }),
};

beforeEach(() => {
  api = createInMemoryApi();
  stop = new AbortController();
  now = new Date('2026-11-24T12:00:00Z');
  presented = () => ({ type: 'closed' });
  api.put(secrets, emptySecret);
  for (const type of ['mutating', 'validating'] as const) putConfiguration(type, undefined);
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

function startReplica(mode: KeepCertificatesOptions['mode'] = 'managed'): Replica {
  const replica: Replica = { served: [], trusted: new Set(), foreign: [], phase: 'none', lines: [] };
  const write = (message: string): void => void replica.lines.push(message);
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  const place = { namespace: 'mcp', secretName: 'certificate', serviceName: 'webhook', dnsNames };
  const kept = keepCertificates({
    ...{ api, clock, log, signal: stop.signal, mode, ...place },
    configurationNames: { mutating: 'ours', validating: 'ours' },
    ask: () => Promise.resolve(presented()),
    onServing: (serving) => replica.served.push(serving),
    onTrusted: (type) => replica.trusted.add(type),
    onForeignChange: (type, change) => replica.foreign.push(`${type} ${change}`),
    onRotation: (phase) => (replica.phase = phase),
  });
  running.push(kept);
  return replica;
}

const emptySecret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'certificate', labels: { team: 'a' } } };

function collectionOf(type: WebhookConfigurationType): string {
  return `/apis/admissionregistration.k8s.io/v1/${webhookConfigurations[type].plural}`;
}

/** A configuration with two webhooks that trust this. */
function putConfiguration(type: WebhookConfigurationType, pem: string | undefined): void {
  const clientConfig = pem === undefined ? {} : { caBundle: Buffer.from(pem).toString('base64') };
  const webhooks = ['a', 'b'].map((name) => ({
    name,
    clientConfig: { service: { name: 'webhook' }, ...clientConfig },
  }));
  api.put(collectionOf(type), { metadata: { name: 'ours' }, webhooks });
}

function bundlesOf(type: WebhookConfigurationType): readonly string[] {
  return listAt(api.read(collectionOf(type), 'ours'), 'webhooks').map((webhook) =>
    Buffer.from(stringAt(recordAt(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString(),
  );
}

function stored(key: string): string {
  return Buffer.from(stringAt(recordAt(api.read(secrets, 'certificate'), 'data'), key) ?? '', 'base64').toString();
}

function setAnnotation(key: string, value: string): void {
  const secret = api.read(secrets, 'certificate') as Record<string, unknown>;
  const metadata = recordAt(secret, 'metadata');
  const annotations = { ...recordAt(metadata, 'annotations'), [key]: value };
  api.put(secrets, { ...secret, metadata: { ...metadata, annotations } });
}

function setData(data: Readonly<Record<string, string>>): void {
  const secret = api.read(secrets, 'certificate') as Record<string, unknown>;
  const encoded = Object.entries(data).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]);
  api.put(secrets, { ...secret, data: { ...recordAt(secret, 'data'), ...Object.fromEntries(encoded) } });
}

const later = (ms: number): void => void (now = new Date(now.getTime() + ms));
const writes = (): readonly string[] => api.requests.filter((line) => line.startsWith('PATCH'));
const isTrusted = (replica: Replica): boolean => replica.trusted.size === 2;
const isSettled = (replica: Replica): boolean => isTrusted(replica) && replica.phase === 'none';
/** Long enough for whatever is going to happen without the clock: replicas have looked again and again, and slept. */
const settle = async (): Promise<void> => {
  const enough = naps + 20 * (running.length + 1);
  await until(() => naps > enough);
};

describe('a replica on an empty Secret', () => {
  it('fills it, keeps its labels, and puts its CA into every webhook', async () => {
    const replica = startReplica();
    await until(() => isTrusted(replica));
    const secret = api.read(secrets, 'certificate');
    expect(Object.keys(recordAt(secret, 'data') ?? {})).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
    expect(recordAt(recordAt(secret, 'metadata'), 'labels')).toEqual({ team: 'a' });
    expect(replica.served.map((serving) => servingProblems(serving, dnsNames, now))).toEqual([[]]);
    for (const type of ['mutating', 'validating'] as const) {
      expect(bundlesOf(type)).toEqual([stored('ca.crt'), stored('ca.crt')]);
    }
    expect(writes()).toHaveLength(3);
  });

  it('waits for a Secret and for configurations that do not exist yet', async () => {
    api.remove(secrets, 'certificate');
    api.remove(collectionOf('mutating'), 'ours');
    const replica = startReplica();
    await settle();
    expect(writes()).toEqual([]);
    api.put(secrets, emptySecret);
    await until(() => replica.trusted.has('validating'));
    expect(isTrusted(replica)).toBe(false);
    putConfiguration('mutating', undefined);
    await until(() => isTrusted(replica));
  });

  it('ends with one CA when several start at the same moment', async () => {
    const replicas = [startReplica(), startReplica(), startReplica()];
    await until(() => replicas.every(isTrusted));
    await settle();
    expect(new Set(replicas.flatMap(({ served }) => served).map(({ certificate }) => certificate)).size).toBe(1);
    expect(bundlesOf('mutating')).toEqual([stored('ca.crt'), stored('ca.crt')]);
  });
});

describe('a replica on a good Secret', () => {
  it('writes nothing', async () => {
    const first = startReplica();
    await until(() => isTrusted(first));
    const before = writes().length;
    const second = startReplica();
    await until(() => isTrusted(second));
    await settle();
    expect(writes()).toHaveLength(before);
    expect(second.served).toEqual(first.served);
  });

  it('renews a certificate in its last third under the CA that API servers trust', async () => {
    const replica = startReplica();
    await until(() => isTrusted(replica));
    const [ca, bundle] = [stored('ca.crt'), bundlesOf('mutating')];
    later(61 * 86_400_000);
    await until(() => replica.served.length === 2);
    expect([stored('ca.crt'), bundlesOf('mutating')]).toEqual([ca, bundle]);
  });

  it('keeps a certificate that still works while the API server refuses the next one', async () => {
    const replica = startReplica();
    await until(() => isTrusted(replica));
    for (let attempt = 0; attempt < 3; attempt += 1) api.interrupt('PATCH', refused(403, 'Forbidden'));
    later(61 * 86_400_000);
    await until(() => writes().length >= 6);
    expect(replica.lines.filter((line) => line.includes('was refused'))).toHaveLength(1);
    await until(() => replica.served.length === 2);
  });

  it('replaces a set whose key does not belong to its certificate, under the same CA', async () => {
    const replica = startReplica();
    await until(() => isTrusted(replica));
    const ca = stored('ca.crt');
    setData({ 'tls.key': 'x' });
    await until(() => replica.served.length === 2);
    expect(stored('ca.crt')).toBe(ca);
  });

  it('puts the bundle back when somebody wiped it, and does not spin when it is wiped again and again', async () => {
    const replica = startReplica();
    await until(() => isTrusted(replica));
    for (let wiped = 0; wiped < 3; wiped += 1) {
      putConfiguration('validating', undefined);
      await until(() => bundlesOf('validating').every((bundle) => bundle === stored('ca.crt')));
    }
    await settle();
    expect(writes()).toHaveLength(6);
  });

  it('decides anew when a configuration changed between reading and writing', async () => {
    api.interrupt('PATCH /apis', {
      before: () => {
        putConfiguration('mutating', 'somebody else');
      },
    });
    const replica = startReplica();
    await until(() => isTrusted(replica));
    expect(bundlesOf('mutating')).toEqual([stored('ca.crt'), stored('ca.crt')]);
  });

  it('goes on when the API server cannot be reached or refuses for a while', async () => {
    api.interrupt('GET', refused(0, 'Unreachable'));
    api.interrupt('PATCH', refused(503, 'ServiceUnavailable'));
    api.interrupt('PATCH /apis', refused(403, 'Forbidden'));
    const replica = startReplica();
    await until(() => isTrusted(replica));
  });
});

describe('replacing the CA', () => {
  async function startRotation(): Promise<{ readonly replica: Replica; readonly oldCa: string }> {
    const replica = startReplica();
    await until(() => isSettled(replica));
    const oldCa = stored('ca.crt');
    setAnnotation(rotationRequest, 'now');
    await until(() => replica.phase === 'trusting');
    for (const type of ['mutating', 'validating'] as const)
      await until(() => bundlesOf(type).every((bundle) => splitPem(bundle).length === 2));
    await settle();
    return { replica, oldCa };
  }

  it('makes the next CA known first and serves under the old one for a minute', async () => {
    const { replica, oldCa } = await startRotation();
    expect(replica.phase).toBe('trusting');
    expect(stored('ca.crt')).toBe(oldCa);
    expect(bundlesOf('mutating')).toEqual(bundlesOf('validating'));
    later(trustDelayMs - 1);
    await settle();
    expect(replica.served).toHaveLength(1);
    later(1);
    await until(() => replica.served.length === 2);
    expect(findTrustAnchor(replica.served[1]?.certificate ?? '', oldCa)).toBeUndefined();
    expect(replica.phase).toBe('confirming');
  });

  it('does not ask for more than it was asked for', async () => {
    const { replica } = await startRotation();
    later(trustDelayMs);
    await until(() => replica.phase === 'confirming');
    later(trustDelayMs);
    await until(() => replica.phase === 'none');
    await until(() => splitPem(bundlesOf('mutating')[0] ?? '').length === 1);
    await settle();
    expect(splitPem(bundlesOf('mutating')[0] ?? '')).toHaveLength(1);
    expect(recordAt(recordAt(api.read(secrets, 'certificate'), 'metadata'), 'annotations')).toEqual({});
    expect(Object.keys(recordAt(api.read(secrets, 'certificate'), 'data') ?? {}).sort()).toEqual([
      'ca.crt',
      'ca.key',
      'tls.crt',
      'tls.key',
    ]);
  });

  it('keeps the old CA trusted until every replica serves under the new one', async () => {
    const { replica } = await startRotation();
    const [old] = replica.served;
    presented = () => ({ type: 'certificate', certificate: new X509Certificate(old?.certificate ?? '') });
    const endpoints = [{ addresses: ['192.0.2.7'] }];
    api.put(slices, { metadata: { name: 'webhook-abc' }, ports: [{ name: 'https', port: 10250 }], endpoints });
    later(trustDelayMs);
    await until(() => replica.phase === 'confirming');
    later(trustDelayMs);
    const isWaiting = (line: string): boolean => line.includes('stays until every replica');
    await until(() => replica.lines.some(isWaiting));
    await settle();
    expect(replica.phase).toBe('confirming');
    const [waiting, ...more] = replica.lines.filter(isWaiting);
    expect([waiting, more]).toEqual([expect.any(String), []]);
    presented = () => ({ type: 'certificate', certificate: new X509Certificate(stored('tls.crt')) });
    await until(() => replica.phase === 'none');
  });

  it('begins the minute anew when somebody takes the next CA out', async () => {
    const { replica } = await startRotation();
    later(trustDelayMs - 1);
    putConfiguration('mutating', stored('ca.crt'));
    await until(() => bundlesOf('mutating').every((bundle) => splitPem(bundle).length === 2));
    await settle();
    later(trustDelayMs - 1);
    await settle();
    expect(replica.served).toHaveLength(1);
    later(1);
    await until(() => replica.served.length === 2);
  });
});

describe('a certificate of somebody else', () => {
  it('is served, followed and never written', async () => {
    const authority = await issueAuthority(now);
    const [first, second] = [
      await issueServing(authority, dnsNames, now),
      await issueServing(authority, dnsNames, now),
    ];
    const replica = startReplica('given');
    await until(() => replica.lines.includes('the Secret for the certificate cannot be used'));
    setData({ 'tls.crt': first.certificate, 'tls.key': first.privateKey });
    await until(() => replica.served.length === 1);
    expect(isTrusted(replica)).toBe(false);
    expect(replica.lines.filter((line) => line.startsWith('waiting until the caBundle trusts'))).toHaveLength(1);
    for (const type of ['mutating', 'validating'] as const) putConfiguration(type, authority.certificate);
    await until(() => isTrusted(replica));
    setData({ 'tls.crt': second.certificate, 'tls.key': second.privateKey });
    await until(() => replica.served.length === 2);
    setData({ 'tls.key': 'x' });
    putConfiguration('mutating', undefined);
    later(400 * 86_400_000);
    await settle();
    expect(replica.served).toHaveLength(2);
    expect(writes()).toEqual([]);
  });

  it('is not served before API servers are told to trust it, as long as the one before it is good', async () => {
    const [authority, other] = [await issueAuthority(now), await issueAuthority(now)];
    const first = await issueServing(authority, dnsNames, now);
    const second = await issueServing(other, dnsNames, now);
    for (const type of ['mutating', 'validating'] as const) putConfiguration(type, authority.certificate);
    setData({ 'tls.crt': first.certificate, 'tls.key': first.privateKey });
    const replica = startReplica('given');
    await until(() => isTrusted(replica));
    setData({ 'tls.crt': second.certificate, 'tls.key': second.privateKey });
    await until(() => replica.lines.includes('the new certificate is not served yet'));
    expect(replica.served).toHaveLength(1);
    putConfiguration('mutating', joinPem([authority.certificate, other.certificate]));
    await settle();
    expect(replica.served).toHaveLength(1);
    putConfiguration('validating', joinPem([authority.certificate, other.certificate]));
    await settle();
    later(trustDelayMs - 1);
    await settle();
    expect(replica.served).toHaveLength(1);
    later(1);
    await until(() => replica.served.length === 2);
  });

  it('is served untrusted when the one before it has ended', async () => {
    const [authority, other] = [await issueAuthority(now), await issueAuthority(now)];
    const first = await issueServing(authority, dnsNames, now);
    for (const type of ['mutating', 'validating'] as const) putConfiguration(type, authority.certificate);
    setData({ 'tls.crt': first.certificate, 'tls.key': first.privateKey });
    const replica = startReplica('given');
    await until(() => isTrusted(replica));
    later(91 * 86_400_000);
    const second = await issueServing(other, dnsNames, now);
    setData({ 'tls.crt': second.certificate, 'tls.key': second.privateKey });
    await until(() => replica.served.length === 2);
  });
});

describe('somebody else who writes a webhook configuration', () => {
  it('is told of; what replicas wrote themselves is not', async () => {
    const replicas = [startReplica(), startReplica()];
    await until(() => replicas.every(isTrusted));
    await settle();
    expect(replicas.flatMap(({ foreign }) => foreign)).toEqual([]);
    putConfiguration('validating', 'no certificate');
    await until(() => bundlesOf('validating')[0] === stored('ca.crt'));
    await settle();
    expect(replicas.flatMap(({ foreign }) => foreign)).toContain('validating ca-bundle');
  });
});
