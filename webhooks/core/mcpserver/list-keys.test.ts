import { expect, it } from '@jest/globals';
import { findDuplicateItems } from './list-keys.ts';
import { renderPath } from './violation.ts';

const told = (spec: object): readonly string[] =>
  findDuplicateItems({ spec }).map(({ path, headline, detail }) => `${renderPath(path)}: ${headline}, ${detail}`);

it('finds every later item of a key', () => {
  const storage = [{ path: '/a' }, { path: '/b' }, { path: '/a' }, { path: '/a' }];
  expect(told({ config: { storage } })).toEqual([
    'spec.config.storage[2]: Duplicate value, found path: "/a" a second time in this list',
    'spec.config.storage[3]: Duplicate value, found path: "/a" a second time in this list',
  ]);
});

it('finds them in every list that is a map', () => {
  const twice = [{ name: 'x' }, { name: 'x' }];
  const spec = {
    source: { containerImage: { imagePullSecrets: twice } },
    runtime: { resources: { claims: twice } },
  };
  expect(told(spec)).toHaveLength(2);
});

it('says nothing about other lists, and about what is no list', () => {
  const twice = [{ name: 'x' }, { name: 'x' }];
  expect(told({ config: { env: twice, arguments: ['a', 'a'], storage: 'x' }, source: null })).toEqual([]);
  expect(findDuplicateItems('x')).toEqual([]);
});
