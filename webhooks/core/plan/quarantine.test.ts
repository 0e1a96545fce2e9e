import { describe, expect, it } from '@jest/globals';
import type { MCPServerStatus } from '../mcpserver/types.gen.ts';
import { quarantinedStatus } from './quarantine.ts';

const running: MCPServerStatus = {
  phase: 'Running',
  deploymentName: 'search',
  conditions: [
    { type: 'Ready', status: 'True', reason: 'Available', message: 'fine', lastTransitionTime: '2026-01-01T00:00:00Z' },
    { type: 'Verified', status: 'True', reason: 'Verified', message: 'ok', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
};

const now = '2026-02-02T00:00:00Z';
const input = { previous: running, generation: 2, error: 'it broke', now };

describe('the status of a server that our code fails on', () => {
  it('says that nothing is known, and keeps what runs', () => {
    const status = quarantinedStatus(input);
    expect(status).toMatchObject({ phase: 'Failed', deploymentName: 'search' });
    expect(status.conditions?.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)).toEqual([
      'Ready=Unknown/ReconcileError',
      'Accepted=Unknown/ReconcileError',
      'Verified=True/Verified',
    ]);
    expect(status.conditions?.[0]).toMatchObject({ observedGeneration: 2, lastTransitionTime: now });
    expect(status.conditions?.[0]?.message).toContain('it broke');
  });

  it('is the same object when it is said already', () => {
    const said = quarantinedStatus(input);
    expect(quarantinedStatus({ ...input, previous: said, now: '2026-03-03T00:00:00Z' })).toBe(said);
  });

  it('keeps the time of the transition when only the error changes', () => {
    const said = quarantinedStatus(input);
    const next = quarantinedStatus({ ...input, previous: said, error: 'another', now: '2026-03-03T00:00:00Z' });
    expect(next.conditions?.[0]).toMatchObject({ lastTransitionTime: now });
  });

  it('exists also for a server that never had one', () => {
    expect(quarantinedStatus({ ...input, previous: undefined }).conditions).toHaveLength(2);
  });
});
