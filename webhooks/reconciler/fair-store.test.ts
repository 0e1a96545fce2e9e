import { describe, expect, it } from '@jest/globals';

import { FairStore, weighText } from './fair-store.ts';

const limits = { largest: 100, inAll: 1_000 };

function put(store: FairStore<string>, key: string, id = key, bytes = 100): void {
  store.put(key, { value: id, id, bytes });
}

function fill(store: FairStore<string>, namespace: string, count: number): readonly string[] {
  const keys = Array.from({ length: count }, (_, at) => `${namespace}/${at}`);
  for (const key of keys) put(store, key);
  return keys.filter((key) => store.get(key) !== undefined);
}

describe('FairStore', () => {
  it('keeps equal values once, and none that nobody has any more', () => {
    const store = new FairStore<string>(limits);
    for (const key of ['a/1', 'a/2', 'b/1']) put(store, key, 'equal');
    expect(store.bytes).toBe(100);
    put(store, 'a/1', 'other', 50);
    expect(store.bytes).toBe(150);
    for (const key of ['a/1', 'a/2', 'b/1', 'nobody/1']) store.drop(key);
    expect(store.bytes).toBe(0);
    expect(store.get('a/2')).toBeUndefined();
  });

  it('keeps no large value, nor what it stands in place of', () => {
    const store = new FairStore<string>(limits);
    put(store, 'a/1', 'small');
    put(store, 'a/1', 'large', 101);
    expect([store.get('a/1'), store.bytes]).toEqual([undefined, 0]);
  });

  it('keeps a value without an id by itself, and each of them counts', () => {
    const store = new FairStore<string>(limits);
    for (const key of ['a/1', 'a/2', 'b/1']) store.put(key, { value: 'equal', bytes: 100 });
    expect([store.bytes, store.get('b/1')]).toEqual([300, 'equal']);
    store.put('a/1', { value: 'other', bytes: 50 });
    store.drop('a/2');
    expect([store.bytes, store.get('a/1'), store.get('a/2')]).toEqual([150, 'other', undefined]);
    for (let at = 0; at < 20; at += 1) store.put(`many/${at}`, { value: 'x', bytes: 100 });
    expect([store.bytes, store.get('a/1'), store.get('b/1'), store.get('many/19')]).toEqual([
      ...[950, 'other', 'equal', undefined],
    ]);
  });

  it('takes from the namespace that has the most, down to what the next one has', () => {
    const store = new FairStore<string>(limits);
    expect(fill(store, 'many', 20)).toHaveLength(10);
    expect(fill(store, 'few', 3)).toHaveLength(3);
    expect(fill(store, 'many', 20)).toHaveLength(7);
    expect(fill(store, 'others', 20)).toHaveLength(3);
    expect(store.get('few/0')).toBeDefined();
    expect(store.bytes).toBe(1_000);
  });

  it('is within its limit after any step of a long sequence, and empty after one that ends with nothing', () => {
    const store = new FairStore<string>(limits);
    const keys = Array.from({ length: 30 }, (_, at) => `${at % 4}/${at}`);
    for (let round = 0; round < 300; round += 1) {
      const bytes = (round * 31) % 120;
      put(store, keys[(round * 7) % keys.length] ?? '', String(bytes), bytes);
      expect(store.bytes).toBeLessThanOrEqual(limits.inAll);
    }
    for (const key of keys) store.drop(key);
    expect(store.bytes).toBe(0);
  });
});

it('texts are kept by what their characters take in memory', () => {
  const texts = new FairStore<string>({ largest: 100, inAll: 1_000 });
  for (const text of ['é'.repeat(100), '→'.repeat(50), '→'.repeat(51)]) texts.put(`a/${text}`, weighText(text));
  const kept = ['é'.repeat(100), '→'.repeat(50), '→'.repeat(51)].map((text) => texts.get(`a/${text}`)?.length);
  expect(kept).toEqual([100, 50, undefined]);
});
