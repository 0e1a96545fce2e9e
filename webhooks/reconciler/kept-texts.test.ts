import { expect, it } from '@jest/globals';

import { KeptTexts } from './kept-texts.ts';

it('texts are kept by what their characters take in memory', () => {
  const texts = new KeptTexts({ largest: 100, inAll: 1_000 });
  texts.put('a/1', 'é'.repeat(100));
  texts.put('a/2', '→'.repeat(50));
  texts.put('a/3', '→'.repeat(51));
  expect(['a/1', 'a/2', 'a/3'].map((key) => texts.get(key)?.length)).toEqual([100, 50, undefined]);
});
