import { describe, expect, it } from '@jest/globals';
import { restartedFor } from './restart.ts';
import type { ServingDeployment, WantedPods } from './rollout.ts';
import type { RolloutState } from './state.ts';

const since = '2026-11-20T09:00:00Z';
const wanted: WantedPods = { template: 'S', generation: 3, replicas: 1, retry: undefined };
const serving: ServingDeployment = { template: 'S', replicaSet: '5d4f', isVerified: false };
const stable = { template: 'S', replicaSet: '5d4f', generation: 2 };
const target = { template: 'D', generation: 2, since };
const state: RolloutState = { phase: 'Rejected', target, stable };

describe('pods of a configuration that is taken back', () => {
  it.each<RolloutState['phase']>(['Proving', 'Rejected', 'RolledBack', 'Blocked', 'Rolling'])(
    'are started anew when they do not serve well: %s',
    (phase) => {
      expect(restartedFor({ state: { ...state, phase }, wanted, serving })).toBe(since);
    },
  );

  it.each<[string, Partial<Parameters<typeof restartedFor>[0]>]>([
    ['serve well', { serving: { ...serving, isVerified: true } }],
    ['were asked by nobody', { serving: { ...serving, isUnasked: true } }],
    ['are none', { wanted: { ...wanted, replicas: 0 } }],
    ['are to have what was rejected', { wanted: { ...wanted, template: 'D' } }],
    ['are to have a third one, which replaces them', { wanted: { ...wanted, template: 'E' } }],
    [
      'have seen another spec rejected, which they never read',
      { state: { ...state, target: { ...target, generation: 3 } } },
    ],
    ['are of the only version there was', { state: undefined }],
    ['do not exist', { serving: undefined }],
  ])('are left alone when they %s', (_when, more) => {
    expect(restartedFor({ state, wanted, serving, ...more })).toBeUndefined();
  });
});
