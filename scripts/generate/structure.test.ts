import { describe, expect, it } from '@jest/globals';
import { toDeprecationWarnings, toStructure } from './structure.ts';

describe('toStructure', () => {
  it('keeps what decides about an object, and resolves definitions', () => {
    const definitions = { 'x.Named': { type: 'object', description: 'D.', properties: { name: { type: 'string' } } } };
    const schema = {
      type: 'object',
      properties: {
        status: { type: 'object' },
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { 'x-kubernetes-type': 'x.Named' },
        },
        size: { type: 'integer', default: 1 },
        one: {
          type: 'object',
          additionalProperties: { type: 'string' },
          'x-kubernetes-validations': [
            { rule: 'has(self.a)', message: 'm', fieldPath: '.a', reason: 'FieldValueInvalid' },
          ],
        },
      },
    };
    expect(toStructure(schema, definitions)).toEqual({
      type: 'object',
      properties: {
        list: {
          type: 'array',
          listMapKeys: ['name'],
          items: { type: 'object', properties: { name: { type: 'string' } } },
        },
        size: { type: 'integer', default: 1 },
        one: {
          type: 'object',
          additionalProperties: { type: 'string' },
          rules: [{ rule: 'has(self.a)', message: 'm', field: 'a' }],
        },
      },
    });
  });

  it.each([
    ['a list that is a set', { type: 'array', 'x-kubernetes-list-type': 'set' }],
    ['a nullable field', { type: 'string', nullable: true }],
    ['a field with unknown fields', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
    ['a rule without a message', { 'x-kubernetes-validations': [{ rule: 'true' }] }],
    [
      'a rule with a message that is an expression',
      { 'x-kubernetes-validations': [{ rule: 'true', message: 'm', messageExpression: "'m'" }] },
    ],
    [
      'a rule about a field far below',
      { 'x-kubernetes-validations': [{ rule: 'true', message: 'm', fieldPath: '.a.b' }] },
    ],
  ])('refuses %s, which nobody would judge', (_name, node) => {
    expect(() => toStructure({ properties: { spec: node } }, {})).toThrow();
  });
});

it('toDeprecationWarnings keeps the text of each deprecated version, or says what the API server would', () => {
  const versions = [
    { name: 'v2' },
    { name: 'v1', deprecated: true, deprecationWarning: 'use v2' },
    { name: 'v0', deprecated: true },
  ];
  expect(toDeprecationWarnings({ group: 'a.io', names: { kind: 'Thing' }, versions })).toEqual({
    'a.io/v1': 'use v2',
    'a.io/v0': 'a.io/v0 Thing is deprecated',
  });
});
