import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Clock } from '../clock.ts';
import { listAt, recordAt } from '../kube/object.ts';
import { silentLogger } from '../log.ts';
import { keepCaBundle } from './ca-bundle.ts';
import { createInMemoryApi, type InMemoryApi, refused } from './testing/in-memory-api.ts';
import { until } from './testing/until.ts';

const collection = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const clock: Clock = { now: () => new Date(), sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) };
const bundle = Buffer.from('our CA').toString('base64');

let api: InMemoryApi;
let stop: AbortController;
const running: Promise<void>[] = [];

beforeEach(() => {
  api = createInMemoryApi();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

function start(): { inPlace: number } {
  const seen = { inPlace: 0 };
  const options = { api, clock, log: silentLogger, signal: stop.signal, name: 'ours', type: 'validating' } as const;
  running.push(keepCaBundle({ ...options, caBundle: 'our CA', onInPlace: () => (seen.inPlace += 1) }));
  return seen;
}

/** A configuration whose webhooks have these bundles. */
function configuration(...bundles: readonly (string | undefined)[]): Record<string, unknown> {
  return {
    metadata: { name: 'ours' },
    webhooks: bundles.map((caBundle, index) => ({
      name: `w${String(index)}.mcp.x-k8s.io`,
      clientConfig: { service: { name: 'webhook' }, ...(caBundle === undefined ? {} : { caBundle }) },
    })),
  };
}

const bundles = (): unknown[] =>
  listAt(api.read(collection, 'ours'), 'webhooks').map((webhook) => recordAt(webhook, 'clientConfig')?.['caBundle']);
const writes = (): number => api.requests.filter((line) => line.startsWith('PATCH')).length;

it('puts the CA into every webhook of the configuration, in one write', async () => {
  api.put(collection, configuration(undefined, 'old', bundle));
  const seen = start();
  await until(() => seen.inPlace > 0);
  expect(bundles()).toEqual([bundle, bundle, bundle]);
  expect(writes()).toBe(1);
});

it('writes nothing when the CA is in place', async () => {
  api.put(collection, configuration(bundle));
  const seen = start();
  await until(() => seen.inPlace > 0);
  expect(writes()).toBe(0);
});

it('writes it again when somebody wiped it', async () => {
  api.put(collection, configuration(bundle));
  const seen = start();
  await until(() => seen.inPlace > 0);
  api.put(collection, configuration(undefined, undefined));
  await until(() => writes() === 1);
  await until(() => bundles().every((value) => value === bundle));
});

it('waits for a configuration that is created later', async () => {
  const seen = start();
  await until(() => api.requests.length > 0);
  expect(seen.inPlace).toBe(0);
  api.put(collection, configuration(undefined));
  await until(() => seen.inPlace > 0);
});

it('decides anew when the configuration changed between reading and writing', async () => {
  api.put(collection, configuration('old'));
  api.interrupt('PATCH', {
    before: () => {
      api.put(collection, configuration('old', 'old'));
    },
  });
  const seen = start();
  await until(() => seen.inPlace > 0);
  expect(bundles()).toEqual([bundle, bundle]);
});

it('tries again while the API server cannot be reached or refuses', async () => {
  api.put(collection, configuration(undefined));
  api.interrupt('GET', refused(0, 'Unreachable'));
  api.interrupt('PATCH', refused(403, 'Forbidden'));
  const seen = start();
  await until(() => seen.inPlace > 0);
  expect(writes()).toBe(2);
});
