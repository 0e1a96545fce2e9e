import { expect, it } from '@jest/globals';
import { createForeignChanges, type LookForForeignChanges } from './foreign-changes.ts';

function start(): { readonly look: LookForForeignChanges; readonly told: string[] } {
  const told: string[] = [];
  return { look: createForeignChanges((type, change) => told.push(`${type} ${change}`)), told };
}

const trusting = (...caBundles: string[]) => ({ resourceVersion: '1', caBundles });

it('tells of a bundle that is not any more what we want still, once', () => {
  const { look, told } = start();
  look({ mutating: trusting('a'), validating: trusting('a') }, 'a');
  look({ mutating: trusting('a'), validating: trusting('a', 'evil') }, 'a');
  look({ mutating: trusting('a'), validating: trusting('a', 'evil') }, 'a');
  expect(told).toEqual(['validating ca-bundle']);
  look({ mutating: trusting('a'), validating: trusting('a') }, 'a');
  look({ mutating: trusting(''), validating: trusting('a') }, 'a');
  expect(told).toEqual(['validating ca-bundle', 'mutating ca-bundle']);
});

it('says nothing of a bundle that we have not written yet, nor while we want another one', () => {
  const { look, told } = start();
  look({ mutating: trusting(''), validating: trusting('') }, 'a');
  look({ mutating: trusting('a'), validating: trusting('a') }, 'a');
  look({ mutating: trusting('a'), validating: trusting('a') }, 'a+b');
  look({ mutating: trusting('a+b'), validating: trusting('a+b') }, 'a+b');
  expect(told).toEqual([]);
});

it('tells of a configuration that was there, whoever writes its bundle', () => {
  const { look, told } = start();
  look({ mutating: undefined, validating: trusting('x') }, undefined);
  look({ mutating: undefined, validating: trusting('y') }, undefined);
  look({ mutating: undefined, validating: undefined }, undefined);
  look({ mutating: undefined, validating: undefined }, undefined);
  expect(told).toEqual(['validating deleted']);
});
