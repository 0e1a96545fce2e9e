import { expect, it } from '@jest/globals';
import { toCel } from './cel-value.ts';

it('makes integers of what the schema calls so', () => {
  const schema = {
    properties: {
      int: { type: 'integer' },
      double: { type: 'number' },
      port: { type: 'int-or-string' },
      list: { items: { type: 'integer' } },
      map: { additionalProperties: { type: 'integer' } },
    },
  };
  const value = { int: 1, double: 1, port: 80, list: [1, 2], map: { 'a-b': 3 }, text: 'x', nothing: null };
  expect(toCel(value, schema)).toEqual({
    int: 1n,
    double: 1,
    port: 80n,
    list: [1n, 2n],
    map: { 'a-b': 3n },
    text: 'x',
    nothing: null,
  });
});

it('escapes names of properties as Kubernetes does, and leaves keys of maps alone', () => {
  const properties = { 'a-b': {}, 'a.b/c': {}, __x: {}, namespace: {} };
  expect(toCel({ 'a-b': 1, 'a.b/c': 2, __x: 3, namespace: 4 }, { properties })).toEqual({
    a__dash__b: 1,
    a__dot__b__slash__c: 2,
    __underscores__x: 3,
    __namespace__: 4,
  });
  expect(toCel({ 'a-b': 1, namespace: 2 }, { additionalProperties: {} })).toEqual({ 'a-b': 1, namespace: 2 });
});
