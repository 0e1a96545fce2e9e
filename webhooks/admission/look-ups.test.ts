import { describe, expect, it } from '@jest/globals';
import type { Reference } from '../core/mcpserver/references.ts';
import type { ReferenceState } from '../core/engine/facts.ts';
import { createFakeClock, type FakeClock } from '../platform/kube/testing/fake-clock.ts';
import { createFakeKubeApi, type FakeKubeApi } from '../platform/kube/testing/fake-kube-api.ts';
import { createLookUps, defaultLookUpLimits, type LookUpLimits } from './look-ups.ts';

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
  readonly reads: () => number;
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
  const gather = createLookUps(api, clock, { ...defaultLookUpLimits, ...limits });
  const context = { remainingMs: () => 1_000, signal: () => new AbortController().signal };
  const lookUp = async (...references: Reference[]): Promise<readonly ReferenceState[]> => {
    const facts = await gather('mcp', references, context);
    return references.map(({ kind, name }) => facts.lookUp(kind, name));
  };
  const reads = (): number => api.reads.length;
  return { api, clock, lookUp, reads };
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
      { state: 'unknown', reason: 'too many objects are being looked up' },
    ]);
  });

  it('of one review has 100 objects looked up', async () => {
    const { lookUp, reads } = start();
    const states = await lookUp(...numbered(150));
    expect(reads()).toBe(100);
    expect(states.at(-1)).toEqual({ state: 'unknown', reason: 'only 100 objects are looked up' });
  });

  it('reads for a few requests at a time', async () => {
    const { lookUp, reads } = start({ maxReading: 2 });
    const all = await Promise.all(numbered(5).map((reference) => lookUp(reference)));
    expect(reads()).toBe(2);
    expect(all.flat().filter(({ state }) => state === 'unknown')).toHaveLength(3);
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
