import { describe, expect, it } from '@jest/globals';
import { toJsonSchema } from './json-schema.ts';
import type { Definitions, SchemaNode } from './schema-node.ts';
import { toStructural } from './structural.ts';

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const definitions: Definitions = {
  [quantity]: { type: 'string', description: 'A long story.' },
  [intOrString]: { type: 'string', format: 'int-or-string' },
  'io.k8s.api.core.v1.Thing': {
    type: 'object',
    description: 'A thing.',
    properties: { size: { $ref: `#/definitions/${quantity}` }, port: { $ref: `#/definitions/${intOrString}` } },
  },
};

function jsonSchemaOf(field: SchemaNode): SchemaNode | undefined {
  const definition = {
    metadata: { name: 'things' },
    spec: { group: 'example.org', names: { kind: 'Thing' }, versions: [{ name: 'v1' }] },
  };
  const schema = { type: 'object', properties: { field } };
  return toJsonSchema({ definition, everyVersion: {}, metadata: { type: 'object' }, schema }, definitions).properties?.[
    'field'
  ];
}

describe('as JSON Schema', () => {
  it.each<[string, SchemaNode, SchemaNode]>([
    [
      'int32 a range',
      { type: 'integer', format: 'int32' },
      { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
    ],
    [
      'int32 the narrower range that it has already',
      { type: 'integer', format: 'int32', minimum: 1 },
      { type: 'integer', minimum: 1, maximum: 2147483647 },
    ],
    ['a default nothing, because it makes nothing invalid', { type: 'string', default: 'a' }, { type: 'string' }],
    [
      'CEL nothing, because only the API server evaluates it',
      { type: 'string', 'x-kubernetes-validations': [] },
      { type: 'string' },
    ],
    [
      'a Kubernetes type a reference',
      { 'x-kubernetes-type': 'io.k8s.api.core.v1.Thing', description: 'Mine.' },
      { $ref: '#/$defs/Thing' },
    ],
    [
      'items what their keywords become',
      { type: 'array', items: { type: 'integer', format: 'int32' } },
      { type: 'array', items: { type: 'integer', minimum: -2147483648, maximum: 2147483647 } },
    ],
  ])('makes of %s', (_name, node, expected) => {
    expect(jsonSchemaOf(node)).toEqual(expected);
  });

  it.each<[string, SchemaNode]>([
    ['a keyword', { type: 'string', oneOf: [] }],
    ['a format', { type: 'string', format: 'password' }],
  ])('refuses %s that it does not know instead of dropping it', (_name, node) => {
    expect(() => jsonSchemaOf(node)).toThrow('no conversion');
  });

  it('refuses a Kubernetes type that was not extracted', () => {
    expect(() => toStructural({ 'x-kubernetes-type': 'io.k8s.api.core.v1.Pod' }, definitions)).toThrow(
      'extract-kubernetes-types',
    );
  });
});

describe('as structural schema', () => {
  it('writes out Kubernetes types, with the description of the field', () => {
    const node = { 'x-kubernetes-type': 'io.k8s.api.core.v1.Thing', description: 'Mine.', title: 'NotInTheCrd' };
    expect(toStructural(node, definitions)).toEqual({
      type: 'object',
      description: 'Mine.',
      properties: {
        size: {
          anyOf: [{ type: 'integer' }, { type: 'string' }],
          'x-kubernetes-int-or-string': true,
          pattern: expect.any(String),
        },
        port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
      },
    });
  });

  it('bounds int32, because the API server does not', () => {
    expect(toStructural({ type: 'integer', format: 'int32', minimum: 0 }, definitions)).toEqual({
      type: 'integer',
      format: 'int32',
      minimum: 0,
      maximum: 2147483647,
    });
  });
});
