import { describe, expect, it } from '@jest/globals';
import type { Reference } from '../core/mcpserver/references.ts';
import type { ReferenceState } from '../core/engine/facts.ts';
import { createFakeClock, settle, type FakeClock } from '../platform/kube/testing/fake-clock.ts';
import type { ApiRequest } from '../platform/kube/api.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createLookUps, defaultLookUpLimits, type LookUpLimits, type LookUpResult } from './look-ups.ts';

const secret = (name: string, ...keys: string[]): Reference => ({
  kind: 'Secret',
  name,
  keys: keys.map((key) => ({ key, path: ['spec'] })),
  isOptional: false,
  usage: 'env',
  path: ['spec'],
});

interface Started {
  readonly api: FakeKubeApi;
  readonly clock: FakeClock;
  readonly lookUp: (...references: Reference[]) => Promise<readonly ReferenceState[]>;
  readonly lookUpIn: (namespace: string, ...references: Reference[]) => Promise<readonly ReferenceState[]>;
  readonly reads: () => number;
  readonly results: readonly LookUpResult[];
}

function start(limits: Partial<LookUpLimits> = {}): Started {
  const api = createFakeKubeApi();
  for (const name of ['token', 'other', 'third']) {
    const metadata = { name, namespace: 'mcp' };
    api.put(`/api/v1/namespaces/mcp/secrets/${name}`, {
      metadata,
      data: { key: 'aHVudGVyMg==', second: 'aHVudGVyMg==' },
    });
  }
  const clock = createFakeClock();
  const results: LookUpResult[] = [];
  const gather = createLookUps(api, clock, {
    limits: { ...defaultLookUpLimits, ...limits },
    onResult: (result) => results.push(result),
  });
  const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
  const lookUpIn: Started['lookUpIn'] = async (namespace, ...references) => {
    const facts = await gather(namespace, references, context);
    return references.map(({ kind, name }) => facts.lookUp(kind, name));
  };
  const lookUp: Started['lookUp'] = (...references) => lookUpIn('mcp', ...references);
  const reads = (): number => api.reads.length;
  return { api, clock, lookUp, lookUpIn, reads, results };
}

const numbered = (count: number, prefix = 'secret'): Reference[] =>
  Array.from({ length: count }, (_, index) => secret(`${prefix}-${index}`));

describe('a flood of reviews', () => {
  it('has no more objects read in a second than the budget of the process allows', async () => {
    const { clock, lookUp, reads } = start({ readsPerSecond: 10, burst: 20 });
    for (let count = 0; count < 50; count += 1) await lookUp(...numbered(100, `flood-${count}`));
    expect(reads()).toBe(20);
    await clock.advance(1_000);
    for (let count = 0; count < 50; count += 1) await lookUp(...numbered(100, `more-${count}`));
    expect(reads()).toBe(30);
  });

  it('leaves what is beyond the budget not checked, and says why', async () => {
    const { lookUp } = start({ burst: 1 });
    expect(await lookUp(secret('token', 'key'), secret('other'))).toEqual([
      { state: 'found', keys: new Set(['key']) },
      notChecked,
    ]);
  });

  it('of one review has 100 objects looked up', async () => {
    const { lookUp, reads } = start();
    const states = await lookUp(...numbered(150));
    expect(reads()).toBe(100);
    expect(states.at(-1)).toEqual({ ...notChecked, reason: 'only 100 objects are looked up' });
  });

  it('reads for a few requests at a time', async () => {
    const { lookUp, reads } = start({ readers: { count: 2, ofNamespace: 2, reserved: 0 } });
    const all = await Promise.all(numbered(5).map((reference) => lookUp(reference)));
    expect(reads()).toBe(2);
    expect(all.flat().filter(({ state }) => state === 'unknown')).toHaveLength(3);
  });
});

const notChecked = { state: 'unknown', cause: 'OverBudget', reason: 'too many objects are being looked up' };

/** Holds answers of the API back until `answerAll`. */
function holdBack(api: FakeKubeApi, isHeld: (request: ApiRequest) => boolean): { readonly answerAll: () => void } {
  const request = api.request.bind(api);
  const held: (() => void)[] = [];
  api.request = (one) =>
    isHeld(one) ? new Promise((resolve) => held.push(() => void request(one).then(resolve))) : request(one);
  return {
    answerAll: () => {
      for (const answer of held.splice(0)) answer();
    },
  };
}

