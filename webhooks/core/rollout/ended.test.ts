import { describe, expect, it } from '@jest/globals';
import { endedBetween, endReasons } from './ended.ts';
import type { RolloutState } from './state.ts';

const state = (phase: RolloutState['phase'], more: Partial<RolloutState> = {}, template = 'new'): RolloutState => ({
  ...{ phase, target: { template, generation: 2, since: '2026-01-01T00:00:00Z' } },
  ...more,
});
const nowMs = Date.parse('2026-01-01T00:00:42Z');
const end = (before: RolloutState | undefined, next: RolloutState | undefined, isVerified = true): unknown =>
  endedBetween(before, { state: next, isVerified, nowMs });
const ended = (phase: string, result?: string, reason?: string): object => ({
  ...{ phase, seconds: 42 },
  ...(result === undefined ? {} : { end: { result, reason } }),
});

describe('what has ended of a rollout', () => {
  it.each<[string, RolloutState | undefined, RolloutState | undefined, unknown]>([
    ['nothing, when it begins', undefined, state('Proving'), undefined],
    ['nothing, as long as it is where it was', state('Proving'), state('Proving'), undefined],
    ['its proving, when it is proven', state('Proving'), state('Rolling', { proof: 'Proven' }), ended('Proving')],
    ['its wait for room', state('Blocked'), state('Proving'), ended('Blocked')],
    [
      'all of it, when it serves',
      state('Rolling', { proof: 'Proven' }),
      undefined,
      ended('Rolling', 'Complete', 'Proven'),
    ],
    [
      'all of it, when nothing was proven before',
      state('Rolling', { proof: 'Skipped' }),
      undefined,
      ended('Rolling', 'Complete', 'Skipped'),
    ],
    [
      'all of it, when it is rejected',
      state('Proving'),
      state('Rejected', { reason: 'CandidateNotReady' }),
      ended('Proving', 'Rejected', 'CandidateNotReady'),
    ],
    [
      'all of it, when it is put back',
      state('Rolling'),
      state('RolledBack', { reason: 'NewPodsNotVerified' }),
      ended('Rolling', 'RolledBack', 'NewPodsNotVerified'),
    ],
    [
      'its proving, when there is no room',
      state('Proving'),
      state('Blocked', { reason: 'QuotaExceeded' }),
      ended('Proving', 'Blocked', 'QuotaExceeded'),
    ],
    [
      'all of it, when another version comes',
      state('Proving'),
      state('Proving', {}, 'newer'),
      ended('Proving', 'Superseded', 'WhileProving'),
    ],
    [
      'all of it, when the change is taken back',
      state('Proving'),
      undefined,
      ended('Proving', 'Superseded', 'WhileProving'),
    ],
    ['nothing, when what was rejected is corrected', state('Rejected'), state('Proving', {}, 'newer'), undefined],
    ['nothing, when what was rejected is taken back', state('Rejected'), undefined, undefined],
  ])('%s', (_, before, next, expected) => {
    expect(end(before, next)).toEqual(expected);
  });

  it('is no completion when what serves is not known to be good', () => {
    expect(end(state('Rolling', { proof: 'NotProven' }), undefined, false)).toEqual(
      ended('Rolling', 'Superseded', 'WhileRolling'),
    );
  });

  it('has only reasons that are known beforehand, whatever somebody wrote into a status', () => {
    expect(end(state('Proving'), state('Rejected', { reason: 'x'.repeat(64) }))).toEqual(
      ended('Proving', 'Rejected', 'Other'),
    );
    expect(end(state('Proving'), state('Rejected', { reason: 'constructor' }))).toEqual(
      ended('Proving', 'Rejected', 'Other'),
    );
    expect(new Set(endReasons).size).toBe(endReasons.length);
  });

  it.each(['2027-01-01T00:00:00Z', 'yesterday'])('took no time when it began at %s', (since) => {
    const before = { ...state('Proving'), target: { template: 'new', since } };
    expect(end(before, undefined)).toMatchObject({ seconds: 0 });
  });
});
