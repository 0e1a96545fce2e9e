import { expect, it } from '@jest/globals';
import type { Severity } from '../core/engine/finding.ts';
import { exitCodeOf } from './exit-code.ts';

it.each<[string, readonly Severity[], 'deny' | 'warn', boolean, number]>([
  ['nothing found', [], 'deny', false, 0],
  ['nothing found, the strict way', [], 'warn', false, 0],
  ['a warning', ['warn'], 'deny', false, 0],
  ['a warning, the strict way', ['warn'], 'warn', false, 1],
  ['what is only audited', ['audit'], 'warn', false, 0],
  ['a denial', ['warn', 'deny'], 'deny', false, 1],
  ['a denial, the strict way', ['deny'], 'warn', false, 1],
  ['nothing found in the part that could be read', [], 'deny', true, 2],
  ['a denial in the part that could be read', ['deny'], 'deny', true, 2],
])('%s', (_name, severities, failOn, isIncomplete, code) => {
  expect(exitCodeOf({ type: 'done', severities, failOn, isIncomplete })).toBe(code);
});

it('tells wrong usage from a bug of ours', () => {
  expect([exitCodeOf({ type: 'usage' }), exitCodeOf({ type: 'crashed' })]).toEqual([2, 3]);
});
