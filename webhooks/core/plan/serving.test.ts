import { describe, expect, it } from '@jest/globals';

import type { DeploymentStatus } from './observed.ts';
import { decideServing, podSetOf } from './serving.ts';
import type { ServingInput, ServingPod } from './serving.ts';

const aPod = (name: string, changes: Partial<ServingPod> = {}): ServingPod => ({
  ...{ name, template: 'old', address: '10.0.0.1', port: 8080, restarts: 0 },
  ...changes,
});

const aDeployment = (changes: Partial<DeploymentStatus> = {}): DeploymentStatus => ({
  ...{ generation: 2, observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, conditions: [] },
  ...changes,
});

const situation = (changes: Partial<ServingInput> = {}): ServingInput => ({
  ...{ pods: [aPod('a')], deployment: aDeployment(), generation: 7, isApplied: true },
  ...changes,
});

describe('the generation that serves', () => {
  it.each<[string, Partial<ServingInput>, number | undefined]>([
    ['is the newest when all pods are of the newest template', {}, 7],
    ['is not the newest before its Deployment is written', { isApplied: false }, undefined],
    [
      'is not the newest before the Deployment was looked at by its controller',
      { deployment: aDeployment({ generation: 3 }) },
      undefined,
    ],
    [
      'is not the newest while a new pod starts beside the old one',
      { deployment: aDeployment({ replicas: 2, updatedReplicas: 1 }) },
      undefined,
    ],
    [
      'is not the newest while no new pod could be created at all',
      { deployment: aDeployment({ replicas: 1, updatedReplicas: 0 }) },
      undefined,
    ],
    [
      'is not the newest while a pod of another template still serves, whatever the Deployment says',
      { pods: [aPod('a'), aPod('b', { template: 'new' })] },
      undefined,
    ],
    [
      'is the newest after a change of replicas, before the new ones are ready',
      { deployment: aDeployment({ replicas: 3, updatedReplicas: 3 }) },
      7,
    ],
    [
      'is the newest where nothing is to run',
      { pods: [], deployment: aDeployment({ replicas: 0, updatedReplicas: 0, readyReplicas: 0 }) },
      7,
    ],
    ['is unknown without a Deployment', { deployment: undefined }, undefined],
  ])('%s', (_, changes, generation) => {
    expect(decideServing(situation(changes)).generation).toBe(generation);
  });

  it('rolls as long as it is not the newest', () => {
    expect(decideServing(situation()).isRolling).toBe(false);
    const rolling = situation({ deployment: aDeployment({ replicas: 2, updatedReplicas: 1 }) });
    expect(decideServing(rolling)).toMatchObject({ isRolling: true, ready: 1, podSet: 'old' });
  });
});

describe('the pods that serve', () => {
  const before = [aPod('a'), aPod('b')];

  it.each<[string, readonly ServingPod[]]>([
    ['one more of the same template', [...before, aPod('c')]],
    ['one less', [aPod('b')]],
    ['another one in its place, of the same template', [aPod('b'), aPod('c')]],
    ['the same in another order', [aPod('b'), aPod('a')]],
  ])('are the same with %s', (_, pods) => {
    expect(podSetOf(pods)).toBe(podSetOf(before));
  });

  it.each<[string, readonly ServingPod[]]>([
    ['one of another template beside them', [...before, aPod('c', { template: 'new' })]],
    ['another template', [aPod('c', { template: 'new' })]],
    ['one of them started again', [aPod('a'), aPod('b', { restarts: 1 })]],
    ['none of them', []],
  ])('are others with %s', (_, pods) => {
    expect(podSetOf(pods)).not.toBe(podSetOf(before));
  });
});
