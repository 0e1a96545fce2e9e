import { describe, expect, it } from '@jest/globals';

import { applyDefaults } from '../defaults/apply.ts';
import { anMCPServer, withGeneration } from '../testing/builders.ts';
import type { PodState } from './diagnose-pods.ts';
import { nextReport } from './report.ts';
import type { Report, ReportInput } from './report.ts';
import type { ServingPod } from './serving.ts';

const nowMs = Date.parse('2026-01-01T00:10:00Z');

const pod: ServingPod = { name: 'search-x-1', template: 'x', address: '10.0.0.1', port: 8080, restarts: 0 };

function reportOf(changes: Partial<ReportInput> = {}): Report {
  return nextReport({
    ...{ server: anMCPServer(withGeneration(4)), accepted: { state: 'valid' }, serviceExists: true },
    deployment: {
      ...{ generation: 4, observedGeneration: 4, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
      conditions: [{ type: 'Available', status: 'True' }],
    },
    ...{ servingPods: [pod], isApplied: true },
    ...{ pods: [], verification: { state: 'not-attempted' }, clusterDomain: 'cluster.local' },
    ...{ now: '2026-01-01T00:10:00Z', nowMs },
    ...changes,
  });
}

const down: Partial<ReportInput> = {
  deployment: {
    ...{ generation: 4, observedGeneration: 4, replicas: 2, updatedReplicas: 1, readyReplicas: 0 },
    conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
  },
};

const crashing = (name: string, template?: string): PodState => ({
  metadata: { name, ...(template === undefined ? {} : { template }) },
  status: {
    containerStatuses: [
      { image: 'x', ready: false, restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    ],
  },
});

describe('whom to ask', () => {
  it('is nobody while nothing serves', () => {
    expect(reportOf(down).ask).toBeUndefined();
    expect(reportOf().ask).toEqual({ generation: 4, podSet: 'x' });
  });

  it('are others when the Deployment changes, and when that is rolled out, where nobody tells of pods', () => {
    const asks = [reportOf({ servingPods: [] }), reportOf({ servingPods: [], isApplied: false })].map(
      ({ ask }) => ask?.podSet,
    );
    expect(asks).not.toContain('');
    expect(new Set(asks).size).toBe(2);
  });
});

describe('why new pods do not come up', () => {
  const old = crashing('a-old', 'one');

  it.each<[string, Partial<ReportInput>, string | undefined]>([
    ['is told by the youngest template alone', { pods: [old, crashing('b', 'two')], newestTemplate: 'two' }, 'b'],
    ['is not told by pods that are replaced', { pods: [old], newestTemplate: 'two' }, undefined],
    ['is told by every pod where no template is known', { pods: [old, crashing('b', 'two')] }, 'a-old'],
    ['is told by a pod of nobody’s template', { pods: [crashing('c')], newestTemplate: 'two' }, 'c'],
  ])('%s', (_, changes, pod) => {
    expect(reportOf({ ...down, ...changes }).status.extensions?.podFailure?.pod).toBe(pod);
  });
});

it('says where a server does not listen half a minute after its start, before that is a failure', () => {
  const startedAt = '2026-01-01T00:09:38Z';
  const at = (second: number): Report => {
    const now = `2026-01-01T00:09:${second}Z`;
    const running = { image: 'x', ready: false, restartCount: 0, state: { running: { startedAt } } };
    const pods = [{ metadata: { name: 'a' }, status: { containerStatuses: [running] } }];
    return reportOf({
      ...down,
      server: applyDefaults(anMCPServer(withGeneration(4))),
      pods,
      now,
      nowMs: Date.parse(now),
    });
  };
  const availableAt = (second: number) => at(second).status.conditions?.find(({ type }) => type === 'Available');
  expect(at(40).lookAgainMs).toBe(18_000);
  expect(availableAt(40)?.message).toBe('Waiting for instances to become healthy');
  expect(availableAt(58)?.message).toContain('; nothing accepts connections on port 8080 (spec.config.port)');
  expect(at(58)).toMatchObject({ status: { phase: 'Pending' }, lookAgainMs: 40_000 });
  expect(at(58).status.conditions?.map(({ type }) => type)).not.toContain('Stalled');
});

it('says when to look again at a container that is not ready yet', () => {
  const startedAt = '2026-01-01T00:09:30Z';
  const pods: readonly PodState[] = [
    {
      metadata: { name: 'a' },
      status: { containerStatuses: [{ image: 'x', ready: false, restartCount: 0, state: { running: { startedAt } } }] },
    },
  ];
  expect(reportOf({ ...down, pods }).lookAgainMs).toBe(30_000);
  expect(reportOf(down)).not.toHaveProperty('lookAgainMs');
});
