import { X509Certificate } from 'node:crypto';
import type { ApiRequest, KubeApi } from '../../kube/api.ts';
import { listAt, recordAt, stringAt } from '../../kube/object.ts';
import { createFakeClock, type FakeClock } from '../../kube/testing/fake-clock.ts';
import { silentLogger } from '../../log.ts';
import { parseCertificateSecret, rotationPhaseOf, rotationRequest } from '../certificate-secret.ts';
import { keepCertificates } from '../keep-certificates.ts';
import type { AskAddress } from '../serving-replicas.ts';
import { joinPem } from '../pem.ts';
import { webhookConfigurations, webhookConfigurationTypes } from '../webhook-configuration.ts';
import { createInMemoryApi, refused } from './in-memory-api.ts';
import { createSeededRandom } from './seeded-random.ts';
import type { Span } from './trust-history.ts';

/** What happened in the years of a world. */
export interface History {
  /** What each webhook configuration said, without the times when it said nothing. */
  readonly bundles: readonly Span[];
  /** What each replica presented. */
  readonly served: readonly Span[];
  /** Every certificate that was ever in the Secret. */
  readonly certificates: ReadonlySet<string>;
  /** Writes at which a replica was killed: `switch before`, `switch after`, … */
  readonly kills: ReadonlySet<string>;
  readonly rotations: number;
  readonly isRotating: boolean;
}

const secrets = '/api/v1/namespaces/mcp/secrets';
const dnsNames = ['webhook.mcp.svc'];
const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Some replicas on one Secret and two configurations, for as many days. Everything takes time; replicas are killed right
 * before and right after their writes and at any other time, and come back; some lose the API server in the middle of a
 * rotation; somebody wipes bundles and asks for rotations out of turn. The same seed gives much the same story (backoff is
 * random by itself).
 */
export async function liveThrough(options: {
  readonly seed: number;
  readonly replicas: number;
  readonly days: number;
}): Promise<History> {
  const world = createWorld(options.seed);
  const end = new AbortController();
  const lives = Array.from({ length: options.replicas }, (_, index) => live(world, index, end.signal));
  const people = disturb(world, end.signal);
  await world.clock.advance(options.days * dayMs);
  world.finish();
  end.abort();
  await Promise.all([...lives, people]);
  return world;
}

interface World extends History {
  readonly clock: FakeClock;
  readonly random: () => number;
  readonly api: ReturnType<typeof createInMemoryApi>;
  readonly kills: Set<string>;
  /** By replica: what it presents now. */
  readonly presents: Map<number, Span>;
  /** By replica: until when it cannot reach anybody, nor be reached. */
  readonly cutOffUntil: Map<number, number>;
  /** Open ones; they break when their replica is cut off. */
  readonly watches: Set<{ readonly replica: number; readonly broken: AbortController }>;
  readonly present: (index: number, pem: string | undefined) => void;
  readonly finish: () => void;
}

function createWorld(seed: number): World {
  const clock = createFakeClock();
  const api = createInMemoryApi();
  const random = createSeededRandom(seed);
  const [bundles, served]: [Span[], Span[]] = [[], []];
  const presents = new Map<number, Span>();
  const cutOffUntil = new Map<number, number>();
  const watches: World['watches'] = new Set();
  const now = (): number => clock.now().getTime();
  const begin = (spans: Span[], pem: string): Span => {
    const span = { pem, from: now(), to: Infinity };
    spans.push(span);
    return span;
  };
  const observeBundles = createBundleObserver({ api, now, begin: (pem) => begin(bundles, pem) });
  const secret = createSecretObserver(api, () => {
    // Every other rotation somebody is cut off, for longer than the two minutes that it takes by itself.
    if (random() >= 0.5) return;
    const index = Math.floor(random() * 3);
    cutOffUntil.set(index, now() + random() * 20 * minuteMs);
    for (const { replica, broken } of watches) if (replica === index) broken.abort();
  });
  return {
    ...{ clock, random, bundles, served, presents, cutOffUntil, watches },
    certificates: secret.certificates,
    kills: new Set<string>(),
    get rotations() {
      return secret.rotations;
    },
    get isRotating() {
      return secret.isRotating;
    },
    present(index, pem) {
      const before = presents.get(index);
      if (before !== undefined) before.to = now();
      if (pem === undefined) presents.delete(index);
      else presents.set(index, begin(served, pem));
    },
    finish() {
      for (const span of [...bundles, ...served]) if (span.to === Infinity) span.to = now();
    },
    api: observed(api, () => {
      observeBundles();
      secret.observe();
    }),
  };
}

