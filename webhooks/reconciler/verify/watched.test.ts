import { expect, it } from '@jest/globals';
import { knownContract } from './watched.ts';

it('the contract that is known of an unstable one is another than any (each second list counted at once, by turns)', () => {
  expect(knownContract({ lists: { tools: { digest: 'd', listed: '', truncated: 0 } } })).toBe('d');
  expect(knownContract({ lists: { tools: { reason: 'ContractUnstable', why: 'w' } } })).toBe('');
  expect(knownContract({ lists: {} })).toBeUndefined();
  expect(knownContract({ lists: { notCounted: 'tools/list failed: HTTP 500' } })).toBe('');
});
