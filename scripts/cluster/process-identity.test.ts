import { describe, expect, it } from '@jest/globals';
import { isAlive, readProcessIdentity } from './process-identity.ts';

// The tests that follow read /proc.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a process identity', () => {
  const own = readProcessIdentity(process.pid) ?? { pid: 0, startedAtTick: '', bootId: '' };

  it('is alive while the process is', () => {
    expect(isAlive(own)).toBe(true);
  });

  it('is not that of a later process with the same pid', () => {
    expect(isAlive({ ...own, startedAtTick: '1' })).toBe(false);
  });

  it('ends with the boot', () => {
    expect(isAlive({ ...own, bootId: 'another' })).toBe(false);
  });

  it('does not exist for a pid that nobody has', () => {
    expect(readProcessIdentity(2 ** 22 + 1)).toBeUndefined();
  });
});
