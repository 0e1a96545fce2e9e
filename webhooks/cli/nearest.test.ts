import { expect, it } from '@jest/globals';
import { nearest } from './nearest.ts';

const options = ['fail-on', 'output', 'namespace', 'validate', 'values', 'helm'];

it.each([
  ['ouput', 'output'],
  ['otuput', 'output'],
  ['fail_on', 'fail-on'],
  ['failOn', 'fail-on'],
  ['namspace', 'namespace'],
  ['name', 'namespace'],
  ['valid', 'validate'],
  ['hlem', 'helm'],
])('%s is near %s', (typed, word) => {
  expect(nearest(typed, options)).toBe(word);
});

it.each(['nope', 'x', '', 'kubeconfig', 'a'.repeat(100_000)])('nothing is near %.20s', (typed) => {
  expect(nearest(typed, options)).toBeUndefined();
});
