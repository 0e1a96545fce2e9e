import { describe, expect, it } from '@jest/globals';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import { reducedStatus, takesExtensions } from './reduced-status.ts';

const refusal = (...paths: readonly string[]): string =>
  'failed to create typed patch object (mcp/search; mcp.x-k8s.io/v1beta1, Kind=MCPServer): errors: ' +
  paths.map((path) => `${path}: field not declared in schema`).join(' ');

describe('what is left of a status under an older CRD', () => {
  const condition = {
    type: 'Accepted',
    status: 'True',
    reason: 'Valid',
    message: 'm',
    lastTransitionTime: 't',
  } as const;
  const status: MCPServerStatus = {
    ...{ observedGeneration: 2, phase: 'Running' as const, conditions: [condition] },
    extensions: { policy: { revision: 3, generation: 2, pods: 'd' } },
  };

  it('has its conditions, and nothing that is not in its schema (it was refused again, and none was written)', () => {
    const left = reducedStatus(status, refusal('.status.extensions.policy.revision', '.status.extensions.policy.pods'));
    expect(left).toEqual({ observedGeneration: 2, phase: 'Running', conditions: [condition] });
    expect(reducedStatus(status, refusal('.status.phase', '.status.extensions'))).toEqual({
      ...{ observedGeneration: 2, conditions: [condition] },
    });
  });

  it('has the rollout that is under way, without the words of others: it would begin again and again', () => {
    const target = { template: 'D', since: '2026-01-01T00:00:00Z' };
    const failed = [{ template: 'C', reason: 'CandidateNotReady', message: 'theirs', at: target.since }];
    const rollout = { phase: 'Blocked' as const, target, reason: 'QuotaExceeded', message: 'theirs', failed };
    const { extensions } = reducedStatus({ ...status, extensions: { ...status.extensions, rollout } }, 'denied');
    expect(extensions?.rollout).toEqual({
      ...{ phase: 'Blocked', target, reason: 'QuotaExceeded' },
      failed: [{ ...failed[0], message: '' }],
    });
    expect([refusal('.status.extensions.rollout'), 'denied'].map(takesExtensions)).toEqual([false, true]);
  });

  it.each([
    ['says what follows for rollouts where their state cannot be kept', refusal('.status.extensions.rollout'), true],
    ['says nothing of rollouts where it can', 'denied', false],
  ])('%s', (_, why, isSaid) => {
    const ready = { ...condition, type: 'Ready' } as const;
    const [said] = reducedStatus({ ...status, conditions: [ready] }, why).conditions ?? [];
    const follows = 'can be written, so new versions replace what serves at once, also one that was rejected before: ';
    expect(said?.message.includes(follows)).toBe(isSaid);
    expect(said?.message).toContain(why);
  });

  it('has what is remembered, where that is not what the schema misses', () => {
    expect(reducedStatus(status, refusal('.status.serverInfo.title'))).toEqual(status);
    expect(reducedStatus(status, 'denied the request: .status.extensions is too long')).toEqual(status);
  });
});
