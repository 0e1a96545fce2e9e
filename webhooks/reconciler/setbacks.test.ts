import { describe, expect, it } from '@jest/globals';

import { isTold, Setbacks, STATUS } from './setbacks.ts';

const error = { status: 503, reason: 'ServiceUnavailable', message: 'later', retry: true };
const note = (setbacks: Setbacks, what: string, key: string, times: number): void => {
  for (let time = 0; time < times; time += 1) setbacks.note(what, key, { error, nowMs: time });
};
const isToldOf = (setbacks: Setbacks, what: string, key: string): boolean => {
  const setback = setbacks.of(what, key);
  return setback !== undefined && isTold(what, setback);
};

describe('a write that fails again and again', () => {
  it('says nothing about another object of the same kind, nor about another server', () => {
    const setbacks = new Setbacks();
    note(setbacks, 'PodMonitor/a', 'MCPServer/mcp/a', 5);
    note(setbacks, 'PodMonitor/a-more', 'MCPServer/mcp/a', 1);
    note(setbacks, 'PodMonitor/b', 'MCPServer/mcp/b', 1);
    expect(isToldOf(setbacks, 'PodMonitor/a', 'MCPServer/mcp/a')).toBe(true);
    expect(isToldOf(setbacks, 'PodMonitor/a-more', 'MCPServer/mcp/a')).toBe(false);
    expect(isToldOf(setbacks, 'PodMonitor/b', 'MCPServer/mcp/b')).toBe(false);
  });

  it('is counted once for each server, by kind', () => {
    const setbacks = new Setbacks();
    note(setbacks, 'PodMonitor/a', 'MCPServer/mcp/a', 5);
    note(setbacks, 'PodMonitor/a-more', 'MCPServer/mcp/a', 5);
    note(setbacks, 'PodMonitor/b', 'MCPServer/mcp/b', 5);
    note(setbacks, STATUS, 'MCPServer/mcp/b', 3);
    expect(['PodMonitor', 'Service', STATUS].map((kind) => setbacks.told(kind))).toEqual([2, 0, 1]);
  });

  it('is over where it is not among those that are left; the status is no child', () => {
    const setbacks = new Setbacks();
    note(setbacks, 'Service/a', 'MCPServer/mcp/a', 5);
    note(setbacks, 'PodMonitor/a', 'MCPServer/mcp/a', 5);
    note(setbacks, STATUS, 'MCPServer/mcp/a', 3);
    setbacks.keepChildren('MCPServer/mcp/a', new Set(['PodMonitor/a']));
    expect(['Service', 'PodMonitor', STATUS].map((kind) => setbacks.told(kind))).toEqual([0, 1, 1]);
    setbacks.forget('MCPServer/mcp/a');
    expect(['PodMonitor', STATUS].map((kind) => setbacks.told(kind))).toEqual([0, 0]);
  });
});