interface BundleObserver {
  readonly api: World['api'];
  readonly now: () => number;
  readonly begin: (pem: string) => Span;
}

/** Notes from when to when each configuration says which bundle. */
function createBundleObserver({ api, now, begin }: BundleObserver): () => void {
  const current = new Map<string, Span>();
  return () => {
    for (const type of webhookConfigurationTypes) {
      const [webhook] = listAt(api.read(configurationsOf(type), 'ours'), 'webhooks');
      const pem = Buffer.from(stringAt(recordAt(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString();
      const before = current.get(type);
      if (before?.pem === pem) continue;
      if (before !== undefined) before.to = now();
      if (pem === '') current.delete(type);
      else current.set(type, begin(pem));
    }
  };
}

/** Notes what the Secret has held, and how often a rotation began. */
function createSecretObserver(api: World['api'], onRotation: () => void) {
  const certificates = new Set<string>();
  const seen = { certificates, rotations: 0, isRotating: false };
  return Object.assign(seen, {
    observe(): void {
      const secret = parseCertificateSecret(api.read(secrets, 'certificate'));
      for (const pem of [secret.authority.certificate, secret.serving.certificate, secret.next.certificate]) {
        if (pem !== undefined) certificates.add(pem);
      }
      const wasRotating = seen.isRotating;
      seen.isRotating = rotationPhaseOf(secret) !== 'none';
      if (!seen.isRotating || wasRotating) return;
      seen.rotations += 1;
      onRotation();
    },
  });
}

/** Sees the state after each write, by whomever. */
function observed(api: World['api'], observe: () => void): World['api'] {
  const endpoints = [0, 1, 2].map((index) => ({ addresses: [String(index)] }));
  api.put('/apis/discovery.k8s.io/v1/namespaces/mcp/endpointslices', {
    metadata: { name: 'webhook-abc' },
    ports: [{ port: 10250 }],
    endpoints,
  });
  api.put(secrets, { metadata: { name: 'certificate' } });
  for (const type of webhookConfigurationTypes) {
    api.put(configurationsOf(type), { metadata: { name: 'ours' }, webhooks: [{ name: 'w', clientConfig: {} }] });
  }
  return {
    ...api,
    put(collection, object) {
      api.put(collection, object);
      observe();
    },
    async request(request) {
      const result = await api.request(request);
      observe();
      return result;
    },
  };
}

function configurationsOf(type: keyof typeof webhookConfigurations): string {
  return `/apis/admissionregistration.k8s.io/v1/${webhookConfigurations[type].plural}`;
}

/** One replica after the other at one address. */
async function live(world: World, index: number, end: AbortSignal): Promise<void> {
  const { clock, random } = world;
  while (!end.aborted) {
    const killed = new AbortController();
    const signal = AbortSignal.any([end, killed.signal]);
    const kill = (): void => {
      killed.abort();
      world.present(index, undefined);
    };
    void clock.sleep(random() * 60 * dayMs, signal).then(kill);
    await keepCertificates({
      ...{ api: unreliable(world, index, { kill, signal }), clock, log: silentLogger, signal, mode: 'managed' },
      ...{ namespace: 'mcp', secretName: 'certificate', serviceName: 'webhook', dnsNames, ask: askOf(world) },
      configurationNames: { mutating: 'ours', validating: 'ours' },
      onServing: ({ certificate }) => {
        if (!signal.aborted) world.present(index, certificate);
      },
      onTrusted: () => undefined,
      onForeignChange: () => undefined,
      onRotation: () => undefined,
    });
    await clock.sleep(random() * 10 * minuteMs, end);
  }
}

/** The API server as one replica reaches it: it takes up to two seconds each way, and each third write is the last one. */
function unreliable(
  world: World,
  index: number,
  life: { readonly kill: () => void; readonly signal: AbortSignal },
): KubeApi {
  const { clock, random, api } = world;
  const isCutOff = (): boolean => (world.cutOffUntil.get(index) ?? 0) > clock.now().getTime();
  return {
    async request(request) {
      await clock.sleep(random() * 2_000, life.signal);
      if (life.signal.aborted || isCutOff()) return refused(0, 'Unreachable');
      const isLast = request.method === 'PATCH' && random() < 0.3;
      const isDone = !isLast || random() < 0.5;
      const result = isDone ? await api.request(request) : refused(0, 'Aborted');
      if (isLast) {
        world.kills.add(`${nameOf(request)} ${isDone ? 'after' : 'before'}`);
        life.kill();
      }
      await clock.sleep(random() * 2_000, life.signal);
      return result;
    },
    async watch(request, onEvent) {
      const watch = { replica: index, broken: new AbortController() };
      if (isCutOff()) return { why: 'failed', error: refused(0, 'Unreachable').error };
      world.watches.add(watch);
      const end = await api.watch(
        { ...request, signal: AbortSignal.any([request.signal, watch.broken.signal]) },
        onEvent,
      );
      world.watches.delete(watch);
      return end;
    },
  };
}

function askOf({ presents, cutOffUntil, clock }: World): AskAddress {
  return async ({ host }) => {
    await clock.sleep(10);
    const index = Number(host);
    if ((cutOffUntil.get(index) ?? 0) > clock.now().getTime()) return { type: 'unknown', why: 'ETIMEDOUT' };
    const presented = presents.get(index);
    if (presented === undefined) return { type: 'closed' };
    return { type: 'certificate', certificate: new X509Certificate(presented.pem) };
  };
}

/** Which step a write is, by what it writes. */
function nameOf({ body }: ApiRequest): string {
  if (Array.isArray(body)) return 'trust';
  const data = Object.entries(recordAt(body, 'data') ?? {}).map(([key, value]) => `${value === null ? '-' : ''}${key}`);
  const annotations = Object.values(recordAt(recordAt(body, 'metadata'), 'annotations') ?? {});
  return stepsByData[data.join(' ')] ?? (annotations[0] === null ? 'unstamp' : 'stamp');
}

const stepsByData: Readonly<Record<string, string>> = {
  'ca.crt ca.key tls.crt tls.key -next-ca.crt -next-ca.key -previous-ca.crt': 'bootstrap',
  'ca.crt ca.key tls.crt tls.key -next-ca.crt -next-ca.key previous-ca.crt': 'switch',
  'tls.crt tls.key': 'renew',
  'next-ca.crt next-ca.key': 'begin',
  '-previous-ca.crt': 'confirm',
};

/** Asks for rotations, and spoils a bundle, often in the middle of one: wipes it, or puts the one of before back. */
async function disturb({ api, clock, random }: World, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await clock.sleep(random() * 200 * dayMs, end);
    const asked = api.read(secrets, 'certificate') as Record<string, unknown>;
    const metadata = recordAt(asked, 'metadata');
    const annotations = { ...recordAt(metadata, 'annotations'), [rotationRequest]: 'now' };
    api.put(secrets, { ...asked, metadata: { ...metadata, annotations } });
    await clock.sleep(random() * 1.5 * minuteMs, end);
    const { authority, next, stepSince = 0 } = parseCertificateSecret(api.read(secrets, 'certificate'));
    // Not in the last seconds of the minute: who puts an old bundle back right at the switch makes a gap by himself.
    const isEarly = next.certificate !== undefined && clock.now().getTime() - stepSince < 45_000;
    const caBundle = isEarly
      ? { caBundle: Buffer.from(joinPem([authority.certificate ?? ''])).toString('base64') }
      : {};
    const type = random() < 0.5 ? 'mutating' : 'validating';
    api.put(configurationsOf(type), { metadata: { name: 'ours' }, webhooks: [{ name: 'w', clientConfig: caBundle }] });
  }
}
