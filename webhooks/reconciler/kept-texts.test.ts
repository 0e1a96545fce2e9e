import { describe, expect, it } from '@jest/globals';

import { KeptTexts } from './kept-texts.ts';

const limits = { longest: 100, inAll: 1_000 };
const text = (name: string, length = 100): string => name.padEnd(length, '.');

function fill(texts: KeptTexts, namespace: string, count: number): readonly string[] {
  const keys = Array.from({ length: count }, (_, at) => `${namespace}/${at}`);
  for (const key of keys) texts.put(key, text(key));
  return keys.filter((key) => texts.get(key) !== undefined);
}

describe('KeptTexts', () => {
  it('keeps equal texts once, and none that nobody has any more', () => {
    const texts = new KeptTexts(limits);
    texts.put('a/1', text('equal'));
    texts.put('a/2', text('equal'));
    texts.put('b/1', text('equal'));
    expect(texts.bytes).toBe(100);
    texts.put('a/1', text('other', 50));
    expect(texts.bytes).toBe(150);
    for (const key of ['a/1', 'a/2', 'b/1', 'nobody/1']) texts.drop(key);
    expect(texts.bytes).toBe(0);
    expect(texts.get('a/2')).toBeUndefined();
  });

  it('keeps no long text, and counts characters by what they take', () => {
    const texts = new KeptTexts(limits);
    texts.put('a/1', text('x', 101));
    texts.put('a/2', text('→', 51));
    texts.put('a/3', text('→', 50));
    expect([texts.get('a/1'), texts.get('a/2'), texts.bytes]).toEqual([undefined, undefined, 100]);
  });

  it('takes from the namespace that has the most, down to what the next one has', () => {
    const texts = new KeptTexts(limits);
    expect(fill(texts, 'many', 20)).toHaveLength(10);
    expect(fill(texts, 'few', 3)).toHaveLength(3);
    expect(fill(texts, 'many', 20)).toHaveLength(7);
    expect(fill(texts, 'others', 20)).toHaveLength(3);
    expect(texts.get('few/0')).toBeDefined();
    expect(texts.bytes).toBe(1_000);
  });

  it('is empty after any sequence that ends with nothing', () => {
    const texts = new KeptTexts(limits);
    const keys = Array.from({ length: 30 }, (_, at) => `${at % 4}/${at}`);
    for (let round = 0; round < 200; round += 1) {
      const key = keys[(round * 7) % keys.length] ?? '';
      texts.put(key, text(String((round * 13) % 11), (round * 31) % 120));
      expect(texts.bytes).toBeLessThanOrEqual(limits.inAll);
    }
    for (const key of keys) texts.drop(key);
    expect(texts.bytes).toBe(0);
  });
});
