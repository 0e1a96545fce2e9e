import { describe, expect, it } from '@jest/globals';
import { isNodeReady } from './checks.ts';

const start = new Date('2026-01-01T12:00:00.700Z');

function aNode(status: string, lastHeartbeatTime: string): string {
  return JSON.stringify({ status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime }] } });
}

describe('a node', () => {
  it.each([
    ['is ready when it says so after the start', 'True', '2026-01-01T12:00:01Z', true],
    ['is ready when it says so in the second of the start', 'True', '2026-01-01T12:00:00Z', true],
    ['is not ready when that was before the start', 'True', '2026-01-01T11:59:59Z', false],
    ['is not ready when it says so', 'False', '2026-01-01T12:00:01Z', false],
  ])('%s', (_name, status, heartbeat, expected) => {
    expect(isNodeReady(aNode(status, heartbeat), start)).toBe(expected);
  });

  it('is not ready before it has conditions', () => {
    expect(isNodeReady('{"status":{}}', start)).toBe(false);
  });
});
