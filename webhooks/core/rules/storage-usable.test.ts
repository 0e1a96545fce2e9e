import { expect, it } from '@jest/globals';
import { evaluateRules } from '../testing/evaluate-rules.ts';
import { anMCPServer, withRawSpec } from '../testing/builders.ts';
import { inMemoryFacts } from '../testing/in-memory-facts.ts';
import { storageUsable } from './storage-usable.ts';

function warned(files: readonly string[]) {
  const items = files.map((path) => ({ key: 'a', path }));
  const storage = [{ path: '/d', source: { type: 'ConfigMap', configMap: { name: 'settings', items } } }];
  const server = anMCPServer(withRawSpec({ config: { storage } }));
  return evaluateRules([storageUsable], { server, facts: inMemoryFacts() }).map(({ path }) => path[7]);
}

const long = 'a'.repeat(300);
const many = Array.from({ length: 40 }, (_, index) => `f-${index}`);

it.each<[files: readonly string[], expected: readonly number[]]>([
  [['a', 'a'], [1]],
  [
    ['a', './a', 'a/'],
    [1, 2],
  ],
  [['a', 'a/b'], [0]],
  [['a/b/c', 'a!', 'a', 'a-b'], [2]],
  [['.'], [0]],
  [[long, `${long}/b`], [0]],
  [[...many, 'f-1/b'], [1]],
  [[...many, 'f-1'], [many.length]],
])('warns in %j about the files %j', (files, expected) => {
  expect(warned(files)).toEqual(expected);
});

it.each([
  [['a', 'ab', 'a-b/c', 'a.b']],
  [['a/b', 'a/c']],
  [['..a']],
  [[...many, 'f/1', 'g-1/b']],
  [[long, `${long}b/b`]],
])('is silent about %j', (files) => {
  expect(warned(files)).toEqual([]);
});

it('answers for a path of a million directories', () => {
  expect(warned(['a/'.repeat(1_000_000), 'a'])).toEqual([1]);
});