describe('a namespace whose reviews look up without end', () => {
  it('leaves readers to others', async () => {
    const { api, lookUpIn } = start();
    const { answerAll } = holdBack(api, ({ path }) => path.includes('/busy/'));
    const busy = numbered(100).map((reference) => lookUpIn('busy', reference));
    expect(await lookUpIn('mcp', secret('token'))).toMatchObject([{ state: 'found' }]);
    answerAll();
    const states = (await Promise.all(busy)).flat();
    // 24, of which six are left to others.
    expect(states.filter(({ state }) => state === 'missing')).toHaveLength(18);
    expect(states.at(-1)).toEqual(notChecked);
  });

  it('leaves reads to others, second after second', async () => {
    const { clock, lookUpIn } = start();
    for (let second = 0; second < 10; second += 1) {
      for (let count = 0; count < 20; count += 1) await lookUpIn('busy', ...numbered(100, `${second}-${count}`));
      expect(await lookUpIn('mcp', ...numbered(100, 'honest'))).not.toContainEqual(notChecked);
      await clock.advance(1_000);
    }
  });

  it('keeps no place of a reader while it waits for large objects', async () => {
    const { api, lookUpIn } = start({
      readers: { count: 1, ofNamespace: 1, reserved: 0 },
      largeReaders: { count: 2, ofNamespace: 2, reserved: 0 },
    });
    const metadata = { name: 'large', namespace: 'busy' };
    api.put('/api/v1/namespaces/busy/secrets/large', { metadata, data: { key: 'x'.repeat(100_000) } });
    const { answerAll } = holdBack(api, ({ maxBytes = 0 }) => maxBytes > 64 * 1024);
    const first = lookUpIn('busy', secret('large'), ...numbered(8), secret('large-not'));
    await settle();
    const second = lookUpIn('busy', secret('large', 'key'));
    await settle();
    expect(await lookUpIn('busy', secret('large'))).toEqual([
      { state: 'unknown', reason: 'too many other large objects are being read', cause: 'NoTurn' },
    ]);
    expect(await lookUpIn('mcp', secret('token'))).toMatchObject([{ state: 'found' }]);
    answerAll();
    expect((await first).map(({ state }) => state)).toEqual(['found', ...Array.from({ length: 9 }, () => 'missing')]);
    answerAll();
    expect(await second).toEqual([{ state: 'found', keys: new Set(['key']) }]);
    // Both places were given back.
    expect(await lookUpIn('mcp', secret('other'))).toMatchObject([{ state: 'found' }]);
  });
});

describe('an answer', () => {
  it('costs one read, however often a review names the object', async () => {
    const { lookUp, reads } = start();
    const states = await lookUp(secret('token', 'key'), secret('token', 'second'), secret('token', 'third'));
    expect(states[0]).toEqual({ state: 'found', keys: new Set(['key', 'second']) });
    expect(reads()).toBe(1);
  });

  it('is good for other reviews for two seconds when the object is there', async () => {
    const { clock, lookUp, reads } = start();
    const first = await lookUp(secret('token', 'key', 'second'));
    expect(await lookUp(secret('token', 'key'))).toEqual(first);
    expect(reads()).toBe(1);
    await clock.advance(2_001);
    await lookUp(secret('token', 'key'));
    expect(reads()).toBe(2);
  });

  it('that an object is missing is not kept: a retry after it was made sees it', async () => {
    const { api, lookUp } = start();
    expect(await lookUp(secret('none'))).toEqual([{ state: 'missing' }]);
    api.put('/api/v1/namespaces/mcp/secrets/none', { metadata: { name: 'none', namespace: 'mcp' } });
    expect(await lookUp(secret('none'))).toEqual([{ state: 'found', keys: new Set() }]);
  });

  it('is none for keys that nobody asked for before', async () => {
    const { lookUp, reads } = start();
    await lookUp(secret('token', 'key'));
    expect(await lookUp(secret('token', 'second'))).toEqual([{ state: 'found', keys: new Set(['second']) }]);
    expect(reads()).toBe(2);
  });

  it('is forgotten when there are many newer ones', async () => {
    const { lookUp, reads } = start({ maxCached: 2 });
    await lookUp(secret('token'), secret('other'), secret('third'));
    await lookUp(secret('third'), secret('other'));
    expect(reads()).toBe(3);
    await lookUp(secret('token'));
    expect(reads()).toBe(4);
  });

  it('that nothing could be found out is asked for again', async () => {
    const { api, lookUp } = start();
    api.answer(() => true, 403);
    expect(await lookUp(secret('token'))).toMatchObject([{ state: 'unknown' }]);
    api.answer(() => false, undefined);
    expect(await lookUp(secret('token'))).toMatchObject([{ state: 'found' }]);
  });
});

describe('what came of looking up', () => {
  it('is told of each object once, of one that was found lately as well', async () => {
    const { lookUp, results } = start();
    await lookUp(secret('token', 'key'), secret('token', 'second'), secret('nowhere'));
    await lookUp(secret('token', 'key'));
    expect(results).toEqual(['found', 'missing', 'found']);
  });

  it('tells no answer, no right, no budget and all other failures apart', async () => {
    const { api, lookUp, results } = start({ burst: 4, readsPerSecond: 0 });
    api.answer(({ path }) => path.endsWith('/token'), 403);
    await lookUp(secret('token'));
    api.answer(({ path }) => path.endsWith('/token'), 500);
    await lookUp(secret('token'));
    api.answer(() => false, undefined);
    api.request = () =>
      Promise.resolve({ ok: false, error: { status: 0, reason: 'Timeout', message: '', retry: true } });
    await lookUp(secret('token'));
    await lookUp(secret('token'), secret('other'));
    expect(results).toEqual(['forbidden', 'failed', 'timeout', 'timeout', 'over-budget']);
  });
});
